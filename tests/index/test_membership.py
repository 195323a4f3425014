"""Under which host a peer is published (P-4.5 to P-4.8): the table of P-4.7, and what an address is."""

from __future__ import annotations

import socket

import pytest

from p2pci.index import published_host
from p2pci.protocol.addresses import is_loopback, plain_address


@pytest.mark.parametrize(
    "claim,source,published",
    [
        # From loopback every claim is believed, so that a room on one machine can use names.
        ("Mac.lan", "127.0.0.1", "Mac.lan"),
        ("Mac.lan", "127.8.9.10", "Mac.lan"),
        ("Mac.lan", "::1", "Mac.lan"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("Mac.lan", "::ffff:127.0.0.1", "Mac.lan"),
        # The claim is the source, as an address: published as it was spelled.
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7", "2001:DB8:0:0:0:0:0:7"),
        ("fe80::7", "fe80::7%eth0", "fe80::7"),
        # Everybody else is published as where they come from.
        ("Mac.lan", "192.0.2.7", "192.0.2.7"),
        ("Mac.lan", "::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("localhost", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.07", "192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]", "2001:db8::7", "2001:db8::7"),
        ("2001:db8::8", "2001:db8::7", "2001:db8::7"),
        ("Mac.lan", "fe80::7%eth0", "fe80::7"),
        # What follows a % means something on one machine alone, or nothing at all.
        ("fe80::7%eth0", "fe80::7%eth0", "fe80::7"),
        ("192.0.2.7%evil.example", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7%evil.example", "192.0.2.7", "192.0.2.7"),
    ],
)
def test_published_host(claim: str, source: str, published: str) -> None:
    assert published_host(claim, source=source, trusts_claims=False) == published


@pytest.mark.parametrize("claim", ["Mac.lan", "192.0.2.8", "127.0.0.1", "no name at all"])
def test_trusted_claims_are_published_whatever_they_are(claim: str) -> None:
    assert published_host(claim, source="192.0.2.7", trusts_claims=True) == claim


def test_no_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """P-4.8: a claim that would resolve to the source is still no address."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name was resolved")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "gethostbyname", refuse)
    assert published_host("localhost", source="192.0.2.7", trusts_claims=False) == "192.0.2.7"


@pytest.mark.parametrize(
    "source,plain",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:C000:207", "192.0.2.7"),
        ("::ffff:192.0.2.7%eth0", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("fe80::7%2", "fe80::7"),
        ("::", "::"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_plain_address(source: str, plain: str) -> None:
    assert plain_address(source) == plain


@pytest.mark.parametrize(
    "host,expected",
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::2", False),
        ("::ffff:192.0.2.7", False),
        ("localhost", False),  # a name, and names are not resolved (P-4.8)
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_loopback(host) is expected
