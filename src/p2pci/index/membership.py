"""Under which host a peer's records are published (clauses P-4.5 to P-4.8). No name is ever resolved."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def published_host(claim: str, *, source: str, trusts_claims: bool) -> str:
    """Choose between what a peer claims to be called and the address that it comes from.

    The claim is believed from loopback, when it is the source address, and when the operator says so;
    everybody else is published as the source, so that nobody can point the swarm at a third party.

    Args:
        claim: the Host header of the ADD.
        source: the other end of the connection as the system names it, perhaps with a scope.
        trusts_claims: the operator's `--trust-hosts`, the handout's way.
    """
    plain_source = plain_address(source)
    address = _parse_address(plain_source)
    if trusts_claims or is_loopback(plain_source) or (address and _parse_address(claim) == address):
        return claim
    return plain_source


def plain_address(source: str) -> str:
    """Write an address of the system's as people do: no scope, and IPv4 as IPv4 (clause P-4.5)."""
    address = _parse_address(source.partition("%")[0])
    return str(address) if address else source


def is_loopback(host: str) -> bool:
    address = _parse_address(host)
    return address is not None and address.is_loopback


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address without a scope, which means something on one machine alone."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
