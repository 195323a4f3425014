"""A look at a program: is it of the kind that is to be judged at all?

A wrong port or command is told in one sentence instead of dozens of failures. Who is merely bad is judged:
only what behaves as another kind of program does, and never as the right one, is taken for the other.
May import `reading`, `wire` and what they import.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from p2pci.checker.cases import Deviation, Result
from p2pci.checker.reading import read_status, split_lines
from p2pci.checker.transcript import Direction
from p2pci.checker.wire import Ending, Patience, Unreachable, Wires
from p2pci.protocol.grammar import Status

_NUMBER = 900_001  # above those of real documents, and of the cases
_HEADERS = "Host: 127.0.0.1\r\nPort: 40000\r\n"
_ADD = f"ADD RFC {_NUMBER} P2P-CI/1.0\r\n{_HEADERS}Title: A First Look\r\n\r\n".encode()
_LIST = f"LIST ALL P2P-CI/1.0\r\n{_HEADERS}\r\n".encode()
_WEB_REQUEST = re.compile(rb"[A-Z]+ (?:/|https?://)\S* HTTP/[0-9]")  # by their paths alone it is no slip
_WEB = b"GET / HTTP/1.0\r\n\r\n"
_MAX_HEARD_BYTES = 4096
_FOUND_OR_NOT = (Status.OK, Status.NOT_FOUND)


class _Heard(NamedTuple):
    """What came of one request.

    Attributes:
        code: of its status line, in any of the forms that are about; None when it has none.
        is_over: the other side then closed in order.
    """

    data: bytes = b""
    code: int | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class FirstLook:
    """A look at what listens at an address."""

    host: str
    port: int
    patience: Patience

    async def for_index(self) -> str:
        """Say what it seems to be instead of an index server; "" where it may be one."""
        if (add := await self._ask(_ADD)).code == Status.OK:
            return ""
        if (listed := await self._ask(_LIST)).code == Status.OK:
            return ""
        got = await self._ask(_get(_NUMBER))
        if add.code and add.is_over and listed.is_over and got.code in _FOUND_OR_NOT:
            return "this seems to be the upload server of a peer, not an index server"
        return await self._look_further(add, listed, got, wanted="an index server")

    async def for_holder(self, number: int) -> str:
        """Say what it seems to be instead of an upload server with this document; "" where it may be one."""
        if (got := await self._ask(_get(number))).code in _FOUND_OR_NOT:
            return ""
        if (add := await self._ask(_ADD)).code == Status.OK:
            return "this seems to be an index server, not the upload server of a peer"
        return await self._look_further(got, add, wanted="the upload server of a peer")

    async def _look_further(self, *heard: _Heard, wanted: str) -> str:
        """Tell other protocols apart from answers that are only badly written."""
        if any(one.code in set(Status) or one.data.lstrip().startswith(b"P2P-CI") for one in heard):
            return ""
        if (await self._ask(_WEB)).data.startswith(b"HTTP/"):
            has_found = any(one.data.startswith(b"HTTP/") and b" 200 " in one.data[:16] for one in heard)
            return "" if has_found else f"this seems to be a web server, not {wanted}"
        greeting = (await self._ask(b"")).data
        is_greeted = greeting.endswith(b"\n") and len(greeting) < _MAX_HEARD_BYTES
        return f"this speaks first, and another protocol: it is not {wanted}" if is_greeted else ""

    async def _ask(self, request: bytes) -> _Heard:
        """Send this on a connection of its own, and hear the beginning of what comes of it."""
        wires, patience = Wires(self.patience), self.patience
        try:
            wire = await wires.connect(self.host, self.port, name="look")
            wire.send(request)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience.answer_seconds):
                    while len(wire.unread) < _MAX_HEARD_BYTES and await wire.more(
                        patience.quiet_seconds if wire.unread else patience.answer_seconds
                    ):
                        pass
            return _Heard(wire.unread, _code_in(wire.unread), wire.ending is Ending.CLOSED)
        except (Unreachable, Deviation):
            return _Heard()
        finally:
            wires.end()


async def look_at_client(first: Result, _: Patience) -> str:
    """Say what a client seems to be instead, by what it sent in its first case; "" where it may be one."""
    pieces = first.transcript.pieces
    came = (piece.data for piece in pieces if piece.direction is Direction.RECEIVED)
    if any(_WEB_REQUEST.match(data) for data in came):
        return "this seems to be a client of web servers, not of an index server"
    return ""


def _code_in(data: bytes) -> int | None:
    lines = [line for line in split_lines(data) if not line.is_blank]
    with suppress(Deviation):
        return read_status(lines[0]).code if lines else None
    return None


def _get(number: int) -> bytes:
    return f"GET RFC {number} P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: any\r\n\r\n".encode()
