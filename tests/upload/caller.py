"""The other end of an upload: a raw socket, so that every byte and every close is the test's own."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import closing

from p2pci import UploadServer
from tests.upload.loops import WAIT_SECONDS

BIG_BYTES = 24 * 1024 * 1024  # more than the system takes in while nobody reads


def get(number: int | str) -> bytes:
    return f"GET RFC {number} P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: Test 1\r\n\r\n".encode()


class Caller:
    """A connection to an upload server; every wait ends within WAIT_SECONDS."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    @classmethod
    async def connect(
        cls, port: int, *, receive_buffer_bytes: int | None = None, source: str = "127.0.0.1"
    ) -> Caller:
        connecting = socket.socket()
        connecting.bind((source, 0))
        connecting.settimeout(0)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer_bytes:
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        try:
            await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", port))
        except OSError:
            connecting.close()
            raise
        return cls(connecting)

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def read(self, max_bytes: int = 1 << 16) -> bytes:
        """Take what has come, waiting for the first byte; b"" when the other side has closed."""
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.sleep(0)  # also when bytes are there already, the server gets its turn
            return await asyncio.get_running_loop().sock_recv(self.socket, max_bytes)

    async def read_all(self) -> bytes:
        """Read until the other side closes."""
        pieces = []
        while piece := await self.read():
            pieces.append(piece)
        return b"".join(pieces)

    async def is_silent_for(self, seconds: float) -> bool:
        """Say whether nothing comes for so long, not even the close; what came is lost otherwise."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_recv(self.socket, 1)
        except TimeoutError:
            return True
        return False

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """End the connection with a RST, as a program that is killed with bytes unread does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


async def exchange(port: int, request: bytes) -> bytes:
    """Send a request in one segment and read until the close."""
    caller = await Caller.connect(port)
    with closing(caller):
        await caller.send(request)
        return await caller.read_all()


def connections(server: UploadServer) -> int:
    """Count those that are served and those of which only the close is left."""
    listener = server._listener
    return len(listener.connections) + len(listener.parting) if listener else 0


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]
