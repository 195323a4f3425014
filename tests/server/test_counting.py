"""What is counted: the same, whether requests take a short cut or the long way."""

from __future__ import annotations

import pytest

from p2pci.server import IndexServer
from p2pci.server.counting import TIMED_ONE_IN
from tests.server.running import RunningServer
from tests.server.wire_client import LIST, NOTHING, OK, VERSION_NOT_SUPPORTED, add, lookup

FOUND = OK + b"RFC 7 Seven h 5\r\n\r\n"
PROPOSAL = LIST[:-2] + b"Features: remove\r\n\r\n"


def answered(server: RunningServer) -> dict[tuple[str, str], int]:
    return server.ask(server.server.counts.answered)


def test_every_request_is_counted_by_method_and_answer(server: RunningServer) -> None:
    peer = server.peer()
    peer.says(add(1) + add(2) + add(3) + lookup(1) + lookup(2) + lookup(9) + PROPOSAL)
    peer.says(b"REMOVE RFC 1 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n" + LIST.replace(b"1.0", b"2.0"))
    peer.says(b"ADD RFC x P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\nGET RFC 1 P2P-CI/1.0\r\nHost: h\r\n\r\n")
    peer.says(b"no request\r\n\r\n")
    peer.half_closes()
    while peer.socket.recv(1 << 16):
        pass
    assert answered(server) == {
        ("ADD", "200"): 3,
        ("ADD", "400"): 1,
        ("LIST", "200"): 1,
        ("LIST", "505"): 1,
        ("LOOKUP", "200"): 2,
        ("LOOKUP", "404"): 1,
        ("REMOVE", "200"): 1,
        ("other", "400"): 2,
    }


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_bytes_are_counted_however_they_come(server: RunningServer, size: int) -> None:
    peer = server.peer()
    said = add(1) + add(2) + lookup(1) * 40 + LIST
    heard = 0
    for start in range(0, len(said), size):
        peer.says(said[start : start + size])
    peer.half_closes()
    while data := peer.socket.recv(1 << 16):
        heard += len(data)
    counts = server.server.counts
    assert (counts.received, counts.sent) == (len(said), heard)
    assert answered(server) == {("ADD", "200"): 2, ("LIST", "200"): 1, ("LOOKUP", "200"): 40}


def test_lookups_one_after_the_other_are_counted_and_some_timed(server: RunningServer) -> None:
    peer = server.peer()
    peer.asks(add(7), FOUND)
    peer.asks(lookup(7), FOUND)
    before = server.ask(lambda: sum(server.server.counts.durations))
    for _ in range(1000):
        peer.asks(lookup(7), FOUND)
    counts = server.server.counts
    timed = server.ask(lambda: sum(counts.durations)) - before
    assert timed % TIMED_ONE_IN == 0
    assert 500 < timed < 2000
    assert counts.lookups == 1000
    assert counts.nanoseconds > 0


def test_words_of_others_are_no_names(server: RunningServer) -> None:
    """Else their number would have no end."""
    peer = server.peer()
    for number in range(3):
        peer.says(f"WORD{number} ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n".encode())
    peer.says(LIST.replace(b"LIST", b"LISTS") + LIST.replace(b"2.0", b"1.0"))
    peer.half_closes()
    while peer.socket.recv(1 << 16):
        pass
    assert answered(server) == {("LIST", "200"): 1, ("other", "400"): 4}


def test_new_server_has_counted_nothing() -> None:
    server = IndexServer()
    assert server.counts.answered() == {}
    assert (server.connection_count, dict(server.admissions)) == (0, {})


def test_answer_of_another_version_counts_as_sent(server: RunningServer) -> None:
    server.peer().asks(LIST.replace(b"1.0", b"1.1"), VERSION_NOT_SUPPORTED)
    server.peer().asks(LIST, NOTHING)
    assert server.ask(lambda: server.server.counts.sent) == len(VERSION_NOT_SUPPORTED + NOTHING)
