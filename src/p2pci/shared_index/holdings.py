"""What the peers of one server hold, in the numbers of that server's editions: of our own, or of another one.

Both sides keep it in the same form, and make the same digest of it.
"""

from __future__ import annotations

from hashlib import blake2b

from p2pci.index import BitMap


class PeerHoldings:
    """A peer, and the numbers of the editions that it holds."""

    __slots__ = ("digest", "held", "host", "port")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.held = BitMap()
        self.digest = 0  # as it stands in that of all


class Holdings:
    """The peers of one server by their serials. Whoever changes one says so with `touch`."""

    def __init__(self) -> None:
        self.peers: dict[int, PeerHoldings] = {}
        self._digest = 0
        self._touched: set[int] = set()

    def join(self, serial: int, host: str, port: int) -> PeerHoldings:
        peer = self.peers[serial] = PeerHoldings(host, port)
        return peer

    def touch(self, serial: int) -> None:
        self._touched.add(serial)

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
            peer.digest = _digest(serial, peer)
            self._digest ^= peer.digest
        self._touched.clear()
        return f"{len(self.peers)}-{self._digest:016x}"


def _digest(serial: int, peer: PeerHoldings) -> int:
    made = blake2b(b"%d %d %b " % (serial, peer.port, peer.host.encode()), digest_size=8)
    made.update(peer.held.to_array())
    return int.from_bytes(made.digest())
