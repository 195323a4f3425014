"""A web server outside that has nearly every document, for the real `p2pci.origin` over the real httpx2.

It keeps connections, and answers most requests well; the others in the ways in which web servers fail.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from tests.library.indexes import text_index

if TYPE_CHECKING:
    from tests.simulation.world import World

HOST = "10.0.2.1"
PREFIX = f"http://{HOST}/rfc/"
IDLE_SECONDS = 20.0
PAUSE_SECONDS = 40.0  # more than is waited for


class Fate(Enum):
    """What becomes of a request."""

    WELL = auto()
    CHUNKED = auto()
    REDIRECTED = auto()
    LEFT = auto()  # answered, and the connection closed without a word of that
    SHORT = auto()
    SILENT = auto()
    ENDLESS = auto()  # without a length
    PAGE = auto()
    BUSY = auto()


_FATES = (*[Fate.WELL] * 6, *Fate)


class WebServer:
    """The server; its bytes of a document are one of the editions."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def start(self) -> None:
        """Listen, for as long as the world stands."""
        server = await asyncio.start_server(self._serve, sock=self._world.loop.bind("0.0.0.0", 80))
        await server.start_serving()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError):
            keeps = True
            while keeps:
                async with asyncio.timeout(IDLE_SECONDS):
                    request = await reader.readuntil(b"\r\n\r\n")
                keeps = await self._answer(request.split()[1].decode(), writer)
        writer.close()
        self._world.loop.call_later(IDLE_SECONDS, writer.transport.abort)  # the system gives it up

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, and say whether the connection is kept."""
        chance = self._world.chance
        fate = chance.choice(_FATES) if self._world.network.rough else Fate.WELL
        self._world.operations[f"web: {fate.name.lower()}"] += 1
        body = self._find(path.rpartition("/rfc")[2].removesuffix(".txt"))
        if not body:
            writer.write(_head("404 Not Found", "Content-Length: 4") + b"none")
            return True
        if fate is Fate.SILENT:
            await asyncio.sleep(PAUSE_SECONDS)
            return False
        writer.write(_answer(path, body, fate))
        return fate not in (Fate.LEFT, Fate.SHORT, Fate.ENDLESS)

    def _find(self, name: str) -> bytes:
        """The file of a number, or the index file, which has titles of its own; b"" for none."""
        editions = self._world.editions
        if name != "-index":
            return min(editions.get(int(name), ()), default=b"")
        return text_index({number: f"Title of {number} as issued" for number in sorted(editions)}).encode()


def _answer(path: str, body: bytes, fate: Fate) -> bytes:
    length = f"Content-Length: {len(body)}"
    match fate:
        case Fate.CHUNKED:
            half = len(body) // 2
            chunks = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (body[:half], body[half:]) if chunk]
            return _head("200 OK", "Transfer-Encoding: chunked") + b"".join([*chunks, b"0\r\n\r\n"])
        case Fate.REDIRECTED if "/moved/" not in path:
            return _head("302 Found", f"Location: /moved{path}", "Content-Length: 0")
        case Fate.SHORT:
            return _head("200 OK", length) + body[: len(body) // 2]
        case Fate.ENDLESS:
            return _head("200 OK") + body
        case Fate.PAGE:
            return _head("200 OK", "Content-Type: text/html", length) + body
        case Fate.BUSY:
            return _head("503 Service Unavailable", "Content-Length: 0")
        case _:
            return _head("200 OK", "Content-Type: text/plain", length) + body


def _head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()
