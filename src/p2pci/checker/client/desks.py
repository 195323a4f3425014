"""What we play for a client: an index server and holders, which do as they are told, or what is right.

A desk listens, reads requests leniently, keeps them, and gives each the reply that was laid out for its
method, else the right one. Everything is seen on the wires of the case.
May import what lies beside the package `client` in the checker, and the grammar.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import SeenRequest
from p2pci.checker.reading import read_request
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction
from p2pci.checker.wire import Unreachable, Wire, Wires
from p2pci.protocol.grammar import Status, encode_status_line

LOOPBACK = "127.0.0.1"
MAX_REQUEST_BYTES = 128 * 1024  # unread; no request and no shelf's ADDs in one segment come near
MAX_REQUESTS = 5000  # in one case


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent for a request.

    Attributes:
        pieces: each a segment of its own.
        pause_seconds: between two of them.
        is_last: whether the connection is closed after it.
    """

    pieces: tuple[bytes, ...]
    pause_seconds: float = 0.0
    is_last: bool = False


ReplyTo = Callable[[SeenRequest], Reply]


class Asked(NamedTuple):
    """A request that came, on which connection, and in how many segments."""

    request: SeenRequest
    wire: Wire
    segments: int


class Desk(ABC):
    """A listening socket of ours, and what comes to it.

    Attributes:
        host, port: where it listens; the port is known once it does.
        wires: the connections that were made to it, in their order.
        asked: the requests that came, in their order.
        replies: laid out for methods, each for one request.
        fault: what came and is no request at all; None as long as nothing did.
        cut_short: pieces of a reply that were not sent, as the program had gone.
    """

    def __init__(self, wires: Wires, *, name: str) -> None:
        self.host, self.port = LOOPBACK, 0
        self.wires: list[Wire] = []
        self.asked: list[Asked] = []
        self.replies: dict[bytes, deque[Reply | ReplyTo]] = {}
        self.fault: Deviation | None = None
        self.cut_short = 0
        self._case_wires = wires
        self._name = name
        self._tasks: list[asyncio.Task[None]] = []
        self._servers: list[asyncio.Server] = []

    async def open(self, host: str = LOOPBACK, port: int = 0) -> None:
        """Listen there; on localhost with both of its addresses, as far as there are two.

        Raises:
            Unreachable: that is not possible.
        """
        self.host, self.port = host, port
        loop = asyncio.get_running_loop()
        for address in (LOOPBACK, "::1") if host == "localhost" else (host,):
            try:
                server = await loop.create_server(self._accept, address, self.port)
            except OSError as error:
                if self._servers:
                    return  # there is no second one
                _, _, reason = (error.strerror or str(error)).rpartition(": ")  # asyncio repeats the address
                raise Unreachable(f"we cannot listen on {host}:{port}: {reason}") from error
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for server in self._servers:
            server.close()

    def lay_out(self, method: bytes, *replies: Reply | ReplyTo) -> None:
        """Have the next requests with this method answered so, one after the other."""
        self.replies.setdefault(method, deque()).extend(replies)

    def _accept(self) -> Wire:
        wire = self._case_wires.make(f"{self._name} {len(self.wires) + 1}".removesuffix(" 1"))
        self.wires.append(wire)
        self._tasks.append(asyncio.get_running_loop().create_task(self._serve(wire)))
        return wire

    async def _serve(self, wire: Wire) -> None:
        try:
            segments = 0
            while request := await self._next_request(wire):
                came = self._segments_of(wire)
                asked = Asked(request, wire, came - segments)
                segments = came
                self._keep(asked)
                await self._send(self._reply_to(asked), wire)
        except Deviation as deviation:
            wire.stop_reading()
            self.fault = self.fault or deviation

    def _keep(self, asked: Asked) -> None:
        self.asked.append(asked)
        if len(self.asked) > MAX_REQUESTS:
            raise Deviation(f"more than {MAX_REQUESTS} requests came", symptom=Symptom.ENDLESS)

    async def _next_request(self, wire: Wire) -> SeenRequest | None:
        """Read a request; None when no more come. One without its blank line is taken once it is quiet."""
        patience = wire.patience
        while True:
            if len(wire.unread) > MAX_REQUEST_BYTES:
                what = f"more than {MAX_REQUEST_BYTES // 1024} KiB came, and no request among them"
                raise Deviation(what, received=wire.unread[:200], symptom=Symptom.ENDLESS)
            found = read_request(wire.unread, is_over=wire.ending is not None)
            if not found and wire.unread.strip() and not await wire.more(3 * patience.quiet_seconds):
                found = read_request(wire.unread, is_over=True)
            if found:
                wire.take(found[1])
                return found[0]
            if not wire.unread.strip() and not await wire.more(3600) and wire.ending:
                return None

    def _segments_of(self, wire: Wire) -> int:
        return sum(
            piece.connection == wire.name and piece.direction is Direction.RECEIVED
            for piece in self._case_wires.transcript.pieces
        )

    def _reply_to(self, asked: Asked) -> Reply:
        laid_out = self.replies.get(asked.request.method.upper())
        if not laid_out:
            return self.right_reply(asked.request)
        reply = laid_out.popleft()
        return reply if isinstance(reply, Reply) else reply(asked.request)

    async def _send(self, reply: Reply, wire: Wire) -> None:
        for place, piece in enumerate(reply.pieces):
            if place and reply.pause_seconds:
                await asyncio.sleep(reply.pause_seconds)
            if wire.is_lost:
                self.cut_short = len(reply.pieces) - place
                return
            wire.send(piece)
        if reply.is_last:
            wire.close()

    @abstractmethod
    def right_reply(self, request: SeenRequest) -> Reply:
        """Answer as the protocol has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Who has what; of ours, or of what the program under test has added."""

    number: int
    title: str
    host: str
    port: int

    def line(self) -> bytes:
        return f"RFC {self.number} {self.title} {self.host} {self.port}".encode()


