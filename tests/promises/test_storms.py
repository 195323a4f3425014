"""Row 8: peers that come and go in every way hold up nobody, and LIST is the live records and no others."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.cli.process import LOOPBACK
from tests.promises.running import Served, codes_of, until
from tests.server.wire_client import LIST, WirePeer, add

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

PEERS = 200
SHELF = range(1, 21)


@pytest.fixture
def good(index: Served) -> WirePeer:
    """A client that stays throughout."""
    good = index.peer()
    good.says(add(1, "Stays", host="good", port=1))
    good.hears_answer()
    return good


@pytest.mark.parametrize("ends_with_rst", [False, True], ids=["in order", "with a RST"])
def test_five_thousand_connects_and_closes(index: Served, good: WirePeer, *, ends_with_rst: bool) -> None:
    for number in range(5_000):
        connection = socket.create_connection((LOOPBACK, index.port))
        if ends_with_rst:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        if number % 50 == 0:
            index.is_good_to(good)
    assert index.records() == ["1 Stays good 1"]


def test_resets_in_mid_request_and_with_an_answer_on_its_way(index: Served, good: WirePeer) -> None:
    sender = index.peer()
    sender.says(b"".join(add(number, "T" * 500, host="sender") for number in range(1, 2_001)))
    for _ in range(2_000):
        sender.hears_answer()
    for number in range(200):
        peer = index.peer(receive_buffer=4096)
        if number % 2:
            peer.says(add(number + 1, host="resets", port=number + 1), LIST)
            peer.hears_some(100)
        else:
            peer.says(add(number + 1)[:30])
        peer.resets()
        index.is_good_to(good)
    until(lambda: len(index.records()) == 2_001)
    assert not [record for record in index.records() if " resets " in record]


def test_two_hundred_peers_that_come_back_are_listed_as_they_live(index: Served, good: WirePeer) -> None:
    old = [_join(index, port) for port in range(1, PEERS + 1)]
    for port, peer in enumerate(old, start=1):
        if port % 3 == 0:  # the new connection stands before the old one ends
            new = _join(index, port)
            _end(peer, port)
        else:
            _end(peer, port)
            new = _join(index, port)
        index.is_good_to(good)
        if port % 4 == 0:
            new.resets()
    live = [port for port in range(1, PEERS + 1) if port % 4]
    expected = sorted(["1 Stays good 1", *(f"{number} T h {port}" for port in live for number in SHELF)])
    until(lambda: len(index.records()) <= len(expected))
    assert sorted(index.records()) == expected


def _join(index: Served, port: int) -> WirePeer:
    peer = index.peer()
    peer.says(b"".join(add(number, "T", port=port) for number in SHELF))
    heard = b"".join(peer.hears_answer() for _ in SHELF)
    assert codes_of(heard) == [200] * len(SHELF)
    return peer


def _end(peer: WirePeer, port: int) -> None:
    if port % 2:
        peer.close()
    else:
        peer.resets()
