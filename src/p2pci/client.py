"""The conversation with an index server, from the asker's side (P2S, clauses P-1.3 to P-1.10, P-2.13 on).

One request at a time on one connection; whoever asks meanwhile waits. What the answers mean is read by
`protocol.answers`; the clocks are here. Imports `dialing`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from p2pci.dialing import dial, show_address
from p2pci.errors import ConnectionLostError, DeadlineError, ProtocolError, RefusedError
from p2pci.events import Received, Role, Sent
from p2pci.protocol.addresses import plain_address
from p2pci.protocol.answers import AnswerEnded, AnswerReader, AnswerStarted
from p2pci.protocol.grammar import DEFAULT_PORT, Status
from p2pci.protocol.messages import Add, ListAll, Lookup, Record, encode_request
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from p2pci.events import Address, Watcher
    from p2pci.protocol.messages import IndexRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """How long an index server is waited for, in seconds, and how much of it is taken.

    Attributes:
        connect_seconds: until the connection stands.
        answer_seconds: without a byte of an answer that must still come.
        silence_seconds: what ends an answer of a server that never sends the last blank line (clause P-2.26).
        max_records: in one answer; one takes some 250 bytes of memory.
    """

    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    silence_seconds: float = 2.0
    max_records: int = 4_000_000


class Answer(NamedTuple):
    """What an index server answered: 200, or 404 for a LOOKUP of what nobody has.

    `complete` is False when only silence ended it, so that records may be missing (clause P-2.26).
    """

    status: Status
    records: list[Record]
    complete: bool


class IndexClient:
    """A conversation with an index server.

    >>> async def main():
    ...     async with (
    ...         IndexServer(host="127.0.0.1", port=0) as server,
    ...         IndexClient("127.0.0.1", server.port) as index,
    ...     ):
    ...         await index.add(3457, "Requirements for IPsec Remote Access Scenarios")
    ...         return (await index.lookup(3457)).records[0].title
    >>> asyncio.run(main())
    'Requirements for IPsec Remote Access Scenarios'

    Args:
        host: name or address of the index server.
        port: its port.
        identity: host and upload port that our requests name; by default the address and port of our end
            of the connection, which is right for who only asks (clause P-1.9).
        trace: told of Sent and Received at every message.
        limits: see ClientLimits.

    Every question raises:
        ConnectionLostError: the connection has ended, or is not open yet.
        DeadlineError: no answer in time; the connection is closed then.
        ProtocolError: the answer is none; the connection is kept.
        RefusedError: the server answered with an error.
        InvalidValueError: a value that cannot be sent.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        identity: Address | None = None,
        trace: Watcher | None = None,
        limits: ClientLimits | None = None,
    ) -> None:
        self.address = (host, port)
        self.identity = identity
        self._trace = trace
        self._limits = limits or ClientLimits()
        self._link: _Link | None = None
        self._turn = asyncio.Lock()

    @property
    def local_address(self) -> Address:
        """Our end of the connection."""
        return self._open_link().local_address

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            CannotConnectError: nobody answers there.
        """
        self._link = await dial(
            lambda: _Link(self.address, trace=self._trace), self.address, seconds=self._limits.connect_seconds
        )

    async def close(self) -> None:
        """End the connection; an index server takes that for leaving."""
        if self._link:
            self._link.transport.close()
            await self._link.wait_lost()

    async def wait_lost(self) -> str:
        """Wait until the connection has ended, and say why."""
        return await self._open_link().wait_lost()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def add(self, number: int, title: str) -> Answer:
        """Register a document for our identity; the answer's record is how it was published."""
        return await self._ask(lambda host, port: Add(number, host, port, title))

    async def lookup(self, number: int, title: str = "") -> Answer:
        """Ask who holds a document; the title may be left out."""
        return await self._ask(lambda host, port: Lookup(number, host, port, title))

    async def list_all(self) -> Answer:
        """Ask for all records of all peers."""
        return await self._ask(ListAll)

    def _open_link(self) -> _Link:
        if self._link is None:
            raise ConnectionLostError(f"Not connected to {show_address(self.address)}. Connect first.")
        return self._link

    async def _ask(self, make_request: Callable[[str, int], IndexRequest]) -> Answer:
        async with self._turn:
            link = self._open_link()
            request = make_request(*(self.identity or link.local_address))
            link.send(request)
            try:
                code, records, complete = await self._read_answer(link)
            except ProtocolError:
                await link.fall_silent(
                    self._limits.silence_seconds, at_most_seconds=self._limits.answer_seconds
                )
                raise
            except BaseException:
                link.give_up()
                raise
        if code == Status.OK or (code == Status.NOT_FOUND and not isinstance(request, Add)):
            return Answer(Status(code), records, complete)
        raise RefusedError(code, request=encode_request(request).split(b"\r\n")[0].decode())

    async def _read_answer(self, link: _Link) -> tuple[int, list[Record], bool]:
        code = 0
        records: list[Record] = []
        try:
            async with asyncio.timeout(self._limits.answer_seconds) as clock:
                while True:
                    event = link.reader.next_event()
                    match event:
                        case AnswerStarted(code):
                            clock.reschedule(None)  # from here on bytes count: a long answer takes long
                        case Record():
                            records.append(event)
                            self._check_room(link, len(records))
                        case AnswerEnded(complete):
                            return code, records, complete
                        case Wait() if not await self._wait_for_more(link):
                            return code, records, link.reader.end_by_silence().complete
        except TimeoutError as error:
            raise DeadlineError(
                f"{show_address(self.address)} did not answer within {self._limits.answer_seconds:g} s. "
                "Try again, or another server."
            ) from error

    def _check_room(self, link: _Link, count: int) -> None:
        if count > self._limits.max_records:
            link.reader.end_by_silence()  # the rest of this answer is dropped as it comes
            raise ProtocolError(f"The answer has more than {self._limits.max_records} records.")

    async def _wait_for_more(self, link: _Link) -> bool:
        """Wait for bytes; False when silence may and does end the answer (clauses P-2.26, P-2.27).

        Raises:
            TimeoutError: nothing came, and silence may not end it.
        """
        may_end = link.reader.may_end_by_silence
        came = await link.wait_data(self._limits.silence_seconds if may_end else self._limits.answer_seconds)
        if not came and not may_end:
            raise TimeoutError
        return came