class Index(Desk):
    """The index server that the program under test is a peer of.

    Attributes:
        records: what it knows.
    """

    def __init__(self, wires: Wires) -> None:
        super().__init__(wires, name="index")
        self.records: list[Record] = []

    def right_reply(self, request: SeenRequest) -> Reply:
        number = _number_in(request)
        match request.method.upper():
            case b"ADD":
                added = _to_record(request, number)
                self.records.append(added)
                return answer(added)
            case b"LOOKUP":
                return answer(*(record for record in self.records if record.number == number))
            case b"LIST":
                return answer(*self.records)
            case _:
                return error_answer(Status.BAD_REQUEST)

    @property
    def adds(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.request.method.upper() == b"ADD"]


def _number_in(request: SeenRequest) -> int:
    """Give the number of a request as far as one can be made out, else 0."""
    return next((int(word) for word in request.words if word.isdigit() and len(word) <= 10), 0)


def _to_record(request: SeenRequest, number: int) -> Record:
    host, port, title = (
        request.first_value_of(name).decode("utf-8", "replace") for name in (b"Host", b"Port", b"Title")
    )
    return Record(
        number=number, title=title, host=host, port=int(port) if port.isdecimal() and len(port) <= 10 else 0
    )


def answer(*records: Record) -> Reply:
    """Give the answer of an index with these records; 404 without any."""
    if not records:
        return error_answer(Status.NOT_FOUND)
    return Reply((answer_bytes(*records),))


def answer_bytes(*records: Record) -> bytes:
    lines = b"".join(record.line() + b"\r\n" for record in records)
    return encode_status_line(Status.OK) + b"\r\n" + lines + b"\r\n"


def error_answer(status: Status) -> Reply:
    """Give an answer without records, with both of its blank lines: some clients count them."""
    return Reply((encode_status_line(status) + b"\r\n\r\n",))


class Holder(Desk):
    """A peer of ours with documents.

    Attributes:
        documents: their bytes by number; another number is answered 404.
    """

    def __init__(self, wires: Wires, *, name: str = "holder") -> None:
        super().__init__(wires, name=name)
        self.documents: dict[int, bytes] = {}

    def record(self, number: int, title: str) -> Record:
        return Record(number=number, title=title, host=self.host, port=self.port)

    def right_reply(self, request: SeenRequest) -> Reply:
        document = self.documents.get(_number_in(request))
        if document is None:
            return Reply((encode_status_line(Status.NOT_FOUND) + b"\r\n",), is_last=True)
        return Reply((head_of(len(document)) + document,), is_last=True)


def head_of(size: int, *, kind: str = "text/plain") -> bytes:
    """Give the head of a holder's answer (clause P-3.1)."""
    return (
        encode_status_line(Status.OK)
        + (
            "Date: Sun, 26 Apr 2026 21:30:16 GMT\r\n"
            "OS: Linux 6.1.0\r\n"
            "Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\n"
            f"Content-Length: {size}\r\n"
            f"Content-Type: {kind}\r\n"
            "\r\n"
        ).encode()
    )


class DeadPort:
    """A port of this machine where every connection is refused, and which nobody else gets meanwhile."""

    def __init__(self) -> None:
        self._bound = socket.socket()
        self._bound.bind((LOOPBACK, 0))
        self.host = LOOPBACK
        self.port: int = self._bound.getsockname()[1]

    def close(self) -> None:
        with suppress(OSError):
            self._bound.close()
