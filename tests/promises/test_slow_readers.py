"""Row 15: readers of a byte a second, and downloads that are broken off, hold up nobody and leave nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served, until
from tests.promises.watching import descriptors, threads
from tests.server.wire_client import WirePeer
from tests.upload.caller import BIG_BYTES, get

pytestmark = pytest.mark.slow  # many processes

SLOW = 40
ABORTED = 500
# The main one, the four of libuv, and the workers that asyncio keeps for what blocks.
MOST_THREADS = 5 + min(32, (os.cpu_count() or 1) + 4)


@pytest.fixture
def holder(start: Start, tmp_path: Path, on: tuple[str, ...]) -> Served:
    with (tmp_path / "rfc7.txt").open("wb") as file:
        file.truncate(BIG_BYTES)
    (tmp_path / "rfc8.txt").write_bytes(b"eight\n" * 10_000)
    os.utime(tmp_path / "rfc8.txt", (1e9, 1e9))
    return start("holder", str(tmp_path), on=on)


def test_slow_readers_hold_up_nobody(holder: Served) -> None:
    slow = [holder.peer(receive_buffer=4096) for _ in range(SLOW)]
    for peer in slow:
        peer.says(get(7))
        peer.hears_some(1)
    begun = time.monotonic()
    while time.monotonic() - begun < 2:
        for peer in slow:
            peer.hears_some(1)
        _is_served_well(holder)
        assert holder.peer().hears_nothing(seconds=0.2)


def test_aborted_downloads_leave_nothing(holder: Served) -> None:
    slow = [holder.peer(receive_buffer=4096) for _ in range(SLOW)]
    for peer in slow:
        peer.says(get(7))
    for peer in slow:
        peer.hears_some(1)
        peer.close()
    until(lambda: _is_served_well(holder) and descriptors(holder.pid) < SLOW)
    before = descriptors(holder.pid)
    print(f"{before} descriptors, {threads(holder.pid)} threads")
    for number in range(ABORTED):
        _break_off(holder.peer(receive_buffer=4096), number=number)
        if number % 20 == 0:
            _is_served_well(holder)
    until(lambda: descriptors(holder.pid) <= before)
    assert threads(holder.pid) <= MOST_THREADS


def test_who_reads_slowly_but_reads_is_not_cut(start: Start, tmp_path: Path, on: tuple[str, ...]) -> None:
    """The kernel takes no more of an answer before half of what it holds is out, which may take long."""
    with (tmp_path / "rfc7.txt").open("wb") as file:
        file.truncate(BIG_BYTES)
    holder = start("holder", str(tmp_path), "stall_seconds=1", on=on)
    slow, stopped = [holder.peer(receive_buffer=4096) for _ in range(2)]
    for peer in (slow, stopped):
        peer.says(get(7))
        peer.hears_some(1)
    begun = time.monotonic()
    while time.monotonic() - begun < 6:
        slow.hears_some(3000)
        assert not slow.is_cut()
        until(lambda: holder.peer().hears_nothing(seconds=0.25))
    until(stopped.is_cut)


def _break_off(peer: WirePeer, *, number: int) -> None:
    peer.says(get(7 if number % 3 else 8))
    if number % 2:
        peer.hears_some(1000)
    if number % 5:
        peer.resets()
    else:
        peer.close()


def _is_served_well(holder: Served) -> bool:
    begun = time.monotonic()
    assert holder.says_all(get(8)).endswith(b"\r\n\r\n" + b"eight\n" * 10_000)
    holder.note_answer(time.monotonic() - begun)
    return True
