"""An index server of others, in place of ours in some worlds: it knows 1.0, or its own reading of that.

It keeps what it is told in a list for each connection. Its system keeps its connections alive as ours does.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from tests.simulation.loop import SimulatedLoop
    from tests.simulation.network import Listening


class Reading(Enum):
    """How it reads the course text (annex A of docs/protocol.md)."""

    PLAIN = auto()
    STRICT = auto()  # 400 to a header that it does not know
    UNCLOSED = auto()  # no blank line behind records
    UNDER = auto()  # records right under the status line
    LINES = auto()  # that end in LF, and one less behind an error


class _Record(NamedTuple):
    number: int
    title: str
    host: str
    port: int


class PlainIndex:
    """The server.

    Attributes:
        ends: its sides of connections.
    """

    def __init__(self, reading: Reading, *, dead_seconds: int) -> None:
        self.reading = reading
        self.ends: list[PlainEnd] = []
        self._dead_seconds = dead_seconds
        self._listening: Listening | None = None

    async def start(self, loop: SimulatedLoop, port: int) -> None:
        bound = loop.bind("0.0.0.0", port)
        bound.dead_seconds = self._dead_seconds
        self._listening = await loop.create_server(lambda: PlainEnd(self), sock=bound)
        await self._listening.start_serving()

    async def stop(self) -> None:
        if self._listening:
            self._listening.close()
            self._listening.release()
        for end in list(self.ends):
            end.transport.abort()

    def records(self) -> list[_Record]:
        """All records, once where a peer has come back before its old connection was seen to end."""
        records = [record for end in self.ends for record in end.records.values()]
        return list({(each.number, each.host, each.port): each for each in records}.values())


class PlainEnd(asyncio.Protocol):
    """Its end of one connection."""

    transport: asyncio.Transport

    def __init__(self, index: PlainIndex) -> None:
        self.records: dict[int, _Record] = {}
        self._index = index
        self._received = b""

    @property
    def identity(self) -> tuple[str, int] | None:
        """Host and port of whom it has records of."""
        return next(((record.host, record.port) for record in self.records.values()), None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._index.ends.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._index.ends.remove(self)

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            self._answer(request.decode())

    def _answer(self, request: str) -> None:
        line, *headers = request.split("\r\n")
        values = dict(header.split(": ", 1) for header in headers)
        words = line.split()
        if self._index.reading is Reading.STRICT and not set(values) <= {"Host", "Port", "Title"}:
            return self._say("400 Bad Request", [])
        match words[0]:
            case "ADD":
                number = int(words[2])
                record = _Record(number, values["Title"], values["Host"], int(values["Port"]))
                self.records[number] = record
                return self._say("200 OK", [record])
            case "LOOKUP":
                found = [each for each in self._index.records() if each.number == int(words[2])]
                return self._say("200 OK" if found else "404 Not Found", found)
            case "LIST":
                return self._say("200 OK", self._index.records())
            case _:
                return self._say("400 Bad Request", [])

    def _say(self, status: str, records: list[_Record]) -> None:
        reading = self._index.reading
        lines = [f"P2P-CI/1.0 {status}"]
        if reading is not Reading.UNDER or not records:
            lines.append("")
        lines += [f"RFC {each.number} {each.title} {each.host} {each.port}" for each in records]
        if not (reading is Reading.UNCLOSED and records) and not (reading is Reading.LINES and not records):
            lines.append("")
        end = "\n" if reading is Reading.LINES else "\r\n"
        self.transport.write("".join(line + end for line in lines).encode())
