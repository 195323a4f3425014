"""One connection to the upload server: GETs and their answers, one after the other.

Without keep-alive there is one, and whatever follows its head is dropped. Documents are opened and read in
worker threads, several at a time when several are asked for, so that a slow disk holds up nobody.
Imports its floor's `heads`, `opening` and `from_file`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from p2pci.events import Received, Role, Sent
from p2pci.protocol.documents import encode_document_error
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, Refusal
from p2pci.protocol.requests import Wait
from p2pci.protocol.rules import Conversation
from p2pci.protocol.shortcuts import read_get
from p2pci.serving import Listener, ServedConnection
from p2pci.upload.from_file import duplicate, push, send_some
from p2pci.upload.heads import Facts, error_of, head_of, head_start, span_of
from p2pci.upload.opening import Opened, open_some

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from p2pci.events import Address
    from p2pci.library import OpenDocument
    from p2pci.upload.server import UploadServer

PIECE_BYTES = 256 * 1024  # of a document that is in memory, written at a time
BATCH = 32  # GETs that are taken at a time


class Sending(NamedTuple):
    """A document, or a part of one, that its reader does not take at once.

    Attributes:
        address: of who asked for it.
        number: of the RFC.
        began: seconds since 1970.
        sent: bytes that the system has taken, of `size`.
    """

    address: Address
    number: int
    began: float
    sent: int
    size: int


class UploadConnection(ServedConnection):
    """The GETs of one connection."""

    _upload: asyncio.Task[None] | None = None  # what of the answers does not go out at once
    has_slot = False
    _writable: asyncio.Future[None] | None = None  # while an upload waits until more can be written
    _sending: tuple[int, float, int] | None = None  # number, beginning, and size of what waits for its reader
    _unwritten = 0  # bytes of that
    _keeps_alive = False  # agreed on this connection (clause P-5.25)

    def __init__(self, server: UploadServer, listener: Listener) -> None:
        super().__init__(Conversation.P2P, listener)
        self._server = server
        self._taken: deque[Get | Refusal] = deque()  # off what came, and not answered yet

    @property
    def sending(self) -> Sending | None:
        """What waits for its reader; None while nothing does."""
        if self._sending is None:
            return None
        number, began, size = self._sending
        left = self._unwritten + self.transport.get_write_buffer_size()
        return Sending(self.address, number, began, max(0, size - left), size)

    # Called by the event loop

    def begin(self) -> None:
        self._listener.heads.start(self)

    def refuse_newcomer(self) -> None:
        self._send((encode_document_error(Status.BAD_REQUEST),))
        self.finish()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._server.idle.stop(self)
        self._wake_upload()  # it sees that it is over; a cancelled one could lose its file
        if self._upload and not self.has_slot:
            self._upload.cancel()  # nobody is there for whom it waits

    def data_received(self, data: bytes) -> None:
        if self._upload and not self._keeps_alive and not self.is_finishing:
            return  # what follows the only head (clause P-1.45)
        if not self._server.trace and not self.is_finishing and (not self._reader or self._reader.is_drained):
            data = self._take_usual(data)
        if data:
            super().data_received(data)
        else:
            self.serve()

    def _take_usual(self, data: bytes) -> bytes:
        """Take GETs as they are always sent, without the reader, and give what is left for that."""
        position = 0
        while usual := read_get(data, position):
            number, options, position = usual
            self._taken.append(Get(number, "", "", options))
            if not options.keeps_alive:
                return b""  # what follows the only head (clause P-1.45)
        return data[position:] if position else data

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wake_upload()

    # What is answered, and in which order

    def serve(self) -> None:
        """Answer what has come, as long as that goes out at once."""
        while not self._upload and not self.is_finishing:
            event = self._taken.popleft() if self._taken else self.reader.next_event()
            if event is Wait.CLOSED:
                self.finish()
            elif event is Wait.NEED_DATA:
                self._wait_for_more()
                return
            elif isinstance(event, Get):
                self._note_request()
                self._answer(event)
            elif isinstance(event, Refusal):
                self._note_request()
                self._refuse(event.status, closes=event.closes)
            else:
                self._refuse(Status.BAD_REQUEST, closes=True)  # the reader gives no others here

    def _note_request(self) -> None:
        self.stop_head_clock()
        if self._server.trace:
            self._server.trace(Received(Role.UPLOAD, self.address, self.reader.last_head))

    def _wait_for_more(self) -> None:
        """Let a head take its time from its first byte on, and an agreed silence its own (P-5.28)."""
        if not self._keeps_alive:
            return  # the clock runs since the accept (clause P-1.29)
        self.set_reading(True)
        if self._reader and self._reader.head_started:
            self._server.idle.stop(self)
            self.start_head_clock()
        else:
            self._server.idle.start(self)

    def head_is_late(self) -> None:
        if self.reader.head_started:
            self._refuse(Status.BAD_REQUEST, closes=True)
        else:
            self.finish()  # no request line, no answer (clause P-1.29)

    def _answer(self, get: Get) -> None:
        """Send the document from memory if it is kept and a slot is free, else from its file."""
        if get.options.keeps_alive and not self._keeps_alive:
            push(self.transport)
        self._keeps_alive = get.options.keeps_alive
        server = self._server
        kept = server.kept.get(get.number)
        if kept and get.options.wants_digest and kept.facts.digest is None:
            kept = None  # it is found out where the document is opened
        if kept is None or server.pace or (server.uploads and server.slots.locked()):
            self._start_upload(self._send_in_slot(get))
            return
        if get.options.span is None:
            rest = self._send_beginning((head_start(), kept.head_end(get.options)), kept.data)
        else:
            rest = self._send_part(get, kept.facts, kept.data)
        if rest or not self.can_write:
            self._start_upload(self._finish_in_slot(get, kept.facts, rest))
        else:
            self._end_answer(get, kept.facts)

    def _refuse(self, status: Status, *, closes: bool = False) -> None:
        """Answer an error; under keep-alive it leaves the connection open (clause P-5.27)."""
        if not self.transport.is_closing():
            self._send((encode_document_error(status),))
        if closes or not self._keeps_alive:
            self.finish()

    def _end_answer(self, get: Get, facts: Facts) -> None:
        """Note that all of a document was written; without keep-alive the close follows."""
        self._sending = None
        if not self.transport.is_closing():
            self._server.note_upload(self, get.number, len(span_of(get.options, facts.size) or ()))
        if not get.options.keeps_alive:
            self.finish()

    # How a document is sent

    def _send_part(self, get: Get, facts: Facts, data: bytes | memoryview) -> memoryview:
        """Send what was asked for of a document that is in memory, and give what has to wait."""
        span = span_of(get.options, facts.size)
        if span is None:
            self._send((error_of(Status.RANGE_NOT_SATISFIABLE, get.options, size=facts.size),))
            return _NOTHING
        return self._send_beginning(head_of(get.options, facts), memoryview(data)[span.start : span.stop])

    def _send_beginning(self, head: tuple[bytes, bytes], body: memoryview) -> memoryview:
        """Send the head and the first piece of the body, and give what is left of that.

        Where the pace is limited all of the body is left.
        """
        if self._server.pace:
            self._send(head)
            return body
        self._send(head, body[:PIECE_BYTES])
        return body[PIECE_BYTES:]

    def _send(self, head: tuple[bytes, ...], body: memoryview | bytes = b"") -> None:
        """Send a head, and the beginning of the body in the same system call."""
        self.transport.writelines((*head, body))
        if self._server.trace:
            self._server.trace(Sent(Role.UPLOAD, self.address, b"".join(head)))

    def _start_upload(self, upload: Coroutine[Any, Any, None]) -> None:
        """Let a task send what does not go out at once."""
        self.stop_head_clock()
        if self._keeps_alive:
            self._server.idle.stop(self)
            self.set_reading(False)  # one after the other
        self._upload = self._loop.create_task(upload)
        self._server.uploads[self._upload] = self
        self._upload.add_done_callback(self._go_on)

    def _go_on(self, upload: asyncio.Task[None]) -> None:
        """Turn to what was asked for meanwhile."""
        del self._server.uploads[upload]
        self._upload = self._sending = None
        self.has_slot = False
        if not self.is_finishing and not self.transport.is_closing():
            self.serve()

    async def _send_in_slot(self, get: Get) -> None:
        """Wait for a slot, then send the document, and those that were asked for behind it."""
        if not await self._take_slot():
            self.finish()
            return
        try:
            gets = self._take_gets(get)
            while gets and not self.transport.is_closing():
                open_gets = partial(open_some, self._server.shelf, gets, sharing=self._server.sharing)
                opened = await self._loop.run_in_executor(None, open_gets)
                await self._send_opened(gets, opened)
                gets = gets[len(opened) :]
        finally:
            self._server.slots.release()

    async def _take_slot(self) -> bool:
        """Wait for a slot, and half-way have one given back; False when none came in time (clause P-4.16)."""
        seconds = self._server.limits.slot_seconds
        asking = self._loop.call_later(seconds / 2, self._server.ask_slot_back, self)
        try:
            async with asyncio.timeout(seconds):
                await self._server.slots.acquire()
        except TimeoutError:
            return False
        finally:
            asking.cancel()
        self.has_slot = True
        return True

    async def _finish_in_slot(self, get: Get, facts: Facts, rest: memoryview) -> None:
        """Hold a slot until a slow reader has taken what is sent to it from memory."""
        async with self._server.slots:
            self.has_slot = True
            await self._send_rest(get, facts, rest)
            self._end_answer(get, facts)

    def _take_gets(self, first: Get) -> list[Get]:
        """Take the GETs that have come behind one, under keep-alive."""
        gets = [first]
        while gets[-1].options.keeps_alive and len(gets) < BATCH:
            event = self._taken.popleft() if self._taken else self.reader.next_event()
            if isinstance(event, Get):
                self._note_request()
                gets.append(event)
                continue
            if isinstance(event, Refusal):
                self._taken.append(event)
            break
        return gets

    async def _send_opened(self, gets: list[Get], opened: list[Opened]) -> None:
        """Send documents in order; all are closed at the end, however it comes."""
        try:
            for get, each in zip(gets, opened, strict=False):
                if self.transport.is_closing() or self.is_finishing:
                    return
                self._keeps_alive = get.options.keeps_alive
                if each.document is None:
                    self._send((error_of(Status.NOT_FOUND, get.options),))
                elif each.is_whole:
                    await self._send_whole(get, each, each.document)
                else:
                    await self._send_large(get, each, each.document)
                if not self._keeps_alive:
                    self.finish()
        finally:
            for each in opened:
                if each.document:
                    each.document.close()

    async def _send_whole(self, get: Get, opened: Opened, document: OpenDocument) -> None:
        """Send a document that was read; one that has shrunk meanwhile ends in a short body."""
        self._server.kept.keep(get.number, document, facts=opened.facts, data=opened.data)
        await self._send_rest(get, opened.facts, self._send_part(get, opened.facts, opened.data))
        if document.left:
            self.finish()
        else:
            self._end_answer(get, opened.facts)

    async def _send_large(self, get: Get, opened: Opened, document: OpenDocument) -> None:
        """Send a document piece by piece, straight from its file."""
        span = span_of(get.options, opened.facts.size)
        if span is None:
            self._send((error_of(Status.RANGE_NOT_SATISFIABLE, get.options, size=opened.facts.size),))
            return
        document.select(span.start, span.stop)
        self.transport.set_write_buffer_limits(high=0)  # writable: all that was written is out
        self._send(head_of(get.options, opened.facts))
        await self._until_writable()
        self._sending, self._unwritten = (get.number, time.time(), document.left), document.left
        await self._send_from_file(document)
        if document.left:
            self.finish()
        else:
            self._end_answer(get, opened.facts)

    async def _send_from_file(self, document: OpenDocument) -> None:
        """Let a worker send what the reader takes, and write the piece that it gives, until all is out."""
        if self.transport.is_closing():
            return
        pace = self._server.pace
        out = None if pace else duplicate(self.transport)
        most = pace.piece_bytes if pace else PIECE_BYTES
        try:
            while document.left and not self.transport.is_closing():
                await self._until_due(min(most, document.left))
                piece = await self._loop.run_in_executor(None, send_some, document, out, most)
                if not piece or self.transport.is_closing():
                    break
                self.transport.write(piece)
                self._unwritten = document.left
                await self._until_writable()
        finally:
            if out is not None:
                out.close()

    async def _send_rest(self, get: Get, facts: Facts, rest: memoryview) -> None:
        if self.can_write and not rest:
            return
        self._sending = (get.number, time.time(), len(span_of(get.options, facts.size) or ()))
        self._unwritten = len(rest)
        most = self._server.pace.piece_bytes if self._server.pace else PIECE_BYTES
        await self._until_writable()
        while rest and not self.transport.is_closing():
            await self._until_due(len(rest[:most]))
            if self.transport.is_closing():
                return
            self.transport.write(rest[:most])
            rest = rest[most:]
            self._unwritten = len(rest)
            await self._until_writable()

    async def _until_due(self, size: int) -> None:
        """Wait for the turn of so many bytes where the pace is limited, or until the connection ends."""
        if self._server.pace is None:
            return
        due = self._server.pace.book(size, now=self._loop.time())
        while self._loop.time() < due and not self.transport.is_closing():
            self._writable = self._loop.create_future()
            timer = self._loop.call_at(due, self._wake_upload)
            await self._writable
            timer.cancel()

    async def _until_writable(self) -> None:
        while not self.can_write and not self.transport.is_closing():
            self._writable = self._loop.create_future()
            await self._writable

    def _wake_upload(self) -> None:
        if self._writable and not self._writable.done():
            self._writable.set_result(None)


_NOTHING = memoryview(b"")
