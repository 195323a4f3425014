"""What an index server tells those who watch it, and in which order."""

from __future__ import annotations

from p2pci.events import Added, Connected, Event, Joined, Left, Received, Role, Sent, TurnedAway
from tests.server.conftest import Serve
from tests.server.wire_client import (
    BAD_REQUEST,
    LIST,
    NOT_FOUND,
    WirePeer,
    add,
    answer,
    lookup,
    until,
)


def received(peer: WirePeer, data: bytes) -> Received:
    return Received(Role.INDEX, peer.address, data)


def sent(peer: WirePeer, data: bytes) -> Sent:
    return Sent(Role.INDEX, peer.address, data)


def until_told(told: list[Event], expected: list[Event]) -> None:
    """Compare; the last answer may be heard before it is told."""
    until(lambda: len(told) >= len(expected))
    assert told == expected


def test_life_of_a_peer(serve: Serve) -> None:
    """Connected, the request, joined, added, the answer; at the end, left."""
    told: list[Event] = []
    server = serve(watch=told.append, trace=told.append)
    peer = server.peer()
    peer.asks(add(7), answer("7 Seven h 5"))
    peer.asks(add(8, "Eight"), answer("8 Eight h 5"))
    peer.asks(lookup(9), NOT_FOUND)
    peer.leaves()
    expected: list[Event] = [
        Connected(peer.address),
        received(peer, add(7)),
        Joined("h", 5),
        Added(7, "h"),
        sent(peer, answer("7 Seven h 5")),
        received(peer, add(8, "Eight")),
        Added(8, "h"),
        sent(peer, answer("8 Eight h 5")),
        received(peer, lookup(9)),
        sent(peer, NOT_FOUND),
        Left("h", 5, 2),
    ]
    until_told(told, expected)


def test_watch_is_told_of_comings_and_goings_alone(serve: Serve) -> None:
    told: list[Event] = []
    server = serve(watch=told.append)
    peer = server.peer()
    peer.asks(add(7) + LIST, answer("7 Seven h 5") * 2)
    peer.leaves()
    assert told == [Connected(peer.address), Joined("h", 5), Left("h", 5, 1)]


def test_whoever_registers_nothing_neither_joins_nor_leaves(serve: Serve) -> None:
    """P-4.1."""
    told: list[Event] = []
    server = serve(watch=told.append)
    peer = server.peer()
    peer.asks(lookup(7), NOT_FOUND)
    peer.leaves()
    assert told == [Connected(peer.address)]


def test_second_identity_is_not_told_as_a_peer(serve: Serve) -> None:
    """P-4.9."""
    told: list[Event] = []
    server = serve(watch=told.append, trace=told.append)
    peer = server.peer()
    peer.asks(add(7), answer("7 Seven h 5"))
    until(lambda: len(told) == 5)
    peer.asks(add(8, port=6), BAD_REQUEST)
    until_told(told, [*told[:5], received(peer, add(8, port=6)), sent(peer, BAD_REQUEST)])


def test_messages_are_traced_as_they_were_written(serve: Serve) -> None:
    """Also those that are not in the canonical form, and those that are refused."""
    told: list[Event] = []
    server = serve(trace=told.append)
    peer = server.peer()
    odd = b"LOOKUP  RFC 007 P2P-CI/1.0\nport:5\nHost:\th\n\n"
    peer.asks(b"\r\n" + odd, NOT_FOUND)
    peer.asks(b"EXIT\r\n\r\n", BAD_REQUEST)
    peer.hears_the_end()
    expected: list[Event] = [
        received(peer, odd),
        sent(peer, NOT_FOUND),
        received(peer, b"EXIT\r\n\r\n"),
        sent(peer, BAD_REQUEST),
    ]
    until_told(told, expected)


def test_long_answer_is_traced_in_pieces(serve: Serve) -> None:
    told: list[Event] = []
    server = serve(trace=told.append)
    peer = server.peer()
    title = "x" * 500
    for number in range(1, 401):
        peer.asks(add(number, title), answer(f"{number} {title} h 5"))
    until(lambda: len(told) == 3 * 400)
    expected = answer(*(f"{number} {title} h 5" for number in range(1, 401)))
    peer.asks(LIST, expected)
    until(lambda: b"".join(event.data for event in told[1201:] if isinstance(event, Sent)) == expected)
    assert told[1200] == received(peer, LIST)
    assert len(told) > 1202


def test_reset_is_told_as_leaving(serve: Serve) -> None:
    """P-4.3."""
    told: list[Event] = []
    server = serve(watch=told.append)
    peer = server.peer()
    peer.asks(add(7), answer("7 Seven h 5"))
    peer.resets()
    until(lambda: Left("h", 5, 1) in told)


def test_refused_newcomer_is_answered_before_it_asks(serve: Serve) -> None:
    """P-4.15."""
    told: list[Event] = []
    server = serve(watch=told.append, trace=told.append, max_connections=0)
    peer = server.peer()
    peer.hears(BAD_REQUEST)
    until_told(told, [Connected(peer.address), TurnedAway(""), sent(peer, BAD_REQUEST)])
