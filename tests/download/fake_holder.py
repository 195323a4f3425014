"""Holders that play a script: they read one GET, then send segments and end as they like."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import cast

from p2pci import DownloadLimits

# With what must come at once, five times the room and more.
SHORT = DownloadLimits(connect_seconds=5.0, head_seconds=0.2, stall_seconds=0.2, pauses_seconds=())


class End(Enum):
    """What a holder does behind its answer."""

    CLOSE = auto()
    STAY_OPEN = auto()
    RESET = auto()


class FakeHolder:
    """A holder that answers every GET in the same way, unless `answer` is another.

    Attributes:
        segments: the answer, sent so that each is read before the next goes out.
        end: what follows it.
        pause_seconds: before each segment.
        requests: what was asked, one for each connection.
    """

    def __init__(self, *segments: bytes, end: End = End.CLOSE, pause_seconds: float = 0.0) -> None:
        self.segments = segments
        self.end = end
        self.pause_seconds = pause_seconds
        self.requests: list[bytes] = []
        self.address = ("127.0.0.1", 0)
        self.ends: set[_FakeEnd] = set()
        self.answering: set[asyncio.Task[None]] = set()

    def answer(self, request: bytes) -> tuple[bytes, ...]:
        """Choose the segments for a request."""
        return self.segments


class _FakeEnd(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, holder: FakeHolder) -> None:
        self._holder = holder
        self._request = b""
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._holder.ends.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._holder.ends.discard(self)
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._request += data
        if self._request.endswith(b"\r\n\r\n"):
            self._holder.requests.append(self._request)
            task = asyncio.ensure_future(self._answer(self._holder.answer(self._request)))
            self._holder.answering.add(task)
            task.add_done_callback(self._holder.answering.discard)

    async def _answer(self, segments: tuple[bytes, ...]) -> None:
        for segment in segments:
            await self._writable.wait()
            await asyncio.sleep(self._holder.pause_seconds)
            self.transport.write(segment)
            for _ in range(3):
                await asyncio.sleep(0)
        if self._holder.end is End.CLOSE:
            self.transport.close()
        elif self._holder.end is End.RESET:
            connected = self.transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


@asynccontextmanager
async def serving(holder: FakeHolder) -> AsyncIterator[FakeHolder]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _FakeEnd(holder), "127.0.0.1", 0)
    holder.address = server.sockets[0].getsockname()
    try:
        yield holder
    finally:
        server.close()
        for end in list(holder.ends):
            end.transport.abort()
        for task in list(holder.answering):
            task.cancel()
        await asyncio.gather(*holder.answering, return_exceptions=True)


def document_answer(text: bytes, *, length: int | None = None) -> bytes:
    """Write the answer that a holder gives who does everything right; `length` to lie about it."""
    return (
        b"P2P-CI/1.0 200 OK\r\nDate: Sun, 26 Apr 2026 21:30:16 GMT\r\nOS: Darwin 24.3.0\r\n"
        b"Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\nContent-Length: %d\r\n"
        b"Content-Type: text/plain\r\n\r\n%b"
    ) % (len(text) if length is None else length, text)
