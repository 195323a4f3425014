"""Entering and leaving: how connections end, and under which host a peer is known (P-4.1 to P-4.13)."""

from __future__ import annotations

import pytest

from tests.server.conftest import Serve
from tests.server.running import RunningServer
from tests.server.wire_client import LIST, NOTHING, add, answer, lookup, until


def test_many_peers_are_served_at_once(server: RunningServer) -> None:
    """B-2: and none waits for another, not even for one in the middle of a request."""
    peers = [server.peer() for _ in range(50)]
    for port, peer in enumerate(peers, start=1):
        peer.says(add(7, port=port)[:-1])
    for port, peer in reversed(list(enumerate(peers, start=1))):
        peer.asks(b"\n", answer(f"7 Seven h {port}"))
    peers[0].asks(lookup(7), answer(*(f"7 Seven h {port}" for port in range(1, 51))))


def test_reset_takes_the_records_along(server: RunningServer) -> None:
    """P-4.3: a RST, as the kernel of a killed peer sends it."""
    killed, other = server.peer(), server.peer()
    killed.asks(add(7), answer("7 Seven h 5"))
    other.asks(add(8, "Eight", port=6), answer("8 Eight h 6"))
    killed.resets()
    until(lambda: len(server.connections) == 1)
    other.asks(LIST, answer("8 Eight h 6"))


def test_reset_in_the_middle_of_a_head_adds_nothing(server: RunningServer) -> None:
    killed, other = server.peer(), server.peer()
    killed.says(add(7)[:-2])
    killed.resets()
    until(lambda: len(server.connections) == 1)
    other.asks(LIST, NOTHING)


def test_connections_that_are_reset_before_they_are_accepted_disturb_nobody(server: RunningServer) -> None:
    """The system no longer tells where such a one came from."""

    async def come_and_go() -> None:
        for _ in range(20):  # all before the server's loop sees any of them
            server.peer().resets()

    server.run(come_and_go())
    other = server.peer()
    other.asks(LIST, NOTHING)
    until(lambda: len(server.connections) == 1)


def test_reset_right_behind_a_request_disturbs_nobody(server: RunningServer) -> None:
    async def ask_and_go() -> None:
        for peer in peers:
            peer.says(add(7) + LIST)
            peer.resets()

    peers = [server.peer() for _ in range(20)]
    until(lambda: len(server.connections) == 20)
    server.run(ask_and_go())
    until(lambda: server.connections == [])
    server.peer().asks(LIST, NOTHING)


def test_member_that_leaves_is_gone_for_whoever_asks_next(server: RunningServer) -> None:
    """P-4.2: the end that the leaver hears comes after its records went."""
    other = server.peer()
    for _ in range(50):
        leaver = server.peer()
        leaver.asks(add(7), answer("7 Seven h 5"))
        leaver.leaves()
        other.asks(LIST, NOTHING)


def test_silent_peer_is_never_dropped(serve: Serve) -> None:
    """P-4.4: whatever the deadlines of heads and answers are."""
    server = serve(head_seconds=0.1, stall_seconds=0.1, linger_seconds=0.1)
    silent, other = server.peer(), server.peer()
    silent.asks(add(7), answer("7 Seven h 5"))
    assert silent.hears_nothing(seconds=0.5)
    other.asks(LIST, answer("7 Seven h 5"))
    silent.asks(LIST, answer("7 Seven h 5"))


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.9", "127.1.2.3"])
@pytest.mark.parametrize("claim", ["Mac.lan", "192.0.2.7", "127.0.0.3", "2001:db8::7"])
def test_claim_is_believed_from_loopback(server: RunningServer, source: str, claim: str) -> None:
    """P-4.7, A-20; for those who come from elsewhere see the table in tests/index/test_membership.py."""
    peer = server.peer(source=source)
    peer.asks(add(7, host=claim), answer(f"7 Seven {claim} 5"))
    peer.asks(lookup(7), answer(f"7 Seven {claim} 5"))


def test_peers_of_one_host_name_and_several_ports_are_several_peers(server: RunningServer) -> None:
    """Q-7."""
    first, second = server.peer(source="127.0.0.2"), server.peer(source="127.0.0.3")
    first.asks(add(7, host="room"), answer("7 Seven room 5"))
    second.asks(add(7, host="room", port=6), answer("7 Seven room 6"))
    first.asks(lookup(7), answer("7 Seven room 6", "7 Seven room 5"))


def test_three_ends_of_one_identity_go_one_by_one(server: RunningServer) -> None:
    """P-4.12."""
    ends = [server.peer() for _ in range(3)]
    for number, end in enumerate(ends, start=1):
        end.asks(add(7, f"title {number}"), answer(f"7 title {number} h 5"))
    asker = server.peer()
    asker.asks(LIST, answer("7 title 3 h 5"))
    ends[1].leaves()
    asker.asks(LIST, answer("7 title 3 h 5"))
    ends[2].leaves()
    asker.asks(LIST, answer("7 title 1 h 5"))
    ends[0].leaves()
    asker.asks(LIST, NOTHING)
