"""What the page has asked for: single documents, and a whole selection at once, as tasks of its own.

A document that is on its way is not asked for twice, and one selection runs at a time. Imports `mirror`,
`peer`, `errors` and its package's `chronicle`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from p2pci.errors import InvalidValueError, P2PCIError
from p2pci.mirror import Mirror, MirrorOptions, Plan, Selection
from p2pci.web.peer.transfers import Stage

if TYPE_CHECKING:
    from p2pci.peer import Peer
    from p2pci.web.peer.chronicle import Chronicle

MAX_AT_ONCE = 8
MAX_WAITING = 500
LOOK_SECONDS = 0.2
SHOWN_ARRIVALS = 5


class MirrorStage(Enum):
    """How far a selection is on its way to us."""

    PLANNING = "planning"
    COMING = "coming"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class MirrorRun:
    """A selection that comes, or came.

    Attributes:
        began: seconds since 1970.
        stage: see MirrorStage.
        total: documents that are to come; likewise `total_bytes`, as far as holders told.
        documents: that have come, if not to the disk yet; likewise `size` in bytes.
        sources: whom from, the most first: address, documents, bytes.
        arrived: numbers of the last ones.
        failed: why some did not, by number.
        disputed: numbers of those whose holders disagree without a majority.
        error: why it ended before its end.
        seconds: that it took so far.
    """

    began: float
    stage: MirrorStage = MirrorStage.PLANNING
    total: int = 0
    total_bytes: int = 0
    documents: int = 0
    size: int = 0
    sources: list[tuple[tuple[str, int], int, int]] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    disputed: list[int] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0


class Fetching:
    """Fetches for the page.

    Args:
        peer: who fetches.
        chronicle: where the transfers are noted.
        changed: called when a selection has got on.

    Attributes:
        run: the selection that was asked for last.
    """

    def __init__(self, peer: Peer, chronicle: Chronicle, *, changed: Callable[[], None]) -> None:
        self.run: MirrorRun | None = None
        self._peer = peer
        self._chronicle = chronicle
        self._changed = changed
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._fetches: dict[int, asyncio.Task[None]] = {}
        self._mirroring: asyncio.Task[None] | None = None

    def fetch(self, number: int) -> None:
        """Begin to fetch a document.

        Raises:
            InvalidValueError: too many are asked for already.
        """
        if number in self._fetches:
            return
        if len(self._fetches) >= MAX_WAITING:
            raise InvalidValueError("Too many documents are on their way. Mirror them, or wait.")
        self._chronicle.transfers.ask(number, time=time.time())
        self._chronicle.stir("transfers")
        self._fetches[number] = asyncio.create_task(self._fetch(number))

    async def _fetch(self, number: int) -> None:
        try:
            async with self._turns:
                await self._peer.get(number)
        except P2PCIError as error:
            # Registering may fail when the document is here already; it is told when the index is back.
            incoming = self._chronicle.transfers.incoming.get(number)
            if incoming is None or incoming.stage is not Stage.DONE:
                self._chronicle.transfers.fail(number, str(error))
        finally:
            del self._fetches[number]
            self._chronicle.stir("transfers")

    def mirror(self, selection: Selection) -> None:
        """Begin to fetch all of a selection that is missing here.

        Raises:
            InvalidValueError: another selection is under way.
        """
        if self._mirroring and not self._mirroring.done():
            raise InvalidValueError("A selection is on its way already. Stop it, or wait for its end.")
        self.run = MirrorRun(time.time())
        self._mirroring = asyncio.create_task(self._mirror(selection, self.run))
        self._changed()

    async def stop(self) -> None:
        """End the selection that is under way; what has come stays."""
        if self._mirroring and not self._mirroring.done():
            self._mirroring.cancel()
            with suppress(asyncio.CancelledError):
                await self._mirroring

    async def close(self) -> None:
        """End everything."""
        await self.stop()
        for task in list(self._fetches.values()):
            task.cancel()
        await asyncio.gather(*self._fetches.values(), return_exceptions=True)

    async def _mirror(self, selection: Selection, run: MirrorRun) -> None:
        server, *spares = self._peer.servers
        mirror = Mirror(
            server,
            self._peer.shelf,
            options=MirrorOptions(keeps_going=True, limits=self._peer.limits.download),
            watch=self._chronicle.watch,
            spare_indexes=spares,
        )
        try:
            plan = await mirror.plan(selection)
            run.stage, run.total, run.total_bytes = MirrorStage.COMING, len(plan.wanted), plan.size
            run.disputed = [offer.number for offer in plan.disputed]
            await self._run(mirror, plan, run)
            run.stage = MirrorStage.DONE
        except asyncio.CancelledError:
            run.stage = MirrorStage.STOPPED
            raise
        except P2PCIError as error:
            run.stage, run.error = MirrorStage.FAILED, str(error)
        finally:
            self._note(mirror, run)
            # Those on the shelf alone: nothing is on its way there any more.
            run.documents = mirror.documents + mirror.meanwhile
            self._chronicle.transfers.count_received(mirror.sources)
            await mirror.close()
            self._changed()

    async def _run(self, mirror: Mirror, plan: Plan, run: MirrorRun) -> None:
        """Fetch, and look now and then how far it is."""
        waiting = {offer.number for offer in plan.wanted}
        running = asyncio.create_task(mirror.run(plan))
        try:
            while not running.done():
                await asyncio.wait([running], timeout=LOOK_SECONDS)
                arrived = waiting.intersection(self._peer.shelf.documents)
                waiting -= arrived
                run.arrived = sorted(arrived)[-SHOWN_ARRIVALS:] or run.arrived
                self._note(mirror, run)
                self._changed()
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self._give_up(offer.number for offer in plan.wanted)

    def _give_up(self, numbers: Iterable[int]) -> None:
        """Have nothing on its way of a selection that has ended; what the page asked for besides still is."""
        transfers = self._chronicle.transfers
        for number in transfers.incoming.keys() & (set(numbers) - self._fetches.keys()):
            if transfers.incoming[number].stage is Stage.COMING:
                transfers.fail(number, "The selection ended before it came.")

    def _note(self, mirror: Mirror, run: MirrorRun) -> None:
        by_sources = sum(source.documents for source in mirror.sources)
        run.documents, run.size = max(by_sources, mirror.documents + mirror.meanwhile), mirror.size
        run.sources = [(source.address, source.documents, source.size) for source in mirror.sources]
        for number in mirror.failed.keys() - run.failed.keys():
            self._chronicle.transfers.fail(number, mirror.failed[number])
        run.failed = dict(mirror.failed)
        run.seconds = time.time() - run.began
