"""The connection to a holder: bytes into one fixed buffer, and one head after the other out of it.

A fast holder cannot outrun a slow disk: when the buffer is full, nothing more is read until some is taken.
Imports `dialing`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from p2pci.dialing import show_address
from p2pci.errors import ConnectionLostError, DeadlineError
from p2pci.events import Received, Role, Sent
from p2pci.protocol.documents import DocumentHead, DocumentHeadReader
from p2pci.protocol.grammar import Status
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from p2pci.events import Address, Watcher

BUFFER_BYTES = 256 * 1024


class Inflow(asyncio.BufferedProtocol):
    """What a holder answers to one GET."""

    transport: asyncio.Transport

    def __init__(self, address: Address, *, trace: Watcher | None) -> None:
        self.address = address
        self._trace = trace
        self._buffer = bytearray(BUFFER_BYTES)
        self._filled = 0
        self._ended = False
        self._changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, _size_hint: int) -> memoryview:
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, size: int) -> None:
        self._filled += size
        if self._filled == BUFFER_BYTES:
            self.transport.pause_reading()
        self._changed.set()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        self._ended = True
        self._changed.set()

    def send(self, data: bytes) -> None:
        self.transport.write(data)
        if self._trace:
            self._trace(Sent(Role.DOWNLOAD, self.address, data))

    async def read_head(self, seconds: float) -> tuple[DocumentHead, bytes]:
        """Read up to the body, and give the head and what of the body came along.

        Raises:
            DeadlineError: it was not whole within `seconds`.
            ConnectionLostError: the holder closed before.
            ProtocolError: this is no answer.
        """
        reader = DocumentHeadReader()
        try:
            async with asyncio.timeout(seconds):
                head = await self._read_head(reader)
        except TimeoutError as error:
            where = show_address(self.address)
            raise DeadlineError(f"{where} did not answer within {seconds:g} s.") from error
        if self._trace:
            self._trace(Received(Role.DOWNLOAD, self.address, reader.head))
        return head, reader.body

    async def _read_head(self, reader: DocumentHeadReader) -> DocumentHead:
        is_begun = False
        while isinstance(head := reader.next_event(), Wait):
            data = await self.take(None)
            if data:
                reader.receive_data(data)
                is_begun = True
                continue
            # The holder may close behind an error without the blank line, but not in the head of a document.
            if is_begun and (head := reader.parse()).code not in (Status.OK, Status.PARTIAL_CONTENT):
                return head
            raise ConnectionLostError(f"{show_address(self.address)} closed before its answer was complete.")
        return head

    async def take(self, seconds: float | None) -> bytes:
        """Take the bytes that have come, waiting for the first; b"" when the holder has closed.

        Raises:
            DeadlineError: none came within `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._filled and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            if not self._filled and not self._ended:  # both may come in the same turn as the end of the time
                where = show_address(self.address)
                raise DeadlineError(f"{where} sent nothing for {seconds} s.") from error
        was_full = self._filled == BUFFER_BYTES
        data = bytes(memoryview(self._buffer)[: self._filled])
        self._filled = 0
        if was_full and not self._ended:
            self.transport.resume_reading()
        return data
