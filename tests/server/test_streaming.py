"""Long answers: they stream, whole, at the reader's pace, and hold up nobody (P-2.4, P-4.14)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.server.running import RunningServer
from tests.server.wire_client import BAD_REQUEST, LIST, OK, WirePeer, add, answer, lookup, until

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

MEBIBYTE = 1 << 20
# Ten thousand records with it are 5 MiB: more than two kernels take for a reader that does not read.
LONG_TITLE = " ".join(["long"] * 100)


def register(peer: WirePeer, numbers: range, *, port: int = 5) -> None:
    """ADD many documents, a hundred at a time."""
    for first in range(numbers.start, numbers.stop, 100):
        batch = range(first, min(first + 100, numbers.stop))
        peer.says(b"".join(add(number, LONG_TITLE, port=port) for number in batch))
        peer.hears(b"".join(answer(f"{number} {LONG_TITLE} h {port}") for number in batch))


def records_of(heard: bytes) -> Counter[tuple[int, int]]:
    """Count the records of a 200, as number and port."""
    assert heard.startswith(OK)
    assert heard.endswith(b"\r\n\r\n")
    words = [line.split() for line in heard[len(OK) : -2].splitlines()]
    return Counter((int(line[1]), int(line[-1])) for line in words)


def test_list_shows_what_lived_throughout_once_while_peers_come_and_go(server: RunningServer) -> None:
    """P-4.13, P-4.14: 200 peers with 100 records each."""
    peers = [server.peer() for _ in range(200)]
    for port, peer in enumerate(peers, start=1):
        register(peer, range(1, 101), port=port)
    reader, asker = server.peer(receive_buffer=8192), server.peer()
    reader.says(LIST)
    until(lambda: not server.connection_of(reader).can_write)
    for port in range(2, 201, 2):  # while it is under way, every second peer leaves
        peers[port - 1].leaves()
        asker.asks(lookup(100), holders_without(port))
    asker.asks(add(101, "new", port=999), answer("101 new h 999"))
    found = records_of(reader.hears_answer())
    assert max(found.values()) == 1
    assert {(number, port) for number in range(1, 101) for port in range(1, 201, 2)} <= set(found)
    assert 100 * 100 < len(found) < 100 * 200
    asker.says(LIST)
    assert len(records_of(asker.hears_answer())) == 100 * 100 + 1


def holders_without(port_left: int) -> bytes:
    """Give LOOKUP's answer for RFC 100 when the even ports up to this one have left."""
    ports = [port for port in range(200, 0, -1) if port % 2 or port > port_left]
    return answer(*(f"100 {LONG_TITLE} h {port}" for port in ports))


def test_answer_waits_for_its_reader_within_bounds(server: RunningServer) -> None:
    """No more than a few batches of a LIST are in memory at any time, and none of it is lost."""
    peer, reader = server.peer(), server.peer(receive_buffer=8192)
    register(peer, range(1, 20001))
    reader.says(LIST)
    connection = server.connection_of(reader)
    until(lambda: not connection.can_write)
    assert server.ask(connection.transport.get_write_buffer_size) < MEBIBYTE // 2
    peer.asks(lookup(7), answer(f"7 {LONG_TITLE} h 5"))
    assert len(records_of(reader.hears_answer())) == 20000


def test_requests_behind_a_long_answer_wait_for_it(server: RunningServer) -> None:
    """P-1.23: in order, also behind an answer that streams."""
    peer, reader = server.peer(), server.peer(receive_buffer=8192)
    register(peer, range(1, 10001))
    reader.says(LIST + lookup(20000) + LIST + lookup(7))
    assert len(records_of(reader.hears_answer())) == 10000
    reader.hears(b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n")
    assert len(records_of(reader.hears_answer())) == 10000
    reader.hears(answer(f"7 {LONG_TITLE} h 5"))


def test_half_close_behind_a_long_answer_lets_it_finish(server: RunningServer) -> None:
    """P-1.24: answered in full, then closed."""
    peer, reader = server.peer(), server.peer(receive_buffer=8192)
    register(peer, range(1, 10001))
    reader.says(LIST + lookup(7)[:-2])
    reader.half_closes()
    assert len(records_of(reader.hears_answer())) == 10000
    reader.hears(answer(f"7 {LONG_TITLE} h 5"))
    reader.hears_the_end()


def test_half_close_while_the_last_answer_waits_ends_in_order(server: RunningServer) -> None:
    """P-1.24: all is answered already, and only the close is left when the last byte goes out."""
    register(server.peer(), range(1, 101))
    reader = server.peer(receive_buffer=8192)
    connection = server.connection_of(reader)
    server.ask(lambda: connection.transport.set_write_buffer_limits(high=0))  # go on when all is out
    asked = 0
    while server.ask(lambda: connection.can_write):
        reader.says(LIST)
        asked += 1
        until(lambda: server.has_taken_all(connection))
    reader.half_closes()
    until(lambda: connection._other_side_ended)
    for _ in range(asked):
        assert len(records_of(reader.hears_answer())) == 100
    reader.hears_the_end()


def test_answers_arrive_whole_before_a_close_with_bytes_in_flight(server: RunningServer) -> None:
    """P-1.46: what the refused sender goes on sending must not destroy what it was answered."""
    peer, reader = server.peer(), server.peer(receive_buffer=8192)
    register(peer, range(1, 10001))
    reader.says(LIST + b"GET / HTTP/1.1\r\n\r\n" + b"x" * 1000)
    assert len(records_of(reader.hears_answer(meanwhile=lambda: reader.says(b"x")))) == 10000
    reader.hears(BAD_REQUEST)
    reader.hears_the_end()


@pytest.mark.parametrize("holders", [100, 200])
def test_lookup_of_many_holders_comes_whole(server: RunningServer, holders: int) -> None:
    """Below and above 64 KiB of record lines, where it begins to stream."""
    peers = [server.peer() for _ in range(holders)]
    for port, peer in enumerate(peers, start=1):
        peer.asks(add(7, LONG_TITLE, port=port), answer(f"7 {LONG_TITLE} h {port}"))
    expected = answer(*(f"7 {LONG_TITLE} h {port}" for port in range(holders, 0, -1)))
    assert (len(expected) > 64 * 1024) is (holders == 200)
    peers[0].asks(lookup(7), expected)
    peers[1].asks(lookup(7) + LIST, expected + expected)


def test_lookups_shrink_as_holders_leave_and_stay_whole(server: RunningServer) -> None:
    peers = [server.peer() for _ in range(100)]
    for port, peer in enumerate(peers, start=1):
        peer.asks(add(7, LONG_TITLE, port=port), answer(f"7 {LONG_TITLE} h {port}"))
    reader = server.peer(receive_buffer=8192)
    reader.says(lookup(7) * 200)  # 10 MiB of answers
    until(lambda: not server.connection_of(reader).can_write)
    for peer in peers[1:]:
        peer.leaves()
    sizes = [len(records_of(reader.hears_answer())) for _ in range(200)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (100, 1)
