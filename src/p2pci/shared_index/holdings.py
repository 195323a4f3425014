"""What the peers of one server hold, in the numbers of that server's editions: of our own, or of another one.

Both sides keep it in the same form, and make the same digest of it. That costs what changed, not what is
held: each number has a mark, a peer has the sum of the marks of all that it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from p2pci.index import BitMap

_DIGEST_BYTES = 8
_SUMS = 2 ** (8 * _DIGEST_BYTES)  # are taken modulo this
_KEPT_MARKS = 2**16  # some 13 MB


class PeerHoldings:
    """A peer, and the numbers of the editions that it holds; only Holdings changes it."""

    __slots__ = ("digest", "held", "host", "port", "total")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.held = BitMap()
        self.total = 0  # of the marks of these
        self.digest = 0  # as it stands in that of all


class Holdings:
    """The peers of one server by their serials."""

    def __init__(self) -> None:
        self.peers: dict[int, PeerHoldings] = {}
        self._digest = 0
        self._touched: set[int] = set()

    def join(self, serial: int, host: str, port: int) -> PeerHoldings:
        peer = self.peers[serial] = PeerHoldings(host, port)
        self._touched.add(serial)
        return peer

    def hold(self, serial: int, numbers: Iterable[int]) -> None:
        peer = self.peers[serial]
        new = BitMap(numbers)
        new -= peer.held
        peer.held.update(new)
        peer.total += sum(map(_mark, new))
        self._touched.add(serial)

    def release(self, serial: int, number: int) -> bool:
        """Take a number from a peer; False when it had not got it."""
        peer = self.peers[serial]
        if number not in peer.held:
            return False
        peer.held.discard(number)
        peer.total -= _mark(number)
        self._touched.add(serial)
        return True

    def leave(self, serial: int) -> PeerHoldings | None:
        peer = self.peers.pop(serial, None)
        if peer:
            self._digest ^= peer.digest
            self._touched.discard(serial)
        return peer

    def digest(self) -> str:
        """Give what differs when any peer or any edition of one does."""
        for serial in self._touched:
            peer = self.peers[serial]
            self._digest ^= peer.digest
            peer.digest = _hash(b"%d %d %d %b" % (serial, peer.total % _SUMS, peer.port, peer.host.encode()))
            self._digest ^= peer.digest
        self._touched.clear()
        return f"{len(self.peers)}-{self._digest:016x}"


@lru_cache(_KEPT_MARKS)
def _mark(number: int) -> int:
    return _hash(b"%d" % number)


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=_DIGEST_BYTES).digest())
