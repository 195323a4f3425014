"""The upload server: a peer's documents, one GET per connection (P2P, clauses P-3.1 to P-3.6).

A document is opened by its number and read in pieces in worker threads, so that a slow disk or a slow
reader holds up nobody else; small ones are kept in memory and sent from there as long as their file is
the same. Imports `serving`, `library`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import platform
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from p2pci.errors import LibraryError
from p2pci.events import Received, Role, Sent, Uploaded, Watcher
from p2pci.library import DocumentCache
from p2pci.protocol.documents import encode_document_error, encode_document_head
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, Refusal
from p2pci.protocol.requests import Conversation, Wait
from p2pci.serving import Listener, ServedConnection, ServingLimits

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from p2pci.library import OpenDocument, Shelf

PIECE_BYTES = 256 * 1024
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """What an upload server gives away.

    Attributes:
        slots: documents sent at the same time.
        slot_seconds: a GET waits that long for a slot, then is closed without an answer (clause P-4.16).
        cache_bytes: of small documents kept in memory.
        serving: see ServingLimits.
    """

    slots: int = 256
    slot_seconds: float = 30.0
    cache_bytes: int = 32 * 1024 * 1024
    serving: ServingLimits = field(default_factory=ServingLimits)


class UploadServer:
    """A running upload server for one shelf.

    Args:
        shelf: whose documents are served.
        host: the address to listen on; None for all interfaces, IPv4 and IPv6.
        port: 0 for any free one; `port` then tells which.
        watch: told of Uploaded.
        trace: told of Received and Sent, heads alone.
        limits: see UploadLimits.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        host: str | None = None,
        port: int = 0,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: UploadLimits | None = None,
    ) -> None:
        self.shelf = shelf
        self.watch = watch
        self.trace = trace
        self.limits = limits or UploadLimits()
        self.slots = asyncio.Semaphore(self.limits.slots)
        self.cache = DocumentCache(shelf.state, max_bytes=self.limits.cache_bytes)
        self.uploads: set[asyncio.Task[None]] = set()
        self._host = host
        self._wanted_port = port
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._listener.port if self._listener else self._wanted_port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        listener = Listener(lambda: _UploadConnection(self, listener), limits=self.limits.serving)
        await listener.open(self._host, self._wanted_port)
        self._listener = listener

    async def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop accepting, let documents under way go out for so long, then close every connection."""
        if self._listener:
            await self._listener.close(grace_seconds=grace_seconds)
            self._listener = None
        await asyncio.gather(*self.uploads, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _UploadConnection(ServedConnection):
    """One GET and its answer; whatever follows the head is dropped (clause P-1.45)."""

    def __init__(self, server: UploadServer, listener: Listener) -> None:
        super().__init__(Conversation.P2P, listener)
        self._server = server
        self._upload: asyncio.Task[None] | None = None
        self._has_slot = False
        self._writable = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if transport.is_closing():
            return
        self.start_head_clock()
        if len(self._listener.connections) > self._listener.limits.max_connections:
            self._refuse(Status.BAD_REQUEST)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._writable.set()  # an upload under way sees that it is over; a cancelled one could lose its file
        if self._upload and not self._has_slot:
            self._upload.cancel()  # nobody is there for whom it waits

    def data_received(self, data: bytes) -> None:
        if self._upload is None or self.is_finishing:
            super().data_received(data)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._writable.set()

    def serve(self) -> None:
        if self._upload is not None:
            return
        event = self.reader.next_event()
        if event is Wait.CLOSED:
            self.finish()
        elif not isinstance(event, Wait):
            self.stop_head_clock()
            if self._server.trace:
                self._server.trace(Received(Role.UPLOAD, self.address, self.reader.last_head))
            if isinstance(event, Get):
                self._answer_get(event.number)
            else:
                self._refuse(event.status if isinstance(event, Refusal) else Status.BAD_REQUEST)

    def _answer_get(self, number: int) -> None:
        """Send the document from memory if it is kept and a slot is free, else from its file."""
        kept = self._server.cache.get(number)
        if kept is None or self._server.slots.locked():
            self._start_upload(self._send_in_slot(number))
            return
        size = len(kept.data)
        self._send_head(_encode_head(size, modified=kept.modified), kept.data)
        if self.can_write:
            self._finish_upload(number, size)
        else:
            self._start_upload(self._finish_in_slot(number, size))

    def head_is_late(self) -> None:
        if self.reader.head_started:
            self._refuse(Status.BAD_REQUEST)
        else:
            self.finish()  # no request line, no answer (clause P-1.29)

    def _refuse(self, status: Status) -> None:
        self._send_head(encode_document_error(status))
        self.finish()

    def _send_head(self, head: bytes, body: bytes = b"") -> None:
        """Send a head, and the beginning of the body in the same system call."""
        if self.transport.is_closing():
            return  # the other side left while the document was opened; uvloop refuses to write then
        self.transport.writelines((head, body) if body else (head,))
        if self._server.trace:
            self._server.trace(Sent(Role.UPLOAD, self.address, head))

    def _start_upload(self, upload: Coroutine[Any, Any, None]) -> None:
        self._upload = self._loop.create_task(upload)
        self._server.uploads.add(self._upload)
        self._upload.add_done_callback(self._server.uploads.discard)

    async def _send_in_slot(self, number: int) -> None:
        slots = self._server.slots
        try:
            async with asyncio.timeout(self._server.limits.slot_seconds):
                await slots.acquire()
        except TimeoutError:
            self.finish()
            return
        self._has_slot = True
        try:
            document, piece = await self._loop.run_in_executor(None, self._open, number)
            with closing(document):
                self._server.cache.keep(number, document, piece)
                await self._send_document(number, document, piece)
        except LibraryError:
            self._refuse(Status.NOT_FOUND)
        finally:
            slots.release()

    async def _finish_in_slot(self, number: int, size: int) -> None:
        """Hold a slot until a slow reader has taken what was sent to it from memory."""
        async with self._server.slots:
            self._has_slot = True
            await self._until_writable()
            self._finish_upload(number, size)

    def _finish_upload(self, number: int, size: int) -> None:
        is_whole = not self.transport.is_closing()
        self.finish()
        if is_whole and self._server.watch:
            self._server.watch(Uploaded(self.address, number, size))

    def _open(self, number: int) -> tuple[OpenDocument, bytes]:
        """Open a document and read its beginning; runs in a worker thread."""
        document = self._server.shelf.open(number)
        try:
            return document, document.read(PIECE_BYTES)
        except BaseException:
            document.close()
            raise

    async def _send_document(self, number: int, document: OpenDocument, piece: bytes) -> None:
        """Send head and body; a file that shrinks under us ends in a short body, which the reader notices."""
        piece = piece[: document.size]
        self._send_head(_encode_head(document.size, modified=document.modified), piece)
        left = document.size - len(piece)
        await self._until_writable()
        while left and piece and not self.transport.is_closing():
            piece = await self._loop.run_in_executor(None, self._read_on, document, min(left, PIECE_BYTES))
            left -= len(piece)
            if not self.transport.is_closing():
                self.transport.write(piece)
            await self._until_writable()
        if left:
            self.finish()
        else:
            self._finish_upload(number, document.size)

    @staticmethod
    def _read_on(document: OpenDocument, max_bytes: int) -> bytes:
        """Read the next piece; the head is out, so a disk that fails now leaves a short body too."""
        try:
            return document.read(max_bytes)
        except LibraryError:
            return b""

    async def _until_writable(self) -> None:
        while not self.can_write and not self.transport.is_closing():
            self._writable.clear()
            await self._writable.wait()


def _encode_head(size: int, *, modified: float) -> bytes:
    return encode_document_head(size, date=time.time(), modified=modified, os=_OS)


_OS = f"{platform.system()} {platform.release()}".strip()
