"""The connection to an index server: bytes into the reader, and word of their coming and of the end."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from p2pci.dialing import show_address
from p2pci.errors import ConnectionLostError, TurnedAwayError
from p2pci.events import Received, Role, Sent
from p2pci.keepalive import keep_alive
from p2pci.protocol.addresses import plain_address
from p2pci.protocol.answers import AnswerReader
from p2pci.protocol.messages import Add, Remove, encode_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.events import Address, Watcher
    from p2pci.protocol.messages import IndexRequest

MAX_UNTOLD_BYTES = 8 * 1024  # a line that is longer is traced in pieces
# uvloop reads up to 8 MB in one turn, which nobody could have taken meanwhile.
MAX_WAITING_BYTES = 256 * 1024
PARTING_SECONDS = 1.0  # what turns us away closes with its answer
_BEGINNING_BYTES = 200
_BAD_REQUEST = re.compile(rb"\s*P2P-CI/\S+[ \t]+400[ \t][^\r\n]*\s*").fullmatch


class Link(asyncio.Protocol):
    """One connection; a new one is made when an index server turns out to be a plain one.

    Attributes:
        received_bytes: that came so far.
    """

    transport: asyncio.Transport
    local_address: Address
    remote_host: str

    def __init__(self, address: Address, *, trace: Watcher | None, dead_seconds: int) -> None:
        self.address = address
        self.reader = AnswerReader()
        self.received_bytes = 0
        self._trace = trace
        self._untold = b""  # of a line whose end has not come yet
        self._dead_seconds = dead_seconds
        self._asked = 0
        self._beginning = b""  # of all that came
        self._arrived = asyncio.Event()
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.local_address = (plain_address(host), port)
        remote = transport.get_extra_info("peername") or ("",)  # it may be reset already
        self.remote_host = plain_address(remote[0])
        connected = transport.get_extra_info("socket")
        if connected is not None:  # else who only waits to be asked would never hear that the index forgot it
            with suppress(OSError):  # it may be reset already
                keep_alive(connected, self._dead_seconds)

    def _tell_lines(self, data: bytes) -> None:
        """Trace whole lines, wherever segments end: who shows them would tear a record in two."""
        lines, end, self._untold = (self._untold + data).rpartition(b"\n")
        if end and self._trace:
            self._trace(Received(Role.CLIENT, self.address, lines + end))
        if len(self._untold) > MAX_UNTOLD_BYTES:
            self._tell_rest()

    def _tell_rest(self) -> None:
        rest, self._untold = self._untold, b""
        if rest and self._trace:
            self._trace(Received(Role.CLIENT, self.address, rest))

    def connection_lost(self, error: Exception | None) -> None:
        self._tell_rest()
        if not self._lost.done():
            reason = error or "it closed the connection"
            if self._is_turned_away():
                reason = TurnedAwayError(show_address(self.address))
            self._lost.set_result(str(reason))
        self._arrived.set()

    def data_received(self, data: bytes) -> None:
        if self._trace:
            self._tell_lines(data)
        if len(self._beginning) < _BEGINNING_BYTES:
            self._beginning += data[:_BEGINNING_BYTES]
        self.reader.receive_data(data)
        self.received_bytes += len(data)
        self._arrived.set()
        if self.reader.waiting_bytes > MAX_WAITING_BYTES and not self.transport.is_closing():
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._go_on)  # behind who waits for it

    def _go_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def send(self, request: IndexRequest) -> None:
        """Send a request in one piece, and expect its answer."""
        data = encode_request(request)
        self.check_open()
        self._asked += 1
        self.reader.expect(request)
        self._write(data)

    def send_many(self, requests: Sequence[Add | Remove]) -> None:
        """Send several requests, whose answers come behind those that are still expected (clause P-5.6)."""
        data = b"".join(map(encode_request, requests))
        self.check_open()
        self._asked += len(requests)
        self.reader.expect_adds(len(requests))
        self._write(data)

    def _write(self, data: bytes) -> None:
        self._tell_rest()
        self.transport.write(data)
        if self._trace:
            self._trace(Sent(Role.CLIENT, self.address, data))

    async def wait_data(self, seconds: float) -> bool:
        """Wait for bytes, and say whether any came.

        Raises:
            ConnectionLostError: the connection ended before.
        """
        self._arrived.clear()
        self.check_open()
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            pass  # but on a busy machine bytes may come in the same turn as the end of the time
        return self._arrived.is_set()

    async def fall_silent(self, seconds: float, *, at_most_seconds: float) -> None:
        """Drop what comes until nothing has come for so long (clause P-2.23); else give the connection up."""
        is_silent = False
        try:
            async with asyncio.timeout(at_most_seconds):
                while not self._lost.done() and await self.wait_data(seconds):
                    pass
                is_silent = True
        except TimeoutError:
            pass
        finally:
            if not is_silent:
                self.give_up()

    def give_up(self) -> None:
        """End the connection: an answer that comes late must not be taken for the next one."""
        if not self._lost.done():
            self._lost.set_result("an answer did not come in time, or was not waited for")
        self.transport.abort()

    async def see_whether_turned_away(self) -> None:
        """Wait for the close that follows a 400 to a newcomer at once (clause P-4.15).

        Raises:
            TurnedAwayError: it came.
        """
        if self._is_turned_away():
            with suppress(TimeoutError):
                async with asyncio.timeout(PARTING_SECONDS):
                    await self.wait_lost()
                self.check_open()

    def _is_turned_away(self) -> bool:
        """Whether a 400 is all that came, be it to our first question or before that."""
        return self._asked <= 1 and _BAD_REQUEST(self._beginning) is not None

    async def wait_lost(self) -> str:
        return await asyncio.shield(self._lost)

    def check_open(self) -> None:
        """See that the connection stands.

        Raises:
            ConnectionLostError: it has ended.
            TurnedAwayError: it has, and there was no room for us.
        """
        if self._lost.done():
            where = show_address(self.address)
            if self._is_turned_away():
                raise TurnedAwayError(where)
            raise ConnectionLostError(
                f"The connection to the index at {where} is lost: {self._lost.result()}."
            )
