"""A peer: a shelf, its upload server, and a conversation with the index that is kept alive.

The shelf is registered when the index is reached, and again whenever it comes back. Imports `upload`,
`client`, `download`, `dialing`, `library`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from p2pci.client import Answer, ClientLimits, IndexClient
from p2pci.dialing import outward_address
from p2pci.download import HOLDERS_WANTED, DownloadLimits, Downloads
from p2pci.errors import ConnectionLostError, NetworkError, ProtocolError, RefusedError
from p2pci.events import (
    Advertised,
    Downloaded,
    IndexConnected,
    IndexLost,
    LeftOut,
    NotRegistered,
    Registered,
    Registering,
    UploadListening,
)
from p2pci.library import Shelf, fit_title
from p2pci.protocol.addresses import EVERYWHERE, is_loopback
from p2pci.protocol.extensions import Copy, Feature
from p2pci.upload import UploadLimits, UploadServer

if TYPE_CHECKING:
    from pathlib import Path

    from p2pci.events import Address, Event, Watcher
    from p2pci.protocol.messages import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLimits:
    """The limits of a peer's parts, and the pauses between its tries to reach a lost index, in seconds."""

    client: ClientLimits = field(default_factory=ClientLimits)
    download: DownloadLimits = field(default_factory=DownloadLimits)
    upload: UploadLimits = field(default_factory=UploadLimits)
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
        library: the folder of rfcN.txt that it shares; created when missing.
        bind: the address that the upload server listens on; None for all interfaces.
        port: the upload server's port; 0 for any free one.
        advertise: host and port to be published, where they differ from what is found out; a port of 0 is
            the upload server's own.
        watch: told of what happens now and then.
        trace: told of Sent and Received, at every message.
        limits: see PeerLimits.
    """

    def __init__(
        self,
        server: Address,
        library: Path,
        *,
        bind: str | None = None,
        port: int = 0,
        advertise: Address | None = None,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: PeerLimits | None = None,
    ) -> None:
        self.server = server
        self.shelf = Shelf(library)
        self.limits = limits or PeerLimits()
        self.identity: Address = ("", 0)
        self._bind = bind
        self._advertise = advertise
        self._watch = watch
        self._trace = trace
        self._upload = UploadServer(
            self.shelf, host=bind, port=port, watch=watch, trace=trace, limits=self.limits.upload
        )
        self._index: IndexClient | None = None
        self._own_names: set[Address] = set()  # how we are published, and what we claimed (clause P-4.10)
        self._titles: dict[int, str] = {}  # what is registered, and again after the index was lost
        self._keeper: asyncio.Task[None] | None = None
        self._downloads: Downloads | None = None

    @property
    def upload_port(self) -> int:
        """The port of the upload server, once started."""
        return self._upload.port

    @property
    def document_count(self) -> int:
        """How many documents are registered, or will be when the index is back."""
        return len(self._titles)

    async def start(self) -> None:
        """Serve the shelf, reach the index and register every document.

        Raises:
            CannotListenError: the upload port is taken.
            CannotConnectError: nobody answers at the index's address.
            NetworkError: the index went away while the shelf was being registered.
            LibraryError: the folder cannot be read.
        """
        try:
            documents = await asyncio.get_running_loop().run_in_executor(None, self.shelf.scan)
            for error in self.shelf.unreadable:
                self._tell(LeftOut(error))
            self._titles = {number: document.title for number, document in documents.items()}
            await self._upload.start()
            self._tell(UploadListening(self.upload_port))
            await self._join()
        except BaseException:
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self._keep_joined())

    async def stop(self) -> None:
        """Leave the index, let uploads under way go out, and end."""
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._index:
            await self._index.close()
        await self._upload.stop()
        self.shelf.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # Questions. While the index is away each raises ConnectionLostError; see also IndexClient.

    async def add(self, number: int, title: str, *, copy: Copy | None = None) -> Answer:
        """Register a document, on the shelf or not, now and whenever the index comes back."""
        answer = await self._reachable_index().add(number, title, copy=copy)
        self._titles[number] = title
        self._own_names.update((record.host, record.port) for record in answer.records)
        return answer

    async def lookup(self, number: int, title: str = "") -> Answer:
        """Ask the index who holds a document."""
        return await self._reachable_index().lookup(number, title)

    async def list_all(self) -> Answer:
        """Ask the index for all records."""
        return await self._reachable_index().list_all()

    async def get(self, number: int) -> Downloaded:
        """Look up a document, download it from another peer, and register it as ours.

        Raises:
            NotFoundError: there is nobody to fetch it from.
            DisagreementError: its holders announced different bytes, and none has a majority.
            NetworkError: none of its holders delivered it, or the index is away.
            LibraryError: it cannot be saved.
        """
        index = self._reachable_index()
        answer = await index.lookup(number, options=HOLDERS_WANTED)
        others = [record for record in answer.records if (record.host, record.port) not in self._own_names]
        downloaded = await self._downloads_from(index).get(
            number, others, knows_features=Feature.DIGEST in index.agreed
        )
        title = self._title_of(number, others)
        self._titles[number] = title  # should the index be away just now, it hears of it when it is back
        await self.add(number, title, copy=Copy(downloaded.size, downloaded.digest))
        return downloaded

    def _downloads_from(self, index: IndexClient) -> Downloads:
        if self._downloads is None:
            self._downloads = Downloads(
                self.shelf,
                is_foreign=not index.is_on_this_machine,
                watch=self._watch,
                trace=self._trace,
                limits=self.limits.download,
            )
        return self._downloads

    def _title_of(self, number: int, records: list[Record]) -> str:
        titles = (fit_title(record.title) for record in records)
        return next(filter(None, titles), "") or self.shelf.title(number)

    def _reachable_index(self) -> IndexClient:
        if self._index is None:
            raise ConnectionLostError(
                "The index server is away. It is being tried again; ask once it is back."
            )
        return self._index

    # Membership

    async def _join(self) -> None:
        index = IndexClient(*self.server, trace=self._trace, limits=self.limits.client)
        await index.connect()
        index.identity = self.identity = await self._choose_identity(index.local_address[0])
        self._own_names = {self.identity}
        self._tell(Advertised(*self.identity))
        self._tell(IndexConnected(*self.server))
        self._index = index
        await self._register_all()

    async def _choose_identity(self, local_address: str) -> Address:
        """Say under what we want to be published: as told, as bound, or as the index sees us."""
        host, port = self._advertise or ("", 0)
        if not host and self._bind and self._bind not in EVERYWHERE:
            host = self._bind
        if not host:
            host = await outward_address() if is_loopback(local_address) else local_address
        return host, port or self.upload_port

    async def _register_all(self) -> None:
        titles = dict(self._titles)
        refused = 0
        for position, (number, title) in enumerate(titles.items(), start=1):
            self._tell(Registering(number, title, position, len(titles)))
            try:
                await self.add(number, title)
            except (ProtocolError, RefusedError) as error:
                refused += 1
                self._tell(NotRegistered(number, str(error)))
        self._tell(Registered(len(titles) - refused))

    async def _keep_joined(self) -> None:
        while self._index:
            reason = await self._index.wait_lost()
            self._index = None
            await self._rejoin(reason)

    async def _rejoin(self, reason: str) -> None:
        """Try until the index is back: soon, then less often, and never all peers at the same moment."""
        pause = self.limits.first_retry_seconds
        while True:
            seconds = random.uniform(pause / 2, pause)
            self._tell(IndexLost(reason, seconds))
            await asyncio.sleep(seconds)
            try:
                return await self._join()
            except NetworkError as error:
                reason = str(error)
                pause = min(2 * pause, self.limits.last_retry_seconds)

    def _tell(self, event: Event) -> None:
        if self._watch:
            self._watch(event)
