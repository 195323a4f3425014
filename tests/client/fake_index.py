"""Index servers that play a script: what they read is checked, what they send is the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from p2pci import ClientLimits, IndexClient
from p2pci.protocol.extensions import NO_FEATURES, Features
from tests.upload.loops import WAIT_SECONDS

# Silence and deadline as short as a busy machine allows; what must come at once is within both.
SHORT = ClientLimits(connect_seconds=5.0, answer_seconds=0.5, silence_seconds=0.1)
IDENTITY = ("10.0.0.1", 5678)


class FakeEnd(asyncio.Protocol):
    """The server's end of one connection."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._segments: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._segments.put_nowait(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._segments.put_nowait(b"")

    @property
    def has_request(self) -> bool:
        return not self._segments.empty()

    async def request(self) -> bytes:
        """Take one segment, which must be one request (clause P-1.7); b"" when the client has closed."""
        async with asyncio.timeout(WAIT_SECONDS):
            segment = await self._segments.get()
        assert segment == b"" or (segment.endswith(b"\r\n\r\n") and segment.count(b"\r\n\r\n") == 1), segment
        return segment

    async def send(self, *segments: bytes) -> None:
        """Send segments, each so that the client has read it before the next goes out."""
        for segment in segments:
            self.transport.write(segment)
            for _ in range(3):
                await asyncio.sleep(0)

    async def answer(self, *segments: bytes) -> bytes:
        request = await self.request()
        await self.send(*segments)
        return request

    def close(self) -> None:
        self.transport.close()


Script = Callable[[FakeEnd], Awaitable[None]]


@asynccontextmanager
async def playing(
    script: Script, *, limits: ClientLimits = SHORT, proposes: Features = NO_FEATURES
) -> AsyncIterator[IndexClient]:
    """Run a fake index and a client that is connected to it; the script must come to its end."""
    loop = asyncio.get_running_loop()
    ends: asyncio.Queue[FakeEnd] = asyncio.Queue()

    def accept() -> FakeEnd:
        end = FakeEnd()
        ends.put_nowait(end)
        return end

    async with await loop.create_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with IndexClient(
            "127.0.0.1", port, identity=IDENTITY, limits=limits, proposes=proposes
        ) as client:
            end = await ends.get()
            player = asyncio.ensure_future(script(end))
            try:
                yield client
                async with asyncio.timeout(WAIT_SECONDS):
                    await player
            finally:
                player.cancel()
                await asyncio.gather(player, return_exceptions=True)
                end.close()
