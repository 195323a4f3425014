"""One connection to, or from, the program under test: bytes out in any pieces, bytes in as they come.

Everything goes into the transcript. Nothing here knows the protocol. May import `cases`, `symptoms` and
`transcript`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import cast

from p2pci.checker.cases import Deviation
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction, Piece, Transcript

MAX_UNREAD_BYTES = 16 * 1024 * 1024  # more than any answer that a case asks for
MAX_UNAWAITED_BYTES = 1024 * 1024  # that come while nobody waits for them; then the other side must wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited for a program under test; all times in seconds.

    Attributes:
        connect_seconds: for a connection to be accepted.
        answer_seconds: for the next bytes that must come, or for a close that must.
        quiet_seconds: nothing more for so long is the end of what has no end of its own.
        case_seconds: for one case as a whole.
        total_seconds: for all cases together; those that are left are skipped.
    """

    connect_seconds: float = 5.0
    answer_seconds: float = 3.0
    quiet_seconds: float = 0.3
    case_seconds: float = 20.0
    total_seconds: float = 150.0


class Ending(Enum):
    """How the other side ended its direction."""

    CLOSED = "closed"
    RESET = "reset"


class Unreachable(Exception):  # noqa: N818 - a fact about the target, which its judge catches
    """No connection to the program under test came about; the text says why.

    Attributes:
        symptom: what it looks like; None where the text says it all.
    """

    def __init__(self, why: str, *, symptom: Symptom | None = None) -> None:
        super().__init__(why)
        self.symptom = symptom


@dataclass(slots=True)
class Wires:
    """All connections of one case: their transcript, their clock, and their common end."""

    patience: Patience
    transcript: Transcript = field(default_factory=Transcript)
    _began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _open: list[Wire] = field(default_factory=list)

    async def connect(self, host: str, port: int, *, name: str, receive_buffer_bytes: int = 0) -> Wire:
        """Connect to the program under test.

        Args:
            host, port: where it listens.
            name: of the connection, in the transcript.
            receive_buffer_bytes: what the system takes in while nobody reads; 0 for what it usually does.

        Raises:
            Unreachable: it does not accept.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.patience.connect_seconds):
                connected = await _connect(host, port, receive_buffer_bytes=receive_buffer_bytes)
                _, wire = await loop.create_connection(lambda: self.make(name), sock=connected)
        except TimeoutError as error:
            raise Unreachable(f"no connection within {self.patience.connect_seconds:g} s") from error
        except OSError as error:
            raise Unreachable(_reason_of(error), symptom=Symptom.NOT_LISTENING) from error
        return wire

    def make(self, name: str) -> Wire:
        """Make a connection of this case: what `connect` uses, and a listening socket of ours."""
        wire = Wire(self, name)
        self._open.append(wire)
        return wire

    def note(self, connection: str, direction: Direction, data: bytes) -> None:
        seconds = asyncio.get_running_loop().time() - self._began
        self.transcript.add(Piece(seconds, connection, direction, data))

    def end(self) -> None:
        """Cut all connections that are still open."""
        for wire in self._open:
            wire.cut()


def _reason_of(error: OSError) -> str:
    """Say why a connection failed in the system's words; asyncio has its own, with the address in it."""
    if error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror or str(error)


async def _connect(host: str, port: int, *, receive_buffer_bytes: int) -> socket.socket:
    """Connect to the first address of a host that accepts; the size of a buffer counts only if set before."""
    loop = asyncio.get_running_loop()
    refused = OSError("no address")
    for family, kind, number, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connecting = socket.socket(family, kind, number)
        try:
            connecting.settimeout(0)
            if receive_buffer_bytes:
                connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            await loop.sock_connect(connecting, address)
            return connecting
        except OSError as error:
            connecting.close()
            refused = error
        except BaseException:
            connecting.close()
            raise
    raise refused


