"""Row 9: a head that is not complete in time is cut; idle between requests costs nothing and is never cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served, read_to_the_end
from tests.promises.watching import MIB, memory_bytes
from tests.server.wire_client import BAD_REQUEST, WirePeer, add, answer

pytestmark = pytest.mark.slow  # many processes, or much waiting

SLOW = 200
HEAD_SECONDS = 2


def test_two_hundred_slow_heads_are_cut_and_the_idle_are_not(start: Start, on: tuple[str, ...]) -> None:
    index = start("index", f"head_seconds={HEAD_SECONDS}", on=on)
    _attack(index, seconds=HEAD_SECONDS)


@pytest.mark.slow
def test_two_hundred_slow_heads_are_cut_after_the_default_time(index: Served) -> None:
    _attack(index, seconds=30)


def test_trickle_of_get_is_cut(start: Start, tmp_path: Path) -> None:
    holder = start("holder", str(tmp_path), f"head_seconds={HEAD_SECONDS}")
    peers = [_begun(holder.peer()) for _ in range(SLOW)]
    _drip(peers, seconds=HEAD_SECONDS)
    assert {read_to_the_end(peer) for peer in peers} == {b"P2P-CI/1.0 400 Bad Request\r\n\r\n"}


def test_idle_between_requests_costs_little_and_is_never_cut(index: Served) -> None:
    before = memory_bytes(index.pid)
    idle = index.peers(500)
    good = index.peer()
    for peer in idle:
        peer.asks(add(7, port=1), answer("7 Seven h 1"))
        index.is_good_to(good)
    assert memory_bytes(index.pid) - before < 8 * MIB


def _attack(index: Served, *, seconds: float) -> None:
    idle, slow = index.peers(50), [_begun(index.peer()) for _ in range(SLOW)]
    for number, peer in enumerate(idle):
        if number % 2:
            peer.asks(add(7), answer("7 Seven h 5"))
    _drip(slow, seconds=seconds)
    for peer in slow:
        peer.hears(BAD_REQUEST)
        peer.hears_the_end()
    for peer in idle:
        index.is_good_to(peer)


def _begun(peer: WirePeer) -> WirePeer:
    """Begin a head at once: who has said nothing when its time is over gets no answer (P-1.29)."""
    peer.says(b"G")
    return peer


def _drip(peers: list[WirePeer], *, seconds: float) -> None:
    """Send a byte a round until the time for a head is over; each connection lives as long, and no longer."""
    for peer in peers:
        peer.socket.settimeout(seconds * 5)
    begun = time.monotonic()
    while peers[0].hears_nothing(seconds=seconds / 5):
        assert time.monotonic() - begun < seconds * 5
        for peer in peers:
            peer.says(b"x")
