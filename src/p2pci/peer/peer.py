"""A peer: a shelf that follows its folder, its upload server, and its place in an index.

Imports `upload`, `client`, `download`, `dialing`, `library`, `protocol`, `events` and `errors`, and its
floor's `following`, `membership` and `offer`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from p2pci.client import Answer, ClientLimits
from p2pci.dialing import outward_address
from p2pci.download import HOLDERS_WANTED, DownloadLimits, Downloads
from p2pci.errors import InvalidValueError, NetworkError, NotFoundError, P2PCIError
from p2pci.events import Downloaded, NotDownloaded, UploadListening
from p2pci.library import ALL, Sharing, Shelf, fit_title
from p2pci.origin import Origin
from p2pci.peer.following import Follower, FollowLimits
from p2pci.peer.membership import Membership
from p2pci.peer.offer import Offer
from p2pci.protocol.addresses import EVERYWHERE, is_loopback
from p2pci.upload import UploadLimits, UploadServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from p2pci.events import Address, Event, Servers, Watcher
    from p2pci.library.search.index import SearchIndex
    from p2pci.protocol.messages import Record
    from p2pci.upload import Sending


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLimits:
    """The limits of a peer's parts, and the pauses between its tries to reach a lost index, in seconds."""

    client: ClientLimits = field(default_factory=ClientLimits)
    download: DownloadLimits = field(default_factory=DownloadLimits)
    upload: UploadLimits = field(default_factory=UploadLimits)
    follow: FollowLimits = field(default_factory=FollowLimits)
    first_retry_seconds: float = 0.5
    last_retry_seconds: float = 10.0


