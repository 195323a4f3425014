"""Many documents from many holders at once, into memory and from there in batches onto the shelf.

The rarest are asked for first. Each source works through what it has; what another source has taken already
is passed over, so that fast ones do more. What no source delivered in this way is left to somebody more
patient. Imports its package's modules, `dialing`, `download`, `library`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING

from p2pci.dialing import dial, show_address
from p2pci.errors import (
    CannotConnectError,
    ConnectionLostError,
    DeadlineError,
    NetworkError,
    P2PCIError,
    WrongDocumentError,
)
from p2pci.events import SourceLeftOut
from p2pci.mirror.channel import Channel
from p2pci.mirror.storing import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.download import DownloadLimits
    from p2pci.events import Address, Watcher
    from p2pci.library import Shelf
    from p2pci.mirror.catalogue import Offer

MAX_CHANNELS = 16
CHANNELS_OF_FEW = 6  # when there are fewer sources, so many connections are shared among them
LARGE_BYTES = 4 * 1024 * 1024
"""A larger document is not held in memory: it comes by itself, and can be gone on with."""
MAX_FAILURES = 3  # of a source one after the other, until it is left out


class Source:
    """A holder that documents are fetched from.

    Attributes:
        address: of its upload server.
        knows_features: whether it may be asked for what section 5 has; not once it choked on that.
        documents: how many came from it.
        size: bytes of them.
        is_left_out: it lied, or failed too often.
    """

    def __init__(self, address: Address, *, knows_features: bool) -> None:
        self.address = address
        self.knows_features = knows_features
        self.documents = 0
        self.size = 0
        self.is_left_out = False
        self.failures = 0
        self.jobs: deque[Job] = deque()


class Job:
    """A document that is to come.

    Attributes:
        offer: what the swarm says of it.
        is_taken: somebody has asked for it, or it has come.
        is_done: it is on the shelf.
        is_large: it is not to be held in memory.
    """

    __slots__ = ("is_done", "is_large", "is_taken", "offer")

    def __init__(self, offer: Offer, *, is_large: bool) -> None:
        self.offer = offer
        self.is_taken = False
        self.is_done = False
        self.is_large = is_large


class Transfer:
    """Documents on their way from their holders to a shelf.

    Attributes:
        sources: by address.
        store: what has come, and what of it is on the shelf.
        whole_bytes: documents of up to so many are taken here.
    """

    def __init__(
        self,
        offers: Sequence[Offer],
        shelf: Shelf,
        *,
        knows_features: bool,
        is_foreign: bool,
        replaces: bool,
        limits: DownloadLimits,
        watch: Watcher | None,
        trace: Watcher | None,
    ) -> None:
        """Plan the work; see `Mirror` for the arguments."""
        self.sources: dict[Address, Source] = {}
        self.store = Store(shelf, self._note_wrong, replaces=replaces)
        self.whole_bytes = min(LARGE_BYTES, limits.max_bytes)
        self._jobs = [
            Job(offer, is_large=(offer.size or 0) > self.whole_bytes) for offer in _rarest_first(offers)
        ]
        self._channels: set[Channel] = set()
        self._is_foreign = is_foreign
        self._limits = limits
        self._watch = watch
        self._trace = trace
        for job in self._jobs:
            for address in job.offer.sources:
                source = self.sources.setdefault(address, Source(address, knows_features=knows_features))
                source.jobs.append(job)

    async def run(self) -> list[Offer]:
        """Fetch what comes this way, and give what did not.

        Raises:
            LibraryError: the disk refused.
        """
        while True:
            before = self.store.documents
            await self._run_sources()
            await self.store.flush()
            left = [job for job in self._jobs if not job.is_done and not job.is_large]
            if not left or self.store.documents == before:
                return [job.offer for job in self._jobs if not job.is_done]
            for job in left:
                self._put_back(job)

    async def _run_sources(self) -> None:
        sources = [source for source in self.sources.values() if source.jobs and not source.is_left_out]
        random.shuffle(sources)
        turns = asyncio.Semaphore(MAX_CHANNELS)
        each = max(1, CHANNELS_OF_FEW // len(sources)) if sources else 0
        async with asyncio.TaskGroup() as group:
            for source in sources * each:
                group.create_task(self._run_source(source, turns))

    async def _run_source(self, source: Source, turns: asyncio.Semaphore) -> None:
        """Fetch from one source by one connection after the other, while it has anything to give."""
        async with turns:
            while not source.is_left_out and not self.store.error and self._has_job(source):
                done = source.documents
                error = await self._run_channel(source)
                self._note_end(source, error, has_delivered=source.documents > done)
                if isinstance(error, CannotConnectError):
                    return  # others have their turn before it is tried again

    def _note_end(self, source: Source, error: P2PCIError | None, *, has_delivered: bool) -> None:
        """Remember how a connection ended: a source is left out when it failed several times in a row."""
        source.failures = source.failures + 1 if error and not has_delivered else 0
        if isinstance(error, ConnectionLostError):
            source.knows_features &= has_delivered  # perhaps that is why it closed
        if error and source.failures >= MAX_FAILURES:
            self._leave_out(source, error)

    async def _run_channel(self, source: Source) -> P2PCIError | None:
        try:
            channel = await dial(
                lambda: Channel(source, self, trace=self._trace),
                source.address,
                seconds=self._limits.connect_seconds,
                is_foreign=self._is_foreign,
            )
        except NetworkError as error:
            return error
        self._channels.add(channel)
        try:
            await self._watch_channel(channel, source)
            if channel.under_way and not channel.received:
                return ConnectionLostError(f"{show_address(source.address)} closed without an answer.")
            return channel.ended.result()
        finally:
            channel.end(None)
            self._channels.discard(channel)
            for job in channel.under_way:
                self._put_back(job)

    async def _watch_channel(self, channel: Channel, source: Source) -> None:
        """Wait for the end of a connection; one that brings too little is ended."""
        seconds = max(self._limits.head_seconds, self._limits.stall_seconds)
        while not channel.ended.done():
            before = channel.received
            await asyncio.wait([channel.ended], timeout=seconds)
            too_slow = channel.received - before < seconds * self._limits.min_bytes_per_second
            if too_slow and not channel.ended.done() and not self.store.is_full:
                channel.end(DeadlineError(f"{show_address(source.address)} sends too slowly, or nothing."))

    def _has_job(self, source: Source) -> bool:
        jobs = source.jobs
        while jobs and (jobs[0].is_taken or jobs[0].is_large):
            jobs.popleft()
        return bool(jobs)

    def next_job(self, source: Source) -> Job | None:
        """Take the next document that this source is to be asked for."""
        if self.store.error or not self._has_job(source):
            return None
        job = source.jobs.popleft()
        job.is_taken = True
        return job

    def _put_back(self, job: Job) -> None:
        """Let somebody ask for it again, who has not been left out."""
        job.is_taken = False
        for address in job.offer.sources:
            if not self.sources[address].is_left_out:
                self.sources[address].jobs.appendleft(job)

    # What channels tell

    def take(self, job: Job, text: bytearray, *, source: Source, announced: bytes | None) -> None:
        """Take a whole document; when the disk does not keep up, nothing more is read for a while."""
        source.documents += 1
        source.size += len(text)
        self.store.take(job, text, source=source, digest=job.offer.digest or announced)
        if self.store.is_full:
            for channel in self._channels:
                channel.transport.pause_reading()
            self.store.when_empty(self._resume)

    def _resume(self) -> None:
        for channel in self._channels:
            channel.transport.resume_reading()

    def note_plainness(self, job: Job, source: Source) -> None:
        """Hear that a source takes no header that it does not know: it is a program of 1.0."""
        source.knows_features = False
        self._put_back(job)

    def note_refusal(self, job: Job, source: Source) -> None:
        """Hear that a source does not give a document: somebody else may."""
        job.offer.sources = [address for address in job.offer.sources if address != source.address]
        self._put_back(job)

    def note_large(self, job: Job) -> None:
        job.is_large = True

    def _note_wrong(self, job: Job, source: Source, *, found: bytes) -> None:
        """Hear that a source sent other bytes than were announced: nothing more is taken from it."""
        source.documents -= 1
        where = show_address(source.address)
        self._leave_out(source, WrongDocumentError(where, announced=job.offer.digest, found=found))
        self._put_back(job)

    def _leave_out(self, source: Source, error: P2PCIError) -> None:
        if not source.is_left_out and self._watch:
            self._watch(SourceLeftOut(*source.address, str(error)))
        source.is_left_out = True


def _rarest_first(offers: Sequence[Offer]) -> list[Offer]:
    """Order documents by how few have them; equally rare ones by chance, so that mirrors differ."""
    mixed = list(offers)
    random.shuffle(mixed)
    return sorted(mixed, key=lambda offer: offer.holders)
