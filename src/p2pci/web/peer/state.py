"""All that a peer's page stands on, from its start to its end.

Imports its package, `web.streaming` and `peer`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Self

from p2pci.web.peer import wording
from p2pci.web.peer.fetching import Fetching
from p2pci.web.peer.reading import Reader
from p2pci.web.peer.swarm import Swarm
from p2pci.web.peer.working import Work
from p2pci.web.streaming import Streams

if TYPE_CHECKING:
    from p2pci.peer import Peer
    from p2pci.web.peer.chronicle import Chronicle

LOOK_SECONDS = 0.5  # at the shelf, which others fill too, its index, and what goes out


class State:
    """A running peer, and what its page adds to it; entered while the page is served.

    Args:
        peer: started.
        chronicle: its watcher and trace.
    """

    def __init__(self, peer: Peer, chronicle: Chronicle) -> None:
        self.peer = peer
        self.chronicle = chronicle
        self.streams = Streams(
            {
                "health": lambda: wording.health(peer, chronicle),
                "shelf": self._shelf,
                "transfers": self.transfers,
                "log": lambda: {"position": chronicle.messages.position},
            }
        )
        self.swarm = Swarm(peer, changed=partial(self.streams.stir, "shelf"))
        self.fetching = Fetching(peer, chronicle, changed=partial(self.streams.stir, "transfers"))
        self.reader = Reader(peer.shelf)
        self.work = Work()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.chronicle.stir = self.streams.stir
        self._looking = asyncio.create_task(self._look())
        self.swarm.refresh()  # so that the first list is there when it is asked for
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        self.work.close()
        await self.fetching.close()
        await self.swarm.close()

    def transfers(self) -> wording.Json:
        """What is on its way."""
        return wording.transfers(
            self.chronicle.transfers, self._title, sending=self.peer.sending, run=self.fetching.run
        )

    def _title(self, number: int) -> str:
        offer = self.swarm.offers.get(number)
        return (offer.title if offer else "") or self.peer.shelf.title(number)

    def _shelf(self) -> wording.Json:
        return {"documents": len(self.peer.shelf.documents), "swarm_read_at": self.swarm.read_at}

    async def _look(self) -> None:
        """Stir the topics that no event tells of."""
        seen = self._look_at()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before, seen = seen, self._look_at()
            for topic, state in seen.items():
                if state != before[topic]:
                    self.streams.stir(topic)

    def _look_at(self) -> dict[str, object]:
        documents = self.peer.shelf.documents
        progress = self.peer.search.progress if self.peer.search else None
        return {"shelf": documents, "health": (documents, progress), "transfers": self.peer.sending}