class Peer:
    """A running peer.

    >>> from pathlib import Path
    >>> async def main():
    ...     async with (
    ...         IndexServer(host="127.0.0.1", port=0) as server,
    ...         Peer(("127.0.0.1", server.port), Path("rfcs"), bind="127.0.0.1") as peer,
    ...     ):
    ...         await peer.add(3457, "Requirements for IPsec Remote Access Scenarios")
    ...         return [record.number for record in (await peer.list_all()).records]
    >>> asyncio.run(main())
    [3457]

    Args:
        server: host and port of the index server.
        library: the folder of rfcN.txt that it shares, as it is and as it changes; created when missing.
        spare: where titles and digests are kept when that folder cannot be written; None for nowhere.
        bind: the address that the upload server listens on; None for all interfaces.
        port: the upload server's port; 0 for any free one.
        advertise: host and port to be published, where they differ from what is found out; a port of 0 is
            the upload server's own.
        origin: the address on the web that is asked for what no peer delivers; see Origin.
        sharing: which numbers are shared; the others stay here.
        is_searchable: keep a full-text index of the shelf, in the background; see `search`.
        watch: told of what happens now and then.
        trace: told of Sent and Received, at every message.
        limits: see PeerLimits.
        spare_servers: index servers that answer as one with it, of which any will do.

    Attributes:
        search: the index of the shelf, current from the start on; None when it was not asked for.
    """

    def __init__(
        self,
        server: Address,
        library: Path,
        *,
        spare: Path | None = None,
        bind: str | None = None,
        port: int = 0,
        advertise: Address | None = None,
        origin: str | None = None,
        sharing: Sharing = ALL,
        is_searchable: bool = False,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: PeerLimits | None = None,
        spare_servers: Sequence[Address] = (),
    ) -> None:
        self.shelf = Shelf(library, spare=spare)
        self.limits = limits or PeerLimits()
        self.sharing = sharing
        self.search = _make_search(self.shelf, spare) if is_searchable else None
        self._bind = bind
        self._advertise = advertise
        self._watch = watch
        self._trace = trace
        self._upload = self._make_upload(bind, port)
        self._downloads: Downloads | None = None
        self._origin = Origin(origin) if origin else None
        self._offer = Offer(self.shelf, sharing)
        self._membership = self._make_membership([server, *spare_servers])
        self._follower = Follower(
            self.shelf, changed=self._take_changes, tell=self._tell, limits=self.limits.follow
        )
        self._tasks: list[asyncio.Task[None]] = []

    def _make_upload(self, host: str | None, port: int) -> UploadServer:
        return UploadServer(
            self.shelf,
            host=host,
            port=port,
            sharing=self.sharing,
            watch=self._watch,
            trace=self._trace,
            limits=self.limits.upload,
        )

    def _make_membership(self, servers: Sequence[Address]) -> Membership:
        return Membership(
            servers,
            offer=self._offer,
            identify=self._choose_identity,
            tell=self._tell,
            trace=self._trace,
            limits=self.limits.client,
            retry_seconds=(self.limits.first_retry_seconds, self.limits.last_retry_seconds),
        )

    def _take_changes(self) -> None:
        """Pass on what the follower found on the shelf."""
        self._membership.stir()
        if self.search:
            self.search.update(self.shelf.documents)

    @property
    def servers(self) -> Servers:
        """The index servers, of which any will do: first the one that knows this peer, or is tried next."""
        return tuple(self._membership.servers)

    @property
    def identity(self) -> Address:
        """Host and port that this peer asked to be published under, once it has reached the index."""
        return self._membership.identity

    @property
    def own_names(self) -> set[Address]:
        """Every host and port that records of this peer may have."""
        return self._membership.own_names

    @property
    def upload_port(self) -> int:
        """The port of the upload server, once started."""
        return self._upload.port

    @property
    def sending(self) -> list[Sending]:
        """The documents on their way to others that do not take them at once."""
        return self._upload.sending

    @property
    def document_count(self) -> int:
        """How many documents are registered, or will be when the index is back."""
        return len(self._offer.records())

    async def start(self) -> None:
        """Serve the shelf, reach the index, register every document, and follow what changes.

        Raises:
            CannotListenError: the upload port is taken.
            CannotConnectError: nobody answers at the index's address.
            NetworkError: the index went away while the shelf was being registered.
            LibraryError: the folder cannot be read.
        """
        try:
            await self._follower.begin()
            await self._upload.start()
            self._tell(UploadListening(self.upload_port))
            await self._membership.join()
        except BaseException:
            await self.stop()
            raise
        self._tasks = [
            asyncio.create_task(self._membership.keep()),
            asyncio.create_task(self._follower.follow()),
        ]

    async def stop(self) -> None:
        """Leave the index, let uploads under way go out, and end."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._membership.leave()
        await self._upload.stop()
        if self._origin:
            await self._origin.close()
        if self.search:
            await asyncio.get_running_loop().run_in_executor(None, self.search.close)
        self.shelf.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # Questions. While the index is away each raises ConnectionLostError; see also IndexClient.

    async def add(self, number: int, title: str) -> Answer:
        """Register a document, on the shelf or not, now and whenever the index comes back.

        Raises:
            InvalidValueError: it is one of those that are not shared.
        """
        if number not in self.sharing:
            raise InvalidValueError(
                f"RFC {number} is not shared here. Start the peer without what hides it (--share, --hide)."
            )
        return await self._membership.add(number, title)

    async def lookup(self, number: int, title: str = "") -> Answer:
        """Ask the index who holds a document."""
        return await self._membership.ask(lambda index: index.lookup(number, title))

    async def list_all(self) -> Answer:
        """Ask the index for all records."""
        return await self._membership.ask(lambda index: index.list_all())

    async def get(self, number: int) -> Downloaded:
        """Look up a document, download it from another peer, and register it as ours if it may be shared.

        Raises:
            NotFoundError: there is nobody to fetch it from.
            DisagreementError: its holders announced different bytes, and none has a majority.
            NetworkError: none of its holders delivered it, or the index is away.
            LibraryError: it cannot be saved.
        """
        answer = await self._membership.ask(lambda index: index.lookup(number, options=HOLDERS_WANTED))
        others = [
            record
            for record in answer.records
            if (record.host, record.port) not in self._membership.own_names
        ]
        try:
            downloaded = await self._download(number, others)
        except (P2PCIError, asyncio.CancelledError) as error:
            self._tell(NotDownloaded(number, str(error) or "It was given up."))
            raise
        if number not in self.sharing:
            return downloaded
        title = self._title_of(number, others)
        self._offer.add(number, title)  # should the index be away just now, it hears of it when it is back
        await self.add(number, title)
        return downloaded

    async def _download(self, number: int, records: list[Record]) -> Downloaded:
        """Download a document from another peer, or where none delivers it from the origin."""
        if self._downloads is None:
            self._downloads = Downloads(
                self.shelf,
                is_foreign=not self._membership.is_on_this_machine,
                watch=self._watch,
                trace=self._trace,
                limits=self.limits.download,
            )
        try:
            knows_features = self._membership.knows_copies
            return await self._downloads.get(number, records, knows_features=knows_features)
        except (NetworkError, NotFoundError):
            if self._origin is None:
                raise
        return await self._origin.fetch(number, shelf=self.shelf, watch=self._watch)

    def _title_of(self, number: int, records: list[Record]) -> str:
        titles = (fit_title(record.title) for record in records)
        return next(filter(None, titles), "") or self.shelf.title(number)

    async def _choose_identity(self, local_address: str) -> Address:
        """Say under what we want to be published: as told, as bound, or as the index sees us."""
        host, port = self._advertise or ("", 0)
        if not host and self._bind and self._bind not in EVERYWHERE:
            host = self._bind
        if not host:
            host = await outward_address() if is_loopback(local_address) else local_address
        return host, port or self.upload_port

    def _tell(self, event: Event) -> None:
        if self._watch:
            self._watch(event)


def _make_search(shelf: Shelf, spare: Path | None) -> SearchIndex:
    from p2pci.library.search.index import SearchIndex

    return SearchIndex(shelf, spare=spare)