class Wire(asyncio.Protocol):
    """One connection; what came and was not taken yet is in `unread`.

    Attributes:
        local, remote: host and port of both ends.
        ending: how the other side ended; None while it may still send.
        is_lost: whether nothing can be sent any more either.
    """

    def __init__(self, wires: Wires, name: str) -> None:
        self.patience = wires.patience
        self.name = name
        self.unread = b""
        self.ending: Ending | None = None
        self.is_lost = False
        self.local = self.remote = ("", 0)
        self._wires = wires
        self._transport: asyncio.Transport | None = None
        self._is_deaf = False
        self._news = asyncio.Event()
        self._is_ended_by_us = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.local = transport.get_extra_info("sockname")[:2]
        self.remote = transport.get_extra_info("peername")[:2]
        self._wires.transcript.addresses.append(f"{self.local[0]}:{self.local[1]}")
        self._note(Direction.EVENT, f"connected, {self.local[0]}:{self.local[1]} here".encode())

    def data_received(self, data: bytes) -> None:
        self._note(Direction.RECEIVED, data)
        self.unread += data
        if len(self.unread) > MAX_UNAWAITED_BYTES and self._transport:
            self._transport.pause_reading()  # until somebody waits for more
        self._news.set()

    def eof_received(self) -> bool:
        self._end(Ending.CLOSED)
        return True  # our direction stays open until we close it

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._end(Ending.RESET if exc else Ending.CLOSED)

    def _end(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending
            if not self._is_ended_by_us:
                self._note(Direction.EVENT, f"{ending.value} by the other side".encode())
        self._news.set()

    def _note(self, direction: Direction, data: bytes) -> None:
        self._wires.note(self.name, direction, data)

    async def more(self, seconds: float) -> bool:
        """Wait until more came, or the other side ended; False when neither happened in time.

        Raises:
            Deviation: it sends without end.
        """
        if len(self.unread) > MAX_UNREAD_BYTES:
            raise Deviation(
                f"more than {MAX_UNREAD_BYTES // 2**20} MiB came, and no end", symptom=Symptom.ENDLESS
            )
        if self.ending:
            return False
        self._news.clear()
        if self._transport and not self._is_deaf:
            self._transport.resume_reading()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def until_end(self, seconds: float | None = None) -> bytes:
        """Take everything up to the other side's end, or up to so long a silence."""
        while await self.more(seconds or self.patience.answer_seconds):
            pass
        return self.take(len(self.unread))

    async def is_quiet(self) -> bool:
        """Whether nothing is unread, and nothing comes for `quiet_seconds`; an end of the connection may."""
        while not self.unread and await self.more(self.patience.quiet_seconds):
            pass
        return not self.unread

    def take(self, count: int) -> bytes:
        """Take so many bytes of what came."""
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def send(self, data: bytes) -> None:
        self._note(Direction.SENT, data)
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    async def send_pieces(self, *pieces: bytes, pause_seconds: float = 0.01) -> None:
        """Send every piece as a segment of its own."""
        for piece in pieces:
            self.send(piece)
            await asyncio.sleep(pause_seconds)

    def half_close(self) -> None:
        """End our direction; the other side may still send."""
        self._note(Direction.EVENT, b"we end our side")
        if self._transport and not self._transport.is_closing():
            with suppress(OSError):  # it has gone already
                self._transport.write_eof()

    def close(self) -> None:
        self._is_ended_by_us = True
        self._note(Direction.EVENT, b"we close")
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """Close with RST, as a machine does whose program was killed in the middle of something."""
        self._is_ended_by_us = True
        self._note(Direction.EVENT, b"we reset")
        if self._transport and not self._transport.is_closing():
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def stop_reading(self) -> None:
        """Read nothing more, as a peer does that hangs."""
        self._is_deaf = True
        if self._transport:
            self._transport.pause_reading()

    def go_on_reading(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def cut(self) -> None:
        self._is_ended_by_us = True
        if self._transport:
            self._transport.abort()
