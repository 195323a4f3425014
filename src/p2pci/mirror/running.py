"""A mirror from its question to its report: what the swarm has and the shelf lacks, fetched and checked.

First everything at once (`transfer`); then, one by one and with all patience, what did not come that way or
is too large for it, each with holders asked for anew. Imports its package's modules, `client`, `download`,
`origin`, `library`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from p2pci.client import ClientLimits, IndexClient
from p2pci.download import HOLDERS_WANTED, DownloadLimits, Downloads
from p2pci.errors import (
    DisagreementError,
    InvalidValueError,
    LibraryError,
    NetworkError,
    NotFoundError,
    ProtocolError,
    RefusedError,
)
from p2pci.mirror.catalogue import Offer, read_catalogue
from p2pci.mirror.transfer import Transfer
from p2pci.origin import Origin
from p2pci.protocol.extensions import Feature

if TYPE_CHECKING:
    from p2pci.events import Address, Downloaded, Watcher
    from p2pci.library import Document, Shelf
    from p2pci.mirror.selection import Selection
    from p2pci.mirror.transfer import Source

_LIMITS = ClientLimits(max_bytes=8 * 1024 * 1024)  # of records in one go; most of a long list is not kept
MAX_ASKED = 100_000  # numbers in a row that are asked of an origin


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        wanted: what the swarm has and the shelf lacks, or has otherwise and is to have so.
        present: how many of the selected documents the shelf has.
        differing: those of them that the swarm has with other bytes.
        disputed: those that the shelf lacks and whose holders disagree without a majority.
        outside: numbers of what nobody has, to be asked of the origin.
    """

    wanted: list[Offer]
    present: int
    differing: list[Offer]
    disputed: list[Offer]
    outside: list[int]

    @property
    def size(self) -> int:
        """Bytes of what is wanted, as far as holders told."""
        return sum(offer.size or 0 for offer in self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOptions:
    """How documents are taken.

    Attributes:
        accepts: each SHA-256 that is right when holders disagree.
        replaces: take the swarm's copy where the shelf has another, which is kept as `.orig`.
        keeps_going: go on when a document cannot be had.
        limits: of every download.
    """

    accepts: Collection[bytes] = ()
    replaces: bool = False
    keeps_going: bool = False
    limits: DownloadLimits = field(default_factory=DownloadLimits)


class Mirror:
    """One run of a mirror; `plan`, then `run`.

    Args:
        index: the index server.
        shelf: which is filled; scanned by `plan`.
        options: see MirrorOptions.
        origin: which is asked for what nobody has.
        watch: told of what goes wrong, and of each document that comes by itself.
        trace: told of Sent and Received.
        spare_indexes: index servers that answer as one with it, of which any will do.

    Attributes:
        failed: why documents could not be had, by number.
        absent: numbers that the origin has not got either.
    """

    def __init__(
        self,
        index: Address,
        shelf: Shelf,
        *,
        options: MirrorOptions,
        origin: Origin | None = None,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        spare_indexes: Sequence[Address] = (),
    ) -> None:
        self.failed: dict[int, str] = {}
        self.absent: list[int] = []
        self._index = IndexClient(*index, spares=spare_indexes, trace=trace, limits=_LIMITS)
        self._shelf = shelf
        self._options = options
        self._origin = origin
        self._watch = watch
        self._trace = trace
        self._transfer: Transfer | None = None
        self._single: list[Downloaded] = []

    async def plan(self, selection: Selection) -> Plan:
        """Ask the index what there is, and compare it with the shelf.

        Raises:
            NetworkError, ProtocolError, RefusedError: the index could not be asked.
            LibraryError: the folder cannot be read.
        """
        scanning = asyncio.get_running_loop().run_in_executor(None, self._shelf.scan)
        try:
            await self._index.connect()
            offers = await read_catalogue(self._index, selection, accepts=self._options.accepts)
        finally:  # whatever becomes of the asking, nobody may close the shelf under the scan
            await asyncio.gather(scanning, return_exceptions=True)
        shelf = scanning.result()
        plan = self._compare(offers, shelf)
        if self._origin:
            known = {offer.number for offer in offers}.union(shelf)
            plan.outside.extend(sorted(set(self._listed(selection)) - known))
        return plan

    def _listed(self, selection: Selection) -> Iterator[int]:
        """Give the numbers of what there is outside: by the index file of the folder, else as asked."""
        listing = self._shelf.listing
        for first, last in selection.ranges or [(1, MAX_ASKED)]:
            if not listing.name and last - first >= MAX_ASKED - 1:
                raise InvalidValueError(
                    "What the origin has cannot be told. Fetch its list with `p2pci titles --update`, "
                    f"or ask for a --range of fewer than {MAX_ASKED} numbers."
                )
            for number in range(first, min(last, first + MAX_ASKED) + 1):
                entry = listing.entry(number)
                is_there = entry.is_issued if entry else not listing.name
                if is_there and selection.has(number, entry.title if entry else ""):
                    yield number

    def _compare(self, offers: list[Offer], shelf: dict[int, Document]) -> Plan:
        lacking = [offer for offer in offers if offer.number not in shelf]
        differing = [
            offer
            for offer in offers
            if offer.digest and offer.number in shelf and shelf[offer.number].digest != offer.digest
        ]
        wanted = [offer for offer in lacking if not offer.is_disputed]
        if self._options.replaces:
            wanted += differing
        disputed = [offer for offer in lacking if offer.is_disputed]
        return Plan(wanted, len(offers) - len(lacking), differing, disputed, [])

    async def run(self, plan: Plan) -> None:
        """Fetch what is planned.

        Raises:
            LibraryError: the disk refused; what has come is on the shelf.
        """
        self._shelf.keeps_replaced = self._options.replaces
        self._transfer = Transfer(
            plan.wanted,
            self._shelf,
            knows_features=Feature.DIGEST in self._index.agreed,
            is_foreign=not self._index.is_on_this_machine,
            replaces=self._options.replaces,
            limits=self._options.limits,
            watch=self._watch,
            trace=self._trace,
        )
        try:
            left = await self._transfer.run()
            await asyncio.get_running_loop().run_in_executor(None, self._note_kept)
            await self._fetch_one_by_one(left)
            if self._origin and (self._options.keeps_going or not self.failed):
                await self._fetch_from(self._origin, plan.outside)
        finally:
            await self._transfer.store.close()

    def _note_kept(self) -> None:
        """Look at what stood in the way of documents: one that came meanwhile, or what is none."""
        for number in self._transfer.store.kept if self._transfer else ():
            try:
                self._shelf.open(number).close()
            except LibraryError as error:
                self.failed[number] = str(error)

    async def close(self) -> None:
        """End the conversation with the index, and note on the disk what was learnt of the shelf."""
        await self._index.close()
        await asyncio.get_running_loop().run_in_executor(None, self._shelf.save)

    # What has become of it so far

    @property
    def documents(self) -> int:
        """How many came."""
        return (self._transfer.store.documents if self._transfer else 0) + len(self._single)

    @property
    def meanwhile(self) -> int:
        """How many more came that somebody else had put on the shelf by then; theirs stay."""
        kept = self._transfer.store.kept if self._transfer else ()
        return sum(number not in self.failed for number in kept)

    @property
    def size(self) -> int:
        """Bytes of all that came, and of those on their way to the disk."""
        return sum(source.size for source in self.sources) + sum(one.size for one in self._single)

    @property
    def unverified(self) -> list[int]:
        """Numbers of those that came without anybody having announced their SHA-256."""
        by_transfer = self._transfer.store.unverified if self._transfer else []
        return sorted([*by_transfer, *(one.number for one in self._single if not one.is_verified)])

    @property
    def sources(self) -> list[Source]:
        """Whom documents came from, the most first; not those that came one by one."""
        sources = self._transfer.sources.values() if self._transfer else ()
        return sorted(
            (source for source in sources if source.documents), key=lambda source: -source.documents
        )

    # One by one

    async def _fetch_one_by_one(self, offers: list[Offer]) -> None:
        downloads = Downloads(
            self._shelf,
            is_foreign=not self._index.is_on_this_machine,
            watch=self._watch,
            trace=self._trace,
            limits=self._options.limits,
        )
        for offer in sorted(offers, key=lambda offer: offer.number):
            try:
                self._single.append(await self._fetch(downloads, offer))
            except (DisagreementError, NetworkError, NotFoundError, ProtocolError, RefusedError) as error:
                self.failed[offer.number] = str(error)
                if not self._options.keeps_going:
                    return

    async def _fetch_from(self, origin: Origin, numbers: list[int]) -> None:
        for number in numbers:
            try:
                self._single.append(await origin.fetch(number, shelf=self._shelf, watch=self._watch))
            except NotFoundError:
                self.absent.append(number)
            except (NetworkError, ProtocolError, RefusedError) as error:
                self.failed[number] = str(error)
                if not self._options.keeps_going:
                    return

    async def _fetch(self, downloads: Downloads, offer: Offer) -> Downloaded:
        answer = await self._index.lookup_or_reconnect(offer.number, HOLDERS_WANTED)
        return await downloads.get(
            offer.number,
            answer.records,
            knows_features=Feature.DIGEST in self._index.agreed,
            accepts=offer.digest,
        )
