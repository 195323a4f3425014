"""Programs of others, which know 1.0 and nothing else: index clients, holders and downloaders in one.

Each writes its requests in a style, and answers GETs in a manner, of its own, as annex A of
`docs/protocol.md` has them. What they are answered is read more strictly than such programs do: it must
be 1.0 and nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.network import HERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from random import Random

    from p2pci.events import Address
    from tests.simulation.connection import End
    from tests.simulation.world import World

PORT = 5678
PATIENCE_SECONDS = 60.0
FIVE_HEADERS = [b"Date", b"OS", b"Last-Modified", b"Content-Length", b"Content-Type"]
Lost = (OSError, EOFError, TimeoutError)  # what becomes of conversations
Place = tuple[int, str, int]  # number, host, port


class Style(NamedTuple):
    """How requests are written.

    Attributes:
        end: of each line.
        colon: between name and value.
        stray: sent behind each request.
        host: claimed; None for the address.
        at_once: many ADDs in one segment.
        in_halves: the last request comes without its blank line, and a half-close.
    """

    end: bytes = b"\r\n"
    colon: bytes = b": "
    stray: bytes = b""
    host: str | None = None
    at_once: bool = False
    in_halves: bool = False

    def request(self, line: str, *, is_last: bool = False, **headers: object) -> bytes:
        lines = [line.encode()]
        lines += [name.encode() + self.colon + str(value).encode() for name, value in headers.items()]
        body = self.end.join(lines)
        return body if is_last and self.in_halves else body + 2 * self.end + self.stray


class Manner(Enum):
    """How a GET is answered."""

    PLAIN = auto()
    SHORT = auto()  # and closes
    LONG = auto()  # extra bytes behind the body
    ODD = auto()  # names in capitals, lines that end in LF, text/text
    APART = auto()  # the body a while after the head
    OPEN = auto()  # the connection is left open
    STRICT = auto()  # 400 to a header that is not of 1.0
    BARE = auto()  # no headers at all
    SILENT = auto()  # no answer


WHOLE = {Manner.PLAIN, Manner.LONG, Manner.ODD, Manner.APART, Manner.OPEN, Manner.STRICT}


class Foreigner:
    """One such program, on a machine of its own.

    Args:
        index: host and port of the index server that it knows.

    Attributes:
        documents: what it has.
        acknowledged: those that were, on the connection that stands or stood last.
        published: as which host and port, by the echoes.
    """

    def __init__(self, world: World, host: str, index: Address) -> None:
        chance = world.chance
        self.host = host
        self.index = index
        self.documents: dict[int, bytes] = {}
        self.acknowledged: set[int] = set()
        self.published = ("", 0)
        self.manner = chance.choice(list(Manner))
        self.style = _choose_style(chance)
        self._world = world
        self._has_twin = False
        self._writer: asyncio.StreamWriter | None = None
        self._reader = asyncio.StreamReader(loop=world.loop)

    def twin(self, index: Address) -> Foreigner:
        """Give the same program as it talks to another index server beside this one."""
        twin = Foreigner(self._world, self.host, index)
        twin._has_twin = self._has_twin = True
        twin.documents, twin.manner = self.documents, self.manner
        return twin

    @property
    def has_joined(self) -> bool:
        """Whether its connection stands, on both sides."""
        if self._writer is None:
            return False
        end: End = self._writer.transport  # type: ignore[assignment] # in here it is one
        return end.ended_at is None and end.other.ended_at is None

    def places(self) -> set[Place]:
        """The records that it may rely on."""
        return {(number, *self.published) for number in self.acknowledged} if self.has_joined else set()

    # With the index

    async def join(self) -> None:
        """Connect and add what it has; raises what is in Lost."""
        self._drop()
        await self._listen()
        async with self._patience():
            self._reader, self._writer = await asyncio.open_connection(*self.index)
            step = len(self.documents) if self.style.at_once else 1
            numbers = sorted(self.documents)
            for first in range(0, len(numbers), step):
                batch = numbers[first : first + step]
                self._writer.write(b"".join(map(self._add, batch)))
                for number in batch:
                    await self._read_echo(number)

    async def ask(self, line: str) -> list[Place]:
        """Ask the index, and give the records of its answer; raises what is in Lost."""
        async with self._patience():
            writer = self._standing()
            writer.write(self.style.request(line, Host=self._claim, Port=PORT, Title=""))
            code, records = await self._read_answer()
        if code not in (b"200", b"404") or len(set(records)) < len(records):
            self._complain(f"{line} was answered {code!r} {records}")
        return records

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """Wait no longer than such programs do: who gives up hangs up, since the answer may still come."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                yield
        except TimeoutError:
            self._drop()
            raise

    async def leave(self, chance: Random) -> None:
        """Go as such programs do, or as machines do."""
        ways = (self._close, self._part, self._half_close, self._vanish)
        how = chance.choice(ways[:-1] if self._has_twin else ways)
        with suppress(*Lost):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await how()
        self._drop()

    def _drop(self) -> None:
        self.acknowledged.clear()
        if self._writer:
            self._writer.transport.abort()
            self._writer = None

    async def _close(self) -> None:
        self._standing().close()

    async def _part(self) -> None:
        """Say goodbye, which is a 400, and wait for the end."""
        self._standing().write(b"EXIT" + 2 * self.style.end)
        answer = await self._reader.read()
        if answer not in (b"", b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"):
            self._complain(f"EXIT was answered {answer!r}")

    async def _half_close(self) -> None:
        """Add once more, without a blank line where the style has none, and send no more."""
        writer = self._standing()
        number = max(self.documents)
        writer.write(self._add(number, is_last=True))
        writer.write_eof()
        await self._read_echo(number)
        if rest := await self._reader.read():
            self._complain(f"behind the last answer came {rest!r}")

    async def _vanish(self) -> None:
        network = self._world.network
        network.kill(self.host, silently=self._world.chance.random() < 0.5)
        network.revive(self.host)

    def _add(self, number: int, *, is_last: bool = False) -> bytes:
        line = f"ADD RFC {number} P2P-CI/1.0"
        title = f"Title of {number}"
        return self.style.request(line, is_last=is_last, Host=self._claim, Port=PORT, Title=title)

    async def _read_echo(self, number: int) -> None:
        code, records = await self._read_answer()
        if code != b"200" or len(records) != 1 or records[0][0] != number or records[0][2] != PORT:
            self._complain(f"ADD of {number} was answered {code!r} {records}")
            return
        self.published = records[0][1:]
        self.acknowledged.add(number)

    async def _read_answer(self) -> tuple[bytes, list[Place]]:
        """Read an answer that has nothing in it but 1.0: status line, blank line, records, blank line."""
        status = await self._reader.readuntil(b"\r\n")
        lines = [await self._reader.readuntil(b"\r\n")]
        while len(lines) == 1 or lines[-1] != b"\r\n":
            lines.append(await self._reader.readuntil(b"\r\n"))
        words = [line.split() for line in lines[1:-1]]
        if lines[0] != b"\r\n" or not all(line[0] == b"RFC" and line[-1].isdigit() for line in words):
            self._complain(f"{status!r} {lines} is not 1.0")
        return status.split()[1], [(int(line[1]), line[-2].decode(), int(line[-1])) for line in words]

    def _standing(self) -> asyncio.StreamWriter:
        if self._writer is None or not self.has_joined:
            raise ConnectionResetError
        return self._writer

    @property
    def _claim(self) -> str:
        return self.style.host or self.host

    # With other peers

    async def fetch(self, place: Place) -> None:
        """Fetch a document as 1.0 does: all until the other side closes; raises what is in Lost."""
        number, host, port = place
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    self.style.request(f"GET RFC {number} P2P-CI/1.0", is_last=True, Host=host, OS="7")
                )
                if self.style.in_halves:
                    writer.write_eof()
                self._check_answer(number, await reader.read())
            finally:
                writer.transport.abort()

    def _check_answer(self, number: int, answer: bytes) -> None:
        """See that an answer that came to its end is whole; a holder may close without one (P-4.16)."""
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *headers = head.split(b"\r\n")
        names = [header.partition(b":")[0] for header in headers]
        is_document = status.split()[1:2] == [b"200"] and names == FIVE_HEADERS
        if is_document and body in self._world.editions[number] and headers[3].endswith(b" %d" % len(body)):
            self._world.operations["foreign get"] += 1
        elif answer not in (b"", b"P2P-CI/1.0 404 Not Found\r\n\r\n"):
            self._complain(f"GET of {number} was answered {answer[:300]!r}, {len(body)} bytes of body")

    async def _listen(self) -> None:
        try:
            listening = self._world.loop.bind("0.0.0.0", PORT)
        except OSError:
            return  # it, or its twin, listens already
        server = await asyncio.start_server(self._serve, sock=listening)
        await server.start_serving()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one GET."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                for segment in self._answer(request):
                    writer.write(segment)
                    await asyncio.sleep(self._world.chance.random())
                if self.manner in (Manner.OPEN, Manner.SILENT):
                    await reader.read()
        except Lost:
            pass
        finally:
            writer.close()
            self._world.loop.call_later(PATIENCE_SECONDS, writer.transport.abort)  # the system gives it up

    def _answer(self, request: bytes) -> tuple[bytes, ...]:
        line, *headers = request.split(b"\r\n")[:-2]
        self._world.operations[f"foreign holder: {self.manner.name.lower()}"] += 1
        body = self.documents.get(int(line.split()[2]))
        if self.manner is Manner.STRICT and {each.split(b":")[0] for each in headers} != {b"Host", b"OS"}:
            return (b"P2P-CI/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n",)
        if self.manner is Manner.SILENT:
            return ()
        return _dress(body, self.manner) if body else (b"P2P-CI/1.0 404 Not Found\r\n\r\n",)

    def _complain(self, what: str) -> None:
        self._world.troubles.append(f"to the foreign program on {HERE.get()}: {what}")


