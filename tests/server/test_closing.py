"""Deadlines of a head, and how a connection is closed (P-1.27, P-1.28, P-1.46)."""

from __future__ import annotations

import time
from itertools import cycle

from tests.server.conftest import Serve
from tests.server.running import RunningServer
from tests.server.wire_client import (
    BAD_REQUEST,
    LIST,
    NOTHING,
    ROOM_SECONDS,
    WirePeer,
    add,
    answer,
    lookup,
    until,
)

HEAD_SECONDS = 0.2


def drip_until_cut(peer: WirePeer) -> float:
    """Send a head of endless headers byte by byte until an answer comes; say how long that took."""
    start = time.monotonic()
    for byte in cycle(b"X: y\r\n"):
        peer.says(bytes([byte]))
        if not peer.hears_nothing(seconds=0.01):
            break
        assert time.monotonic() < start + ROOM_SECONDS
    return time.monotonic() - start


def test_head_that_drips_is_cut(serve: Serve) -> None:
    """P-1.27: 400 and close, however busily it drips."""
    server = serve(head_seconds=HEAD_SECONDS)
    peer = server.peer()
    peer.says(b"LIST ALL P2P-CI/1.0\r\n")
    assert drip_until_cut(peer) >= HEAD_SECONDS * 0.9
    peer.hears(BAD_REQUEST)
    peer.hears_the_end()


def test_request_line_that_drips_is_cut(serve: Serve) -> None:
    server = serve(head_seconds=HEAD_SECONDS)
    peer = server.peer()
    peer.says(b"L")
    peer.hears(BAD_REQUEST)
    peer.hears_the_end()


def test_head_behind_an_answered_one_has_a_clock_of_its_own(serve: Serve) -> None:
    server = serve(head_seconds=HEAD_SECONDS)
    peer = server.peer()
    peer.says(LIST + b"LI")
    peer.hears(NOTHING + BAD_REQUEST)
    peer.hears_the_end()


def test_peers_that_wait_are_not_cut(serve: Serve) -> None:
    """P-1.28: neither before the first request, nor after one, nor after blank lines."""
    server = serve(head_seconds=HEAD_SECONDS)
    new, idle, blank, half_blank = (server.peer() for _ in range(4))
    idle.asks(LIST, NOTHING)
    blank.says(b"\r\n\n\r\n")
    half_blank.says(b"\r\n\r")
    for _ in range(2):  # meanwhile
        dripping = server.peer()
        dripping.says(b"L")
        dripping.hears(BAD_REQUEST)
    half_blank.says(b"\n")
    for peer in (new, idle, blank, half_blank):
        peer.asks(LIST, NOTHING)


def test_clock_stops_at_the_end_of_the_head(serve: Serve) -> None:
    server = serve(head_seconds=HEAD_SECONDS)
    peer, dripping = server.peer(), server.peer()
    peer.says(LIST[:20])
    peer.says(LIST[20:])
    peer.hears(NOTHING)
    dripping.says(b"L")
    dripping.hears(BAD_REQUEST)
    peer.asks(LIST, NOTHING)


def test_whole_head_is_not_late_while_its_answer_waits_for_the_reader(serve: Serve) -> None:
    """P-1.27: the clock is for heads that are not complete, not for readers that are slow."""
    server = serve(head_seconds=HEAD_SECONDS, stall_seconds=60)
    holder, slow, dripping = server.peer(), server.peer(receive_buffer=8192), server.peer()
    title = "long " * 90 + "title"
    numbers = range(1, 81)
    for number in numbers:
        holder.asks(add(number, title), answer(f"{number} {title} h 5"))
    expected = answer(*(f"{number} {title} h 5" for number in numbers))  # some 37 KiB
    connection = server.connection_of(slow)
    slow.says(LIST[:1])
    asked = 0
    while server.ask(lambda: connection.can_write):  # each request ends with the beginning of the next one
        slow.says(LIST[1:] + LIST[:1])
        asked += 1
        until(
            lambda: server.ask(lambda: connection.reader._buffer[connection.reader._position :]) == LIST[:1]
        )
    slow.says(LIST[1:])
    dripping.says(b"L")
    dripping.hears(BAD_REQUEST)  # by now a head that began before would be late
    for _ in range(asked + 1):
        slow.hears(expected)
    slow.asks(lookup(1), answer(f"1 {title} h 5"))


