"""Addresses as text: how the system writes them, and what they are.

Imports nothing of the project.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

EVERYWHERE = ("0.0.0.0", "::")  # what listens on all interfaces binds to these


def plain_address(source: str) -> str:
    """Write an address of the system's as people do: no scope, and IPv4 as IPv4 (clause P-4.5)."""
    address = parse_address(source.partition("%")[0])
    return str(address) if address else source


def is_loopback(host: str) -> bool:
    address = parse_address(host)
    return address is not None and address.is_loopback


def is_own(host: str) -> bool:
    """Whether an address leads nowhere but to the machine, or the cable, of whoever uses it."""
    address = parse_address(host.partition("%")[0])
    return address is not None and (
        address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    )


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; None for a name, and for one with a scope, which holds on one machine alone."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