class _Link(asyncio.Protocol):
    """The connection itself: bytes into the reader, and word of their coming and of the end."""

    transport: asyncio.Transport
    local_address: Address

    def __init__(self, address: Address, *, trace: Watcher | None) -> None:
        self.address = address
        self.reader = AnswerReader()
        self._trace = trace
        self._arrived = asyncio.Event()
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.local_address = (plain_address(host), port)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(str(error or "it closed the connection"))
        self._arrived.set()

    def data_received(self, data: bytes) -> None:
        if self._trace:
            self._trace(Received(Role.CLIENT, self.address, data))
        self.reader.receive_data(data)
        self._arrived.set()

    def send(self, request: IndexRequest) -> None:
        """Send a request in one piece, and expect its answer."""
        data = encode_request(request)
        self._check_open()
        self.reader.expect(request)
        self.transport.write(data)
        if self._trace:
            self._trace(Sent(Role.CLIENT, self.address, data))

    async def wait_data(self, seconds: float) -> bool:
        """Wait for bytes, and say whether any came.

        Raises:
            ConnectionLostError: the connection ended before.
        """
        self._arrived.clear()
        self._check_open()
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

    async def wait_lost(self) -> str:
        return await asyncio.shield(self._lost)

    def _check_open(self) -> None:
        if self._lost.done():
            where = show_address(self.address)
            raise ConnectionLostError(
                f"The connection to the index at {where} is lost: {self._lost.result()}."
            )
