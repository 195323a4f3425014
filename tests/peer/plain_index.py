"""An index server that knows 1.0 and nothing else, and keeps every byte that it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from typing import cast

PLAIN_NAMES = {b"host", b"port", b"title"}


class PlainIndex:
    """One that publishes what it is told, connection by connection.

    Args:
        refuses_unknown: answers 400 to a request with a header that is not of 1.0 (annex A 11).
        refuses: the numbers of documents that it does not take.
    """

    def __init__(self, *, refuses_unknown: bool = False, refuses: Container[bytes] = ()) -> None:
        self.refuses_unknown = refuses_unknown
        self.refuses = refuses
        self.connections: list[PlainEnd] = []
        self.port = 0

    @property
    def open_ones(self) -> list[PlainEnd]:
        return [end for end in self.connections if end.is_open]

    @property
    def held(self) -> list[bytes]:
        """The numbers that are registered now, in the order in which they came."""
        return [number for end in self.open_ones for number in end.numbers]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PlainIndex]:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: PlainEnd(self), "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for end in self.open_ones:
                end.transport.abort()


class PlainEnd(asyncio.Protocol):
    """Its end of one connection; each segment must be one request, as it takes one recv for one message."""

    transport: asyncio.Transport

    def __init__(self, index: PlainIndex) -> None:
        self._index = index
        self.received: list[bytes] = []
        self.numbers: list[bytes] = []
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._index.connections.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False

    def data_received(self, data: bytes) -> None:
        assert data.endswith(b"\r\n\r\n"), data
        assert data.count(b"\r\n\r\n") == 1, data
        self.received.append(data)
        line, *headers = data.split(b"\r\n")[:-2]
        method, _, number, _ = line.split(b" ")
        assert method == b"ADD", data
        values = dict(header.split(b": ", 1) for header in headers)
        is_unknown = not {name.lower() for name in values} <= PLAIN_NAMES
        if number in self._index.refuses or (self._index.refuses_unknown and is_unknown):
            self.transport.write(b"P2P-CI/1.0 400 Bad Request\r\n\r\n")
            return
        self.numbers.append(number)
        record = (b"RFC", number, values[b"Title"], values[b"Host"], values[b"Port"])
        self.transport.write(b"P2P-CI/1.0 200 OK\r\n\r\n" + b" ".join(record) + b"\r\n\r\n")
