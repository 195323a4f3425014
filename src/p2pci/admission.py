"""Who may connect: from which networks, and how many at a time from one address.

Imports `protocol.addresses` alone.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Network, IPv6Address, IPv6Network

from p2pci.protocol.addresses import is_loopback, parse_address

Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]
HOST_BITS = 64  # of an IPv6 address, which whoever has one network may choose freely


def is_admitted(host: str, *, allow: Networks, deny: Networks) -> bool:
    """Whether an address may connect: no denied one, and where any is allowed, an allowed one."""
    address = parse_address(host.partition("%")[0])
    if address is None:
        return not allow and not deny
    if any(address in network for network in deny):
        return False
    return not allow or any(address in network for network in allow)


class Crowd:
    """How many connections there are from each address; a network of 64 bits counts as one in IPv6.

    Args:
        most: from one address; 0 for any number.
        spares_loopback: whether this machine's own connections are not counted.
    """

    def __init__(self, most: int, *, spares_loopback: bool) -> None:
        self._most = most
        self._spares_loopback = spares_loopback
        self._counts: Counter[str] = Counter()

    def enter(self, host: str) -> str:
        """Count a connection, and give the place that it has to `leave`; "" when it is not counted."""
        if not self._most or (self._spares_loopback and host.startswith("127.")):
            return ""
        if self._spares_loopback and is_loopback(host):
            return ""
        if place := place_of(host):
            self._counts[place] += 1
        return place

    def is_full(self, place: str) -> bool:
        """Whether there are too many from there, the last one included."""
        return bool(place) and self._counts[place] > self._most

    def leave(self, place: str) -> None:
        if not place:
            return
        self._counts[place] -= 1
        if not self._counts[place]:
            del self._counts[place]


def place_of(host: str) -> str:
    """Give the address that a host counts as, in IPv6 its network of 64 bits; "" for what is no address."""
    address = parse_address(host.partition("%")[0])
    if address is None or address.version == 4:
        return str(address or "")
    return f"{IPv6Address(int(address) >> HOST_BITS << HOST_BITS)}/{HOST_BITS}"
