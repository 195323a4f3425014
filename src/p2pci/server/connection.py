"""A peer's conversation with the index server.

Requests are answered in batches; a long answer goes out piece by piece, as fast as its reader takes it, and
others are served in between.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import TYPE_CHECKING, assert_never

from p2pci.dialing import can_reach
from p2pci.events import Added, Connected, Joined, Left, Received, Removed, Role, Sent
from p2pci.index import Member, published_host
from p2pci.protocol.answers import END, OK_HEAD, encode_error, encode_ok_head
from p2pci.protocol.extensions import PLAIN, Feature, Options, encode_features, encode_selection
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Refusal, Remove, Request
from p2pci.protocol.requests import RequestReader, Wait
from p2pci.protocol.rules import Conversation
from p2pci.protocol.shortcuts import LOOKUP_START
from p2pci.server.counting import OTHER, TIMED_BYTES, TIMED_OF_BYTES, TIMED_ONE_IN
from p2pci.serving import Listener, ServedConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from p2pci.events import Address
    from p2pci.server.running import IndexServer
    from p2pci.shared_index import SharedIndex

_BETWEEN = END + OK_HEAD  # two answers, each with records
BATCH_BYTES = 64 * 1024  # answers are written, and other connections served, after that many bytes
BATCH_RECORDS = 500  # of a peer that leaves, before others are served
PROBE_SECONDS = 3.0
PROBE_TURN_SECONDS = 10.0  # waited for a turn; those who hold up the others would have them lose their place


class IndexConnection(ServedConnection):
    """One peer's conversation with the index."""

    def __init__(self, server: IndexServer, listener: Listener) -> None:
        super().__init__(Conversation.P2S, listener)
        self._server = server
        self._member: Member | None = None
        self._claim = ("", 0)  # host and port of its first ADD, as claimed
        self._stream: Iterator[bytes] | None = None  # the rest of a long answer
        self._probe: asyncio.Task[None] | None = None  # under way, and its answer is to come
        self._is_scheduled = False
        self._lookup_tail = b""  # of LOOKUPs that are answered at once: while nothing else is under way

    def begin(self) -> None:
        if self._server.watch:
            self._server.watch(Connected(self.address))

    def refuse_newcomer(self) -> None:
        self._send([encode_error(Status.BAD_REQUEST)])
        self.finish()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._stream = None
        if self._probe:
            self._probe.cancel()
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
        counts = self._server.counts
        counts.received = received = counts.received + len(data)
        tail = self._lookup_tail
        shared = self._server.shared
        if (
            tail
            and data.endswith(tail)
            and data.startswith(LOOKUP_START)
            and (not shared or self._loop.time() < shared.trusted_until)  # may_answer, without the call
        ):
            since = perf_counter_ns() if received % TIMED_OF_BYTES < TIMED_BYTES else 0
            numbers = data[len(LOOKUP_START) : -len(tail)].split(tail + LOOKUP_START)
            lines = self._server.index.lookup_run(numbers)
            if len(lines) == len(numbers):
                answers = OK_HEAD + _BETWEEN.join(lines) + END
                self.transport.write(answers)
                counts.lookups += len(lines)
                counts.sent += len(answers)
                if since:
                    counts.note_batch(since=since, times=TIMED_ONE_IN)
                return
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._lookup_tail = b""

    def serve(self) -> None:
        shared = self._server.shared
        if shared and not shared.may_answer():
            self._wait_for_others(shared)
            return
        since = perf_counter_ns()
        reader = self.reader
        answers: list[bytes] = []
        size = 0
        event: Request | Refusal | Wait | None = None
        while self.can_write and size < BATCH_BYTES and not self._probe:
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
                if answer:
                    self._server.counts.note_answer(reader.last_head, answer)
            answers.append(answer)
            size += len(answer)
        if answers:
            self._send(answers)
            self._server.counts.note_batch(since=since)
        self._go_on(event, progressed=bool(answers))

    def _wait_for_others(self, shared: SharedIndex) -> None:
        """Answer nothing from what may be gone: this server stood still, and joins the others anew."""
        self._lookup_tail = b""
        self.set_reading(False)
        self.stop_head_clock()
        if not self._is_scheduled:
            self._is_scheduled = True
            shared.when_trusted(self._take_turn)

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
            if self.can_write and not self._is_scheduled and not self._probe:
                self._is_scheduled = True
                self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._is_scheduled = False
        if not self.is_finishing:
            self.serve()

    def _send(self, answers: list[bytes]) -> None:
        data = b"".join(answers)
        if not data:
            return  # of a probe, whose answer is to come
        self.transport.write(data)
        self._server.counts.sent += len(data)
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
            case Lookup(number, options=options):
                return self._answer_lookup(number, options)
            case Add(options=options) if options.wants_probe:
                self._probe = self._loop.create_task(self._answer_probe(event))
                return b""
            case Add():
                return self._answer_add(event)
            case ListAll(options=options):
                self._stream = self._server.index.list_all(options)
                return self._ok_head(options)
            case Remove():
                return self._answer_remove(event)
            case Refusal(status, reason):
                return self._error(status, reason)
            case Get():
                return self._error(Status.BAD_REQUEST, "GET is for holders.")  # the reader refuses it before
            case _:
                assert_never(event)

    def _ok_head(self, options: Options, *more: bytes) -> bytes:
        """Give the head of a 200, with what was asked for (clause P-5.2)."""
        if options is PLAIN and not more:
            return OK_HEAD
        agreed = [b"Features: " + encode_features(options.features)] if options.features else []
        return encode_ok_head([*agreed, *encode_selection(options), *more])

    def _error(self, status: Status, reason: str, options: Options = PLAIN) -> bytes:
        """Give an error, with its reason where that was agreed (clause P-5.17)."""
        lines = [b"Features: " + encode_features(options.features)] if options.features else []
        if Feature.REASON in self.reader.agreed:
            lines.append(b"Reason: " + reason.encode())
        return encode_error(status, lines)

    def _answer_lookup(self, number: int, options: Options) -> bytes:
        lines = self._server.index.lookup(number, options)
        if not isinstance(lines, bytes):
            self._stream = lines
            return self._ok_head(options)
        if not lines:
            return self._error(Status.NOT_FOUND, f"Nobody has RFC {number}.", options)
        return self._ok_head(options) + lines + END

    def _answer_adds(self, reader: RequestReader) -> bytes:
        """Answer the ADDs that come next and are like the last one."""
        member = self._member
        if member is None or reader.sender != self._claim or self._server.trace:
            return b""
        starts = reader.take_adds(lambda keys: self._server.index.add_run(member, keys))
        self._server.counts.adds += len(starts)
        end = member.address + b"\r\n" + END
        return OK_HEAD + (end + OK_HEAD).join(starts) + end if starts else b""

    def _answer_add(self, request: Add, *more: bytes) -> bytes:
        claim = (request.host, request.port)
        if self._member is None:
            self._member = self._join(request)
            self._claim = claim
        elif not self._is_own(request.host, request.port):
            return self._error(Status.BAD_REQUEST, _SECOND_IDENTITY, request.options)
        options = request.options
        is_news = not options.copy or request.number not in self._member.numbers
        line = self._server.index.add(self._member, request.number, request.title, copy=options.copy)
        if not line:
            return self._error(Status.BAD_REQUEST, _NO_ROOM, options)
        if self._server.trace and is_news:
            self._server.trace(Added(request.number, self._member.host))
        return self._ok_head(options, *more) + line + END

    async def _answer_probe(self, request: Add) -> None:
        """Try to reach the sender where it claims to listen, and nobody else; then add and answer."""
        told = await self._try_to_reach((self.address[0], request.port))
        self._probe = None
        answer = self._answer_add(request, *told)
        self._server.counts.note_answer(b"ADD ", answer)
        self._send([answer])
        self.serve()

    async def _try_to_reach(self, address: Address) -> tuple[bytes, ...]:
        """Give the header line that tells of it; none where too many wait to be tried."""
        try:
            async with asyncio.timeout(PROBE_TURN_SECONDS):
                await self._server.probing.acquire()
        except TimeoutError:
            return ()
        try:
            is_reached = await can_reach(address, seconds=PROBE_SECONDS)
        finally:
            self._server.probing.release()
        return (b"Probe: reachable" if is_reached else b"Probe: unreachable",)

    def _answer_remove(self, request: Remove) -> bytes:
        if self._member and not self._is_own(request.host, request.port):
            return self._error(Status.BAD_REQUEST, _SECOND_IDENTITY)
        line = self._server.index.remove(self._member, request.number) if self._member else b""
        if not line:
            return self._error(Status.NOT_FOUND, f"You have not added RFC {request.number}.")
        if self._server.trace and self._member:
            self._server.trace(Removed(request.number, self._member.host))
        return OK_HEAD + line + END

    def _is_own(self, host: str, port: int) -> bool:
        """Whether a claim is published like the first one of this connection (clause P-4.9)."""
        member = self._member
        return (host, port) == self._claim or (
            member is not None and (self._publish(host), port) == (member.host, member.port)
        )

    def _join(self, request: Add) -> Member:
        member = self._server.index.join(self._publish(request.host), request.port, since=self._loop.time())
        if self._server.watch:
            self._server.watch(Joined(member.host, member.port))
        return member

    def _publish(self, host: str) -> str:
        return published_host(host, source=self.address[0], trusts_claims=self._server.trusts_claims)

    def head_is_late(self) -> None:
        answer = encode_error(Status.BAD_REQUEST)
        self._server.counts.note_answer(OTHER, answer)
        self._send([answer])
        self.finish()


_NO_ROOM = "The index has no room for more documents and titles. What others have added can be added still."
_SECOND_IDENTITY = (
    "This connection has added records under another host or port. Open one of its own for these."
)