def _choose_style(chance: Random) -> Style:
    return Style(
        end=chance.choice((b"\r\n", b"\n")),
        colon=chance.choice((b": ", b":")),
        stray=chance.choice((b"", b"", b"\r\n", b"\n")),
        host=chance.choice((None, "Mac.lan")),
        at_once=chance.random() < 0.5,
        in_halves=chance.random() < 0.5,
    )


def _dress(body: bytes, manner: Manner) -> tuple[bytes, ...]:
    """Write the answer that brings a document."""
    lines = ["P2P-CI/1.0 200 OK"]
    if manner is not Manner.BARE:
        lines += [
            "Date: Sun, 26 Apr 2026 21:30:16 GMT",
            "OS: Plan 9",
            "Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT",
        ]
        lines += [f"Content-Length: {len(body)}", "Content-Type: text/plain"]
    head = "\r\n".join([*lines, "", ""])
    match manner:
        case Manner.ODD:
            odd = head.upper().replace("TEXT/PLAIN", "text/text").replace("\r\n", "\n")
            return (odd.encode() + body,)
        case Manner.APART:
            return (head.encode(), body)
        case Manner.SHORT:
            return (head.encode() + body[: len(body) // 2],)
        case Manner.LONG:
            return (head.encode() + body + b"\r\n\r\nconnection closed\r\n",)
        case _:
            return (head.encode() + body,)
