"""Row 10: who asks and never reads gets a bounded piece, is read no further, and is ended after a stall."""

from __future__ import annotations

import contextlib

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served, until
from tests.server.wire_client import LIST, WirePeer, add, lookup

pytestmark = pytest.mark.slow  # many processes, or much waiting

RECORDS = 5_000
SIZE = 500  # of a title: LIST is 2.5 MB
STALL_SECONDS = 2
READERS = 20
FLOOD_BYTES = 32 * 1024 * 1024  # what is asked without reading; the buffers of both kernels hold less


def test_who_never_reads_is_ended_and_costs_little(start: Start, on: tuple[str, ...]) -> None:
    index = start("index", f"stall_seconds={STALL_SECONDS}", on=on)
    _attack(index, seconds=STALL_SECONDS)


@pytest.mark.slow
def test_who_never_reads_is_ended_after_the_default_time(index: Served) -> None:
    _attack(index, seconds=15)


def _attack(index: Served, *, seconds: float) -> None:
    """Ask without reading: LIST 50 times, and floods of short questions until no more is taken."""
    sender, good = index.peers(2)
    sender.says(b"".join(add(number, "T" * SIZE) for number in range(1, RECORDS + 1)))
    for _ in range(RECORDS):
        sender.hears_answer()
    index.at_first_bytes += index.grown_bytes
    listing = [index.peer(receive_buffer=4096) for _ in range(READERS)]
    for peer in listing:
        peer.says(LIST * 50)
        index.is_good_to(good)
    flooding = [index.peer(receive_buffer=4096) for _ in range(READERS)]
    for peer in flooding:
        assert _flood(peer) < FLOOD_BYTES
        index.is_good_to(good)
    print(f"{index.grown_bytes} bytes more")
    for peer in [*listing, *flooding]:
        until(peer.is_cut, seconds=seconds * 5)
        index.is_good_to(good)


def _flood(peer: WirePeer) -> int:
    """Ask until nothing is taken any more, and say how much was."""
    questions = lookup(7) * 500
    sent = 0
    peer.socket.settimeout(0.2)
    with contextlib.suppress(TimeoutError, ConnectionError):
        while sent < FLOOD_BYTES:
            sent += peer.socket.send(questions)
    peer.socket.settimeout(0)
    return sent
