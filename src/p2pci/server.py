"""The index server: who is here, and who holds which document (P2S, clauses P-2 and P-4).

All peers share one event loop. A connection's requests are answered in batches; a long answer goes out
piece by piece, as fast as its reader takes it, and others are served in between. Imports
`serving`, `index`, `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, assert_never

from p2pci.events import Added, Connected, Joined, Left, Received, Role, Sent, Watcher
from p2pci.index import Index, Member, published_host
from p2pci.protocol.answers import END, OK_HEAD, encode_error
from p2pci.protocol.grammar import DEFAULT_PORT, Status
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Refusal, Request
from p2pci.protocol.requests import LOOKUP_START, Conversation, RequestReader, Wait
from p2pci.serving import Listener, ServedConnection, ServingLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

_BETWEEN = END + OK_HEAD  # two answers, each with records
BATCH_BYTES = 64 * 1024  # answers are written, and other connections served, after that many bytes
BATCH_RECORDS = 500  # of a peer that leaves, before others are served
STOP_SECONDS = 5.0


class IndexServer:
    """A running index server.

    >>> async def main():
    ...     async with IndexServer(host="127.0.0.1", port=0) as server:
    ...         return server.port > 0
    >>> asyncio.run(main())
    True

    Args:
        host: the address to listen on; None for all interfaces, IPv4 and IPv6.
        port: 0 for any free one; `port` then tells which.
        trusts_claims: publish every peer under the host that it claims (the handout's way, clause P-4.7).
        watch: told of Connected, Joined and Left.
        trace: told of Received, Added and Sent, at every message; costs time.
        limits: see ServingLimits.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int = DEFAULT_PORT,
        trusts_claims: bool = False,
        watch: Watcher | None = None,
        trace: Watcher | None = None,
        limits: ServingLimits | None = None,
    ) -> None:
        self.index = Index()
        self.trusts_claims = trusts_claims
        self.watch = watch
        self.trace = trace
        self._host = host
        self._wanted_port = port
        self._limits = limits or ServingLimits()
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        return self._listener.port if self._listener else self._wanted_port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        listener = Listener(lambda: _IndexConnection(self, listener), limits=self._limits)
        await listener.open(self._host, self._wanted_port)
        self._listener = listener

    async def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Stop accepting, let answers under way go out for so long, then close every connection."""
        if self._listener:
            await self._listener.close(grace_seconds=grace_seconds)
            self._listener = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _IndexConnection(ServedConnection):
    """One peer's conversation with the index."""

    def __init__(self, server: IndexServer, listener: Listener) -> None:
        super().__init__(Conversation.P2S, listener)
        self._server = server
        self._member: Member | None = None
        self._claim = ("", 0)  # host and port of its first ADD, as claimed
        self._stream: Iterator[bytes] | None = None  # the rest of a long answer
        self._is_scheduled = False
        self._lookup_tail = b""  # of LOOKUPs that are answered at once: while nothing else is under way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if transport.is_closing():
            return
        if self._server.watch:
            self._server.watch(Connected(self.address))
        if len(self._listener.connections) > self._listener.limits.max_connections:
            self._send([encode_error(Status.BAD_REQUEST)])
            self.finish()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._stream = None
        if self._member:
            left = Left(self._member.host, self._member.port, len(self._member.numbers))
            self._leave(self._member, left)

    def _leave(self, member: Member, left: Left) -> None:
        """Take the peer out; a large shelf needs several turns, between which others are served."""
        if not self._server.index.leave(member, at_most=BATCH_RECORDS):
            self._loop.call_soon(self._leave, member, left)
        elif self._server.watch:
            self._server.watch(left)

    def data_received(self, data: bytes) -> None:
        """Answer LOOKUPs that are like the last one at once, and hand on everything else."""
        tail = self._lookup_tail
        if tail and data.endswith(tail) and data.startswith(LOOKUP_START):
            numbers = data[len(LOOKUP_START) : -len(tail)].split(tail + LOOKUP_START)
            lines = self._server.index.lookup_run(numbers)
            if len(lines) == len(numbers):
                self.transport.write(OK_HEAD + _BETWEEN.join(lines) + END)
                return
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._lookup_tail = b""

    def serve(self) -> None:
        reader = self.reader
        answers: list[bytes] = []
        size = 0
        event: Request | Refusal | Wait | None = None
        while self.can_write and size < BATCH_BYTES:
            if self._stream is not None:
                answer = self._next_of_stream()
            elif reader.is_drained:
                event = Wait.NEED_DATA
                break
            elif not (answer := self._answer_adds(reader)):
                event = reader.next_event()
                if isinstance(event, Wait):
                    break
                answer = self._answer(event)
            answers.append(answer)
            size += len(answer)
        if answers:
            self._send(answers)
        self._go_on(event, progressed=bool(answers))

    def _go_on(self, event: Request | Refusal | Wait | None, *, progressed: bool) -> None:
        """Decide what `serve` waits for: bytes, the other side's reading, its turn, or nothing more."""
        self._lookup_tail = b""
        if progressed:
            self.stop_head_clock()
        if event is Wait.CLOSED:
            self.finish()
        elif event is Wait.NEED_DATA:
            self.set_reading(True)
            if self.reader.head_started:
                self.start_head_clock()
            elif self.can_write and not self._server.trace:
                self._lookup_tail = self.reader.lookup_tail
        else:
            self.set_reading(False)
            self.stop_head_clock()  # a head cannot go on while nothing is read
            if self.can_write and not self._is_scheduled:
                self._is_scheduled = True
                self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._is_scheduled = False
        if not self.is_finishing:
            self.serve()

    def _send(self, answers: list[bytes]) -> None:
        data = b"".join(answers)
        self.transport.write(data)
        if self._server.trace:
            self._server.trace(Sent(Role.INDEX, self.address, data))

    def _next_of_stream(self) -> bytes:
        batch = next(self._stream, None) if self._stream else None
        if batch is None:
            self._stream = None
            return END
        return batch

    def _answer(self, event: Request | Refusal) -> bytes:
        """Give the answer, or its beginning when the rest is in `_stream`."""
        if self._server.trace:
            self._server.trace(Received(Role.INDEX, self.address, self.reader.last_head))
        match event:
            case Lookup(number):
                return self._answer_lookup(number)
            case Add():
                return self._answer_add(event)
            case ListAll():
                self._stream = self._server.index.list_all()
                return OK_HEAD
            case Refusal(status):
                return encode_error(status)
            case Get():
                return encode_error(Status.BAD_REQUEST)  # the reader refuses it before
            case _:
                assert_never(event)

    def _answer_lookup(self, number: int) -> bytes:
        lines = self._server.index.lookup(number)
        if not isinstance(lines, bytes):
            self._stream = lines
            return OK_HEAD
        return OK_HEAD + lines + END if lines else encode_error(Status.NOT_FOUND)

    def _answer_adds(self, reader: RequestReader) -> bytes:
        """Answer the ADDs that come next and are like the last one."""
        member = self._member
        if member is None or reader.sender != self._claim or self._server.trace:
            return b""
        starts = reader.take_adds(lambda keys: self._server.index.add_run(member, keys))
        end = member.line_end + END
        return OK_HEAD + (end + OK_HEAD).join(starts) + end if starts else b""

    def _answer_add(self, request: Add) -> bytes:
        claim = (request.host, request.port)
        if self._member is None:
            self._member = self._join(request)
            self._claim = claim
        elif claim != self._claim and (self._publish(request), request.port) != (
            self._member.host,
            self._member.port,
        ):
            return encode_error(Status.BAD_REQUEST)  # a second identity (clause P-4.9)
        line = self._server.index.add(self._member, request.number, request.title)
        if self._server.trace:
            self._server.trace(Added(request.number, self._member.host))
        return OK_HEAD + line + END

    def _join(self, request: Add) -> Member:
        member = self._server.index.join(self._publish(request), request.port)
        if self._server.watch:
            self._server.watch(Joined(member.host, member.port))
        return member

    def _publish(self, request: Add) -> str:
        return published_host(request.host, source=self.address[0], trusts_claims=self._server.trusts_claims)

    def head_is_late(self) -> None:
        self._send([encode_error(Status.BAD_REQUEST)])
        self.finish()
