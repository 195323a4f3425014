"""Who may connect to an index server, and how many from one address."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network

import pytest

from p2pci.admission import Crowd, Networks, is_admitted
from p2pci.events import Event, TurnedAway
from tests.server.conftest import Serve
from tests.server.wire_client import BAD_REQUEST, LIST, NOTHING, WirePeer, until


def _networks(*texts: str) -> Networks:
    return tuple(map(ip_network, texts))


def _is_turned_away(peer: WirePeer) -> bool:
    with suppress(ConnectionError):
        peer.says(LIST)
        return peer.socket.recv(1000) == b""
    return True


def test_newcomer_over_the_cap_of_its_address_is_told_and_closed(serve: Serve) -> None:
    """P-4.15."""
    told: list[Event] = []
    server = serve(max_per_address=2, spares_loopback=False, watch=told.append)
    inside = [server.peer(source="127.0.0.2") for _ in range(2)]
    for peer in inside:
        peer.asks(LIST, NOTHING)
    newcomer = server.peer(source="127.0.0.2")
    newcomer.hears(BAD_REQUEST)
    newcomer.hears_the_end()
    assert [event for event in told if isinstance(event, TurnedAway)] == [TurnedAway("127.0.0.2")]
    for peer in (*inside, server.peer(source="127.0.0.3")):
        peer.asks(LIST, NOTHING)
    inside[0].leaves()
    server.peer(source="127.0.0.2").asks(LIST, NOTHING)


def test_this_machine_has_no_cap(serve: Serve) -> None:
    server = serve(max_per_address=1)
    for peer in [server.peer(), server.peer(), server.peer()]:
        peer.asks(LIST, NOTHING)


def test_denied_network_is_closed_without_an_answer(serve: Serve) -> None:
    server = serve(deny=_networks("127.0.0.2/31"))
    assert _is_turned_away(server.peer(source="127.0.0.2"))
    assert _is_turned_away(server.peer(source="127.0.0.3"))
    server.peer(source="127.0.0.4").asks(LIST, NOTHING)
    until(lambda: len(server.connections) == 1)


def test_where_any_network_is_allowed_no_other_is(serve: Serve) -> None:
    server = serve(allow=_networks("127.0.0.2", "127.0.0.8/30"), deny=_networks("127.0.0.9"))
    for source in ("127.0.0.2", "127.0.0.8", "127.0.0.11"):
        server.peer(source=source).asks(LIST, NOTHING)
    for source in ("127.0.0.3", "127.0.0.9", "127.0.0.1"):
        assert _is_turned_away(server.peer(source=source))


@pytest.mark.parametrize(
    "host,expected",
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("192.0.2.9", False),
        ("198.51.100.1", False),
        ("2001:db8::1", True),
        ("2001:db8:1::1", False),
        ("fe80::1%eth0", False),
        ("no address", False),
    ],
)
def test_addresses_are_compared_as_addresses(host: str, expected: bool) -> None:  # noqa: FBT001 - a case
    allow, deny = _networks("192.0.2.0/24", "2001:db8::/48"), _networks("192.0.2.9/32")
    assert is_admitted(host, allow=allow, deny=deny) is expected


def test_a_network_of_64_bits_counts_as_one_address() -> None:
    crowd = Crowd(1, spares_loopback=True)
    first = crowd.enter("2001:db8::1")
    assert first == "2001:db8::/64"
    assert not crowd.is_full(first)
    second = crowd.enter("2001:db8::2")
    assert crowd.is_full(second)
    assert not crowd.is_full(crowd.enter("2001:db8:0:1::1"))
    crowd.leave(second)
    assert not crowd.is_full(first)
    assert crowd.enter("::1") == crowd.enter("127.8.9.1") == crowd.enter("::ffff:127.0.0.1") == ""
