"""Peers that take too much: those that do not read, and those that are too many (P-4.15)."""

from __future__ import annotations

import time
from contextlib import suppress

from p2pci.serving import ServedConnection
from tests.server.conftest import Serve
from tests.server.running import RunningServer
from tests.server.wire_client import BAD_REQUEST, LIST, NOTHING, WirePeer, add, answer, until

MEBIBYTE = 1 << 20
TITLE = "x" * 500


def fill(server: RunningServer, count: int) -> WirePeer:
    """Register documents, 530 bytes of answer each."""
    peer = server.peer()
    for first in range(1, count + 1, 100):
        numbers = range(first, first + 100)
        peer.says(b"".join(add(number, TITLE) for number in numbers))
        peer.hears(b"".join(answer(f"{number} {TITLE} h 5") for number in numbers))
    return peer


def bytes_held(connection: ServedConnection) -> int:
    """Count what the server keeps for a connection: unread requests and unsent answers."""
    return len(connection.reader._buffer) + connection.transport.get_write_buffer_size()


def test_peer_that_never_reads_is_held_within_bounds_and_ended(serve: Serve) -> None:
    """It asks for LIST after LIST: its requests stay in its own kernel, and after a while it is cut."""
    server = serve(stall_seconds=0.5)
    other = fill(server, 1000)
    greedy = server.peer(receive_buffer=8192)
    connection = server.connection_of(greedy)
    greedy.socket.settimeout(0.05)
    most_held = sent = 0
    with suppress(ConnectionError):
        while True:
            with suppress(TimeoutError):
                sent += greedy.socket.send(LIST * 1000)
            most_held = max(most_held, server.ask(lambda: bytes_held(connection)))
            assert sent < 64 * MEBIBYTE
    assert most_held < MEBIBYTE
    until(lambda: len(server.connections) == 1)
    other.asks(add(7, TITLE), answer(f"7 {TITLE} h 5"))


def test_peer_that_reads_slowly_is_not_ended(serve: Serve) -> None:
    """A stall is not one byte in all the time; kernels would hand on megabytes at once."""
    server = serve(stall_seconds=0.5)
    fill(server, 10_000)
    slow = server.peer(receive_buffer=8192)
    slow.says(LIST)
    start = time.monotonic()
    while (seconds := time.monotonic() - start) < 1.5:
        if slow.unread_size < 400_000 * seconds:
            slow.hears_some(4000)
    assert len(slow.hears_answer().splitlines()) == 10_000 + 3


def test_peer_that_half_closes_and_never_reads_is_ended(serve: Serve) -> None:
    """Also when what is left to send is too little to stop the writing."""
    server = serve(stall_seconds=0.3)
    fill(server, 100)
    greedy = server.peer(receive_buffer=8192)
    connection = server.connection_of(greedy)
    while not server.ask(connection.transport.get_write_buffer_size):
        greedy.says(LIST)
        until(lambda: server.has_taken_all(connection))
    assert connection.can_write
    greedy.half_closes()
    until(lambda: len(server.connections) == 1)


def test_refused_peer_that_never_reads_is_ended(serve: Serve) -> None:
    server = serve(stall_seconds=0.3, linger_seconds=0.1)
    fill(server, 10_000)
    greedy = server.peer(receive_buffer=8192)
    greedy.says(LIST + b"QUIT\r\n\r\n")
    until(lambda: len(server.connections) == 2)
    until(lambda: len(server.connections) == 1)


def test_refused_peer_that_stops_reading_its_last_bytes_is_ended(serve: Serve) -> None:
    """The event loop says that writing may go on when little is left; that is not the end of it."""
    server = serve(stall_seconds=0.3, linger_seconds=0.1)
    fill(server, 100)
    greedy = server.peer(receive_buffer=8192)
    connection = server.connection_of(greedy)
    while not server.ask(connection.transport.get_write_buffer_size):
        greedy.says(LIST)
        until(lambda: server.has_taken_all(connection))
    greedy.says(b"QUIT\r\n\r\n")
    until(lambda: connection.is_finishing)
    server.ask(connection.resume_writing)
    until(lambda: len(server.connections) == 1)


def test_newcomer_to_a_full_house_is_refused_and_the_others_stay(serve: Serve) -> None:
    """P-4.15."""
    server = serve(max_connections=2)
    first, second = server.peer(), server.peer()
    first.asks(add(7), answer("7 Seven h 5"))
    second.asks(LIST, answer("7 Seven h 5"))
    newcomer = server.peer()
    newcomer.says(LIST)
    newcomer.hears(BAD_REQUEST)
    newcomer.hears_the_end()
    newcomer.close()
    first.asks(LIST, answer("7 Seven h 5"))
    second.asks(LIST, answer("7 Seven h 5"))
    first.leaves()
    until(lambda: len(server.connections) == 1)
    server.peer().asks(LIST, NOTHING)


def test_refused_newcomers_take_nobodys_place(serve: Serve) -> None:
    """P-4.15: not even while they take their time to go."""
    server = serve(max_connections=2, linger_seconds=60)
    first, second = server.peer(), server.peer()
    first.asks(LIST, NOTHING)
    second.asks(LIST, NOTHING)
    for _ in range(5):
        server.peer().hears(BAD_REQUEST)
    first.leaves()
    server.peer().asks(LIST, NOTHING)
    server.peer().hears(BAD_REQUEST)
