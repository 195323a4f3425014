"""One connection to the upload server: a GET and its answer.

Documents are opened and read in worker threads, so that a slow disk holds up nobody.
Imports its floor's `kept` and `from_file`.
"""

from __future__ import annotations

import asyncio
import platform
import time
from contextlib import closing
from typing import TYPE_CHECKING

from p2pci.errors import LibraryError
from p2pci.events import Received, Role, Sent
from p2pci.protocol.documents import encode_document_error, encode_head_end, encode_head_start
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, Refusal
from p2pci.protocol.requests import Wait
from p2pci.protocol.rules import Conversation
from p2pci.protocol.shortcuts import read_get
from p2pci.serving import Listener, ServedConnection
from p2pci.upload.from_file import duplicate, send_some

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from p2pci.library import OpenDocument
    from p2pci.upload.server import UploadServer

WHOLE_BYTES = 2 * 1024 * 1024  # documents of up to so many are read whole
PIECE_BYTES = 256 * 1024  # and written in such pieces


class UploadConnection(ServedConnection):
    """One GET and its answer; whatever follows the head is dropped (clause P-1.45)."""

    _upload: asyncio.Task[None] | None = None  # what of the answer does not go out at once
    _has_slot = False
    _writable: asyncio.Future[None] | None = None  # while an upload waits until more can be written

    def __init__(self, server: UploadServer, listener: Listener) -> None:
        super().__init__(Conversation.P2P, listener)
        self._server = server

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if transport.is_closing():
            return
        self._listener.heads.start(self)
        if len(self._listener.connections) > self._listener.limits.max_connections:
            self._refuse(Status.BAD_REQUEST)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._wake_upload()  # it sees that it is over; a cancelled one could lose its file
        if self._upload and not self._has_slot:
            self._upload.cancel()  # nobody is there for whom it waits

    def data_received(self, data: bytes) -> None:
        if self._upload and not self.is_finishing:
            return
        is_first = self._reader is None and not self.is_finishing and not self._server.trace
        number = read_get(data) if is_first else None
        if number:
            self._answer_get(number)
        else:
            super().data_received(data)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wake_upload()

    # What is answered

    def serve(self) -> None:
        if self._upload:
            return
        event = self.reader.next_event()
        if event is Wait.CLOSED:
            self.finish()
        elif not isinstance(event, Wait):
            if self._server.trace:
                self._server.trace(Received(Role.UPLOAD, self.address, self.reader.last_head))
            if isinstance(event, Get):
                self._answer_get(event.number)
            else:
                self._refuse(event.status if isinstance(event, Refusal) else Status.BAD_REQUEST)

    def head_is_late(self) -> None:
        if self.reader.head_started:
            self._refuse(Status.BAD_REQUEST)
        else:
            self.finish()  # no request line, no answer (clause P-1.29)

    def _answer_get(self, number: int) -> None:
        """Send the document from memory if it is kept and a slot is free, else from its file."""
        server = self._server
        kept = server.kept.get(number)
        if kept is None or (server.uploads and server.slots.locked()):
            self._start_upload(self._send_in_slot(number))
            return
        rest = self._send_beginning(kept.head_end, kept.data)
        if rest or not self.can_write:
            self._start_upload(self._finish_in_slot(number, len(kept.data), rest))
        else:
            self._finish_upload(number, len(kept.data))

    def _refuse(self, status: Status) -> None:
        if not self.transport.is_closing():
            self._send((encode_document_error(status),))
        self.finish()

    # How a document is sent

    def _start_upload(self, upload: Coroutine[Any, Any, None]) -> None:
        self.stop_head_clock()
        self._upload = self._loop.create_task(upload)
        self._server.uploads.add(self._upload)
        self._upload.add_done_callback(self._server.uploads.discard)

    async def _send_in_slot(self, number: int) -> None:
        """Wait for a slot, then send the document."""
        slots = self._server.slots
        try:
            async with asyncio.timeout(self._server.limits.slot_seconds):
                await slots.acquire()
        except TimeoutError:
            self.finish()
            return
        self._has_slot = True
        try:
            document, data = await self._loop.run_in_executor(None, self._open, number)
            with closing(document):
                await self._send_document(number, document, data)
        except LibraryError:
            self._refuse(Status.NOT_FOUND)
        finally:
            slots.release()

    async def _finish_in_slot(self, number: int, size: int, rest: memoryview) -> None:
        """Hold a slot until a slow reader has taken what is sent to it from memory."""
        async with self._server.slots:
            self._has_slot = True
            await self._send_rest(rest)
            self._finish_upload(number, size)

    def _open(self, number: int) -> tuple[OpenDocument, bytes]:
        """Open a document, and read it if it is small; runs in a worker thread."""
        document = self._server.shelf.open(number)
        try:
            return document, document.read(WHOLE_BYTES) if document.size <= WHOLE_BYTES else b""
        except BaseException:
            document.close()
            raise

    async def _send_document(self, number: int, document: OpenDocument, data: bytes) -> None:
        """Send head and body; a file that shrinks under us ends in a short body, which the reader notices."""
        head_end = encode_head_end(document.size, modified=document.modified, os=_OS)
        self._server.kept.keep(number, document, head_end=head_end, data=data)
        if self.transport.is_closing():
            return  # the other side left while the document was opened
        await self._send_rest(self._send_beginning(head_end, data))
        if document.size > WHOLE_BYTES:
            await self._send_from_file(document)
        if document.left:
            self.finish()
        else:
            self._finish_upload(number, document.size)

    def _send_beginning(self, head_end: bytes, body: bytes) -> memoryview:
        """Send the head and the first piece of the body, and give what is left of that."""
        head_start = encode_head_start(int(time.time()))
        if len(body) <= PIECE_BYTES:
            self._send((head_start, head_end), body)
            return _NOTHING
        pieces = memoryview(body)
        self._send((head_start, head_end), pieces[:PIECE_BYTES])
        return pieces[PIECE_BYTES:]

    def _send(self, head: tuple[bytes, ...], body: bytes | memoryview = b"") -> None:
        """Send a head, and the beginning of the body in the same system call."""
        self.transport.writelines((*head, body))
        if self._server.trace:
            self._server.trace(Sent(Role.UPLOAD, self.address, b"".join(head)))

    async def _send_rest(self, rest: memoryview) -> None:
        await self._until_writable()
        while rest and not self.transport.is_closing():
            self.transport.write(rest[:PIECE_BYTES])
            rest = rest[PIECE_BYTES:]
            await self._until_writable()

    async def _send_from_file(self, document: OpenDocument) -> None:
        """Let a worker send what the reader takes, and write the piece that it gives, until all is out."""
        if self.transport.is_closing():
            return
        self.transport.set_write_buffer_limits(high=0)  # writable: all that was written is out
        out = duplicate(self.transport)
        try:
            while document.left and not self.transport.is_closing():
                piece = await self._loop.run_in_executor(None, send_some, document, out)
                if not piece or self.transport.is_closing():
                    break
                self.transport.write(piece)
                await self._until_writable()
        finally:
            if out is not None:
                out.close()

    async def _until_writable(self) -> None:
        while not self.can_write and not self.transport.is_closing():
            self._writable = self._loop.create_future()
            await self._writable

    def _wake_upload(self) -> None:
        if self._writable and not self._writable.done():
            self._writable.set_result(None)

    def _finish_upload(self, number: int, size: int) -> None:
        if not self.transport.is_closing():
            self._server.note_upload(self, number, size)
        self.finish()


_OS = f"{platform.system()} {platform.release()}".strip()
_NOTHING = memoryview(b"")
