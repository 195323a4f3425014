"""A transparent proxy: every byte is passed on as it comes, ends and resets too, and a copy is overheard.

May import `overhearing`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from p2pci.checker.overhearing import Conversation, Overheard, Side
from p2pci.errors import CannotListenError

CONNECT_SECONDS = 10.0
QUIET_SECONDS = 1.0  # a message that has no end of its own is shown after so long a silence
CHUNK_BYTES = 64 * 1024

Ear = Callable[[int, "Overheard | str"], None]


class Spy:
    """Listens, and passes on to `target` while it is entered.

    Args:
        target: host and port of the program that is listened in on.
        host, port: where it listens itself; port 0 takes any free one.
        ear: is called with the number of a connection, from 1, and what was said on it, or happened to it.
    """

    def __init__(self, target: tuple[str, int], *, host: str | None, port: int, ear: Ear) -> None:
        self._target = target
        self._address = host, port
        self._ear = ear
        self._count = 0
        self._connections: set[asyncio.Task[None]] = set()
        self.port = port

    async def __aenter__(self) -> Self:
        """Begin to listen.

        Raises:
            CannotListenError: the port is taken, or not ours to take.
        """
        host, port = self._address
        try:
            self._server = await asyncio.start_server(self._accept, host, port)
        except OSError as error:
            _, _, reason = (error.strerror or str(error)).rpartition(
                ": "
            )  # asyncio repeats the address before it
            raise CannotListenError(f"{host or '*'}:{port}", reason=reason) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        task = asyncio.ensure_future(self._pass_on(self._count, reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passage = _Passage(number, self._ear)
        peer = writer.get_extra_info("peername") or ("?", 0)
        self._ear(number, f"connected from {peer[0]}:{peer[1]}")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                their_reader, their_writer = await asyncio.open_connection(*self._target)
        except OSError as error:
            self._ear(number, f"the target cannot be reached: {error.strerror or 'no answer'}")
            _reset(writer)
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(passage.pump(Side.CLIENT, reader, their_writer))
                both.create_task(passage.pump(Side.SERVER, their_reader, writer))
        finally:
            writer.close()
            their_writer.close()


class _Passage:
    """Both directions of one connection on their way through."""

    def __init__(self, number: int, ear: Ear) -> None:
        self._number = number
        self._ear = ear
        self._conversation = Conversation()
        self._is_reset = False

    async def pump(self, side: Side, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one direction on until it ends; its end is passed on as it came."""
        try:
            await self._pass(side, reader, writer)
            ending = "closed"
            with suppress(OSError):
                writer.write_eof()
        except ConnectionError:
            ending = "reset"
            _reset(writer)
        self._tell(self._conversation.hear_silence(side))
        if not self._is_reset:
            self._ear(self._number, f"{ending} by the {side.name.lower()}")
        self._is_reset |= ending == "reset"

    async def _pass(self, side: Side, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        timer: asyncio.TimerHandle | None = None
        try:
            while data := await reader.read(CHUNK_BYTES):
                if timer:
                    timer.cancel()
                writer.write(data)
                self._tell(self._conversation.hear(side, data))
                if side is Side.SERVER:  # half a request waits for its rest; an answer may have no end
                    timer = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._tell_unended)
                await writer.drain()
        finally:
            if timer:
                timer.cancel()

    def _tell_unended(self) -> None:
        self._tell(self._conversation.hear_silence(Side.SERVER))

    def _tell(self, messages: list[Overheard]) -> None:
        for message in messages:
            self._ear(self._number, message)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as the other side did."""
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
