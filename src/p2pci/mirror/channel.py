"""A connection to a holder with several GETs on their way, and whole documents out of it (P-5.25 to P-5.29).

No task waits on it: what comes is read in the loop's own call, and each document handed on when its last byte
is there. Imports `download`'s limits, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import platform
from collections import deque
from typing import TYPE_CHECKING, cast

from p2pci.dialing import show_address
from p2pci.errors import ConnectionLostError, P2PCIError, ProtocolError
from p2pci.events import Received, Role, Sent
from p2pci.protocol.documents import DocumentHead, DocumentHeadReader, match_head
from p2pci.protocol.extensions import GetOptions
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Get, encode_request
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from p2pci.events import Watcher
    from p2pci.mirror.transfer import Job, Source, Transfer

BUFFER_BYTES = 256 * 1024
HEAD_STEP = 1024
IN_FLIGHT = 16


class Channel(asyncio.BufferedProtocol):
    """One connection to one source.

    Attributes:
        ended: what ended it: None for its time, else the error.
        received: bytes so far.
        under_way: what was asked for and has not come whole, in this order.
    """

    transport: asyncio.Transport

    def __init__(self, source: Source, transfer: Transfer, *, trace: Watcher | None) -> None:
        self.ended: asyncio.Future[P2PCIError | None] = asyncio.get_running_loop().create_future()
        self.received = 0
        self.under_way: deque[Job] = deque()
        self._source = source
        self._transfer = transfer
        self._trace = trace
        self._buffer = bytearray(BUFFER_BYTES)
        self._reader = DocumentHeadReader()
        self._head: DocumentHead | None = None
        self._body = bytearray()
        self._asks_more = source.knows_features
        self._keeps_alive = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def get_buffer(self, _size_hint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, size: int) -> None:
        self.received += size
        view = memoryview(self._buffer)[:size]
        try:
            while view and not self.ended.done():
                view = view[self._take_body(view) if self._head else self._take_head(view) :]
        except P2PCIError as error:
            self.end(error)

    def eof_received(self) -> None:
        self._lose()

    def connection_lost(self, error: Exception | None) -> None:
        self._lose()

    def _lose(self) -> None:
        if self._head or self._reader.is_begun:
            where = show_address(self._source.address)
            self.end(ConnectionLostError(f"{where} closed before its answer was complete."))
        else:
            self.end(None)  # between two answers: what was not answered is asked again

    def end(self, error: P2PCIError | None) -> None:
        """Close the connection; what was under way is to be asked again."""
        if not self.ended.done():
            self.ended.set_result(error)
            self.transport.abort()

    def _ask(self) -> None:
        """Send as many GETs as may be on their way; with nothing left to ask for, the connection ends."""
        requests = []
        room = IN_FLIGHT if self._keeps_alive else 1
        if len(self.under_way) > room // 2:
            return  # several at a time cost little more than one
        while len(self.under_way) < room and (job := self._transfer.next_job(self._source)):
            self.under_way.append(job)
            requests.append(self._encode(job))
        if requests:
            data = b"".join(requests)
            self.transport.write(data)
            if self._trace:
                self._trace(Sent(Role.DOWNLOAD, self._source.address, data))
        elif not self.under_way:
            self.end(None)

    def _encode(self, job: Job) -> bytes:
        asks_digest = self._asks_more and not job.offer.digest
        options = GetOptions(wants_digest=asks_digest, keeps_alive=self._asks_more)
        return encode_request(Get(job.offer.number, self._source.address[0], _OS, options))

    def _take_head(self, view: memoryview) -> int:
        """Read on in a head, and say how many bytes that took."""
        step = bytes(view[:HEAD_STEP])
        usual = None if self._reader.is_begun else match_head(step)
        if usual:
            self._note_head(*usual)
            return len(usual[1])
        self._reader.receive_data(step)
        head = self._reader.next_event()
        if isinstance(head, Wait):
            return len(step)
        reader, self._reader = self._reader, DocumentHeadReader()
        self._note_head(head, reader.head)
        return len(step) - len(reader.body)

    def _note_head(self, head: DocumentHead, data: bytes) -> None:
        if not self.under_way:
            raise ProtocolError(f"{show_address(self._source.address)} answered what nobody asked.")
        if self._trace:
            self._trace(Received(Role.DOWNLOAD, self._source.address, data))
        self._keeps_alive = head.keeps_alive
        self._begin(head)

    def _begin(self, head: DocumentHead) -> None:
        """Begin to take a body, or pass over what is none."""
        job = self.under_way[0]
        if head.code != Status.OK:
            self.under_way.popleft()
            if self._asks_more and head.code == Status.BAD_REQUEST:
                self._transfer.note_plainness(job, self._source)
            else:
                self._transfer.note_refusal(job, self._source)
            self._go_on(has_body=bool(head.size))
            return
        if head.size is None:
            raise ProtocolError("The holder sent no Content-Length, so the end cannot be known.")
        if head.size > self._transfer.whole_bytes:
            self.under_way.popleft()
            self._transfer.note_large(job)
            self.end(None)
            return
        self._head = head
        self._body = bytearray()
        if not head.size:
            self._finish(head)

    def _take_body(self, view: memoryview) -> int:
        head = cast("DocumentHead", self._head)
        piece = view[: (head.size or 0) - len(self._body)]
        self._body += piece
        if len(self._body) == head.size:
            self._finish(head)
        return len(piece)

    def _finish(self, head: DocumentHead) -> None:
        self._head = None
        self._transfer.take(self.under_way.popleft(), self._body, source=self._source, announced=head.digest)
        self._go_on(has_body=False)

    def _go_on(self, *, has_body: bool) -> None:
        """Ask for more on this connection, or on the next one."""
        if self._keeps_alive and not has_body:
            self._ask()
        else:
            self.end(None)


_OS = f"{platform.system()} {platform.release()}".strip()
