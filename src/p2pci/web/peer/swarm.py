"""What the swarm has: the index's catalogue, read in a conversation of its own and kept for a while.

What is old is read anew in the background, and answers go on with what is there. Imports `mirror`, `client`,
`library`, `peer` and `errors`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from p2pci.client import ClientLimits, IndexClient
from p2pci.errors import NetworkError, P2PCIError
from p2pci.library.search import Titles
from p2pci.mirror import Selection, read_catalogue

if TYPE_CHECKING:
    from p2pci.events import Address
    from p2pci.mirror import Offer
    from p2pci.peer import Peer

MAX_AGE_SECONDS = 30.0
_LIMITS = ClientLimits(max_bytes=8 * 1024 * 1024)  # of records in one go


class Holding(NamedTuple):
    """A holder, and of how many documents the index named it; each document names a few of its holders."""

    address: Address
    documents: int


class Swarm:
    """The catalogue of the swarm, as it was last read.

    Args:
        peer: whose index is asked.
        changed: called when it was read, or could not be.

    Attributes:
        offers: every document that somebody has, by number, ascending.
        titles: theirs, to be searched.
        holdings: who has them, the most first.
        read_at: seconds since 1970; 0 before the first time.
        problem: why it could not be read anew; "" when it could.
    """

    def __init__(self, peer: Peer, *, changed: Callable[[], None]) -> None:
        self.offers: dict[int, Offer] = {}
        self.titles = Titles()
        self.holdings: list[Holding] = []
        self.read_at = 0.0
        self.problem = ""
        self._peer = peer
        self._changed = changed
        self._tried_at = -MAX_AGE_SECONDS
        self._reading: asyncio.Task[None] | None = None

    async def current(self) -> dict[int, Offer]:
        """Give the catalogue; only the first time is it waited for.

        Raises:
            NetworkError: it could never be read.
        """
        if asyncio.get_running_loop().time() - self._tried_at >= MAX_AGE_SECONDS:
            self.refresh()
        if not self.read_at and self._reading:
            await asyncio.shield(self._reading)
        if not self.read_at:
            raise NetworkError(self.problem)
        return self.offers

    def refresh(self) -> None:
        """Begin to read it anew, unless that is under way."""
        if self._reading is None or self._reading.done():
            self._tried_at = asyncio.get_running_loop().time()
            self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """End what is under way."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        server, *spares = self._peer.servers
        index = IndexClient(*server, spares=spares, limits=_LIMITS)
        try:
            await index.connect()
            offers = await read_catalogue(index, Selection())
        except P2PCIError as error:
            self.problem = str(error)
        else:
            await asyncio.get_running_loop().run_in_executor(None, self._take, offers)
        finally:
            await index.close()
            self._changed()

    def _take(self, offers: list[Offer]) -> None:
        titles = Titles((offer.number, offer.title) for offer in offers)
        holders = Counter(address for offer in offers for address in offer.sources)
        self.offers = {offer.number: offer for offer in offers}
        self.titles, self.problem, self.read_at = titles, "", time.time()
        self.holdings = [Holding(address, documents) for address, documents in holders.most_common()]