def test_refusal_arrives_though_bytes_are_in_flight(server: RunningServer) -> None:
    """P-1.46: a RST would destroy it; nobody reads before all is sent."""
    for _ in range(20):
        peer = server.peer()
        peer.says(b"GET / HTTP/1.1\r\n\r\n", *[b"x" * 100] * 20)
        peer.hears(BAD_REQUEST)
        peer.hears_the_end()
        peer.says(b"x")  # also after the server has said its last word
        peer.half_closes()
    until(lambda: server.connections == [])


def test_refused_sender_is_read_for_some_bytes_and_no_more(serve: Serve) -> None:
    server = serve(linger_bytes=10_000, linger_seconds=60)
    peer = server.peer()
    peer.asks(b"QUIT\r\n\r\n", BAD_REQUEST)
    peer.says(b"x" * 10_000)
    peer.hears_the_end()
    assert len(server.connections) == 1
    peer.says(b"x")
    until(lambda: server.connections == [])
    until(peer.is_cut)


def test_refused_sender_is_read_for_some_time_and_no_longer(serve: Serve) -> None:
    server = serve(linger_seconds=0.2)
    peer = server.peer()
    start = time.monotonic()
    peer.asks(b"QUIT\r\n\r\n", BAD_REQUEST)
    peer.hears_the_end()
    until(lambda: server.connections == [])
    assert time.monotonic() - start >= 0.18
    until(peer.is_cut)


def test_refused_sender_that_closes_is_let_go_at_once(serve: Serve) -> None:
    server = serve(linger_seconds=60)
    peer = server.peer()
    peer.asks(b"QUIT\r\n\r\n", BAD_REQUEST)
    peer.half_closes()
    until(lambda: server.connections == [])


def test_member_that_is_refused_leaves_with_its_connection(serve: Serve) -> None:
    """P-4.2: the connection ends when it is closed, not when the close begins."""
    server = serve(linger_seconds=60)
    peer, asker = server.peer(), server.peer()
    peer.asks(add(7) + b"QUIT\r\n\r\n", answer("7 Seven h 5") + BAD_REQUEST)
    peer.hears_the_end()
    asker.asks(LIST, answer("7 Seven h 5"))
    peer.half_closes()
    until(lambda: server.ask(lambda: server.server.index.member_count) == 0)
    asker.asks(LIST, NOTHING)


def test_answers_are_finished_though_too_much_comes_behind_the_last_request(serve: Serve) -> None:
    """P-1.46: first the writing is finished, then the close."""
    server = serve(linger_bytes=1000, linger_seconds=60)
    holder, slow = server.peer(), server.peer(receive_buffer=8192)
    holder.says(b"".join(add(number, "x" * 500) for number in range(1, 101)))
    expected = answer(*(f"{number} {'x' * 500} h 5" for number in range(1, 101)))
    holder.hears(b"".join(answer(f"{number} {'x' * 500} h 5") for number in range(1, 101)))
    connection = server.connection_of(slow)
    asked = 0
    while not server.ask(connection.transport.get_write_buffer_size):
        slow.says(LIST)
        asked += 1
        until(lambda: server.has_taken_all(connection))
    slow.says(b"QUIT\r\n\r\n")
    until(lambda: connection.is_finishing)
    slow.says(b"x" * 2000)
    until(lambda: server.ask(lambda: connection._lingered > 1000))
    for _ in range(asked):
        slow.hears(expected)
    slow.hears(BAD_REQUEST)
