"""What an index server is asked: records added, removed, looked up and listed (clauses P-1.3 on, P-5.3 on).

One request at a time on one connection, and whoever asks meanwhile waits; ADDs and REMOVEs alone go out many
at a time where that is agreed. The first request proposes the features of section 5. An index server that
does not take it is asked again without, on a new connection, and is a plain one from then on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain, islice
from typing import TYPE_CHECKING, Self, TypeVar

from p2pci.client.hearing import Hearing, Take
from p2pci.client.link import Link
from p2pci.client.values import Added, Answer, ClientLimits, NewRecord
from p2pci.dialing import dial_first, show_address
from p2pci.errors import ConnectionLostError, DeadlineError, ProtocolError, RefusedError
from p2pci.protocol.addresses import is_loopback
from p2pci.protocol.extensions import (
    ALL_FEATURES,
    NO_FEATURES,
    PLAIN,
    Copy,
    Feature,
    Features,
    Options,
    parse_features,
)
from p2pci.protocol.grammar import DEFAULT_PORT, Status
from p2pci.protocol.messages import Add, ListAll, Lookup, Remove, encode_request

if TYPE_CHECKING:
    from p2pci.events import Address, Watcher
    from p2pci.protocol.messages import IndexRequest

_Subject = TypeVar("_Subject")
IN_FLIGHT = 256  # ADDs or REMOVEs


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
        proposes: the features of section 5 that are asked for; none makes it a plain 1.0 client.
        trace: told of Sent and Received at every message.
        limits: see ClientLimits.
        spares: index servers that answer as one with it, tried in this order where it cannot be reached.

    Attributes:
        address: host and port of the server that we are connected to, or would be.
        agreed: the features that the index server knows too; none before the first answer.

    Every question raises:
        TurnedAwayError: it has no room for us.
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
        proposes: Features = ALL_FEATURES,
        trace: Watcher | None = None,
        limits: ClientLimits | None = None,
        spares: Sequence[Address] = (),
    ) -> None:
        self.address = (host, port)
        self._addresses = [self.address, *spares]
        self.identity = identity
        self.agreed: Features = NO_FEATURES
        self._proposes = proposes
        self._proposal = proposes  # with the next request; none once it was made
        self._trace = trace
        self._limits = limits or ClientLimits()
        self._link: Link | None = None
        self._turn = asyncio.Lock()

    @property
    def local_address(self) -> Address:
        """Our end of the connection."""
        return self._open_link().local_address

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the index server runs where we do, as far as the addresses tell."""
        local, _ = self.local_address
        return is_loopback(local) or local == self._open_link().remote_host

    async def connect(self) -> None:
        """Open the connection, or a new one after the old one has ended.

        Raises:
            CannotConnectError: nobody answers there.
        """
        self._link = await self._dial(self._addresses, self._limits.connect_seconds)
        self.agreed, self._proposal = NO_FEATURES, self._proposes

    async def _dial(self, addresses: Sequence[Address], seconds: float) -> Link:
        dead_seconds = self._limits.dead_seconds
        link, self.address = await dial_first(
            lambda address: Link(address, trace=self._trace, dead_seconds=dead_seconds),
            addresses,
            seconds=seconds,
        )
        return link

    async def close(self) -> None:
        """End the connection; an index server takes that for leaving."""
        if self._link:
            self._link.transport.close()
            await self._link.wait_lost()

    async def wait_lost(self) -> str:
        """Wait until the connection has ended for good, and say why."""
        while True:
            link = self._open_link()
            reason = await link.wait_lost()
            if link is self._link:
                return reason

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def add(
        self, number: int, title: str, *, copy: Copy | None = None, wants_probe: bool = False
    ) -> Answer:
        """Register a document for our identity; the answer's record is how it was published.

        Args:
            number: of the document.
            title: of it, perhaps "".
            copy: ours; told where that is agreed.
            wants_probe: let the index server try to reach us where that is agreed; the answer says whether.
        """
        options = Options(copy=copy, wants_probe=wants_probe)
        return await self._ask(lambda host, port: Add(number, host, port, title, self._allowed(options)))

    async def add_all(self, documents: Iterable[NewRecord]) -> AsyncIterator[Added]:
        """Register many documents, several at a time where that is agreed; gives each answer as it comes.

        An answer that is none ends it with a ProtocolError, and where several were in flight the connection.
        """
        waiting = iter(documents)
        if self._proposal:
            for first in islice(waiting, 1):
                added = await self._add_one(first)
                if first.copy and Feature.DIGEST in self.agreed:
                    waiting = chain([first], waiting)  # now with its copy
                else:
                    yield added
        if Feature.PIPELINE not in self.agreed:
            for document in waiting:
                yield await self._add_one(document)
            return
        async with self._turn:
            async for document, request, heard in self._send_many(waiting, make_request=self._make_add):
                is_ok = heard.code == Status.OK
                record = next(iter(heard.records), None) if is_ok else None
                yield Added(document, record, None if is_ok else _refused(heard, request))

    async def remove(self, number: int) -> bool:
        """Take one of our records back; only where `agreed` has REMOVE. False when it was not there."""
        answer = await self._ask(lambda host, port: Remove(number, host, port))
        return answer.status == Status.OK

    async def remove_all(self, numbers: Iterable[int]) -> None:
        """Take many of our records back, those that were there; only where `agreed` has REMOVE.

        An answer that is none, or an error, ends it as it ends `add_all`.
        """
        if Feature.PIPELINE not in self.agreed:
            for number in numbers:
                await self.remove(number)
            return
        async with self._turn, aclosing(self._send_many(iter(numbers), make_request=Remove)) as answers:
            async for _, request, heard in answers:
                if heard.code not in (Status.OK, Status.NOT_FOUND):
                    raise _refused(heard, request)

    async def lookup(
        self, number: int, title: str = "", options: Options = PLAIN, *, take: Take | None = None
    ) -> Answer:
        """Ask who holds a document.

        Args:
            number: of the document.
            title: of it; it selects nothing.
            options: for `wants_copies` and `holders`, which count where they are agreed.
            take: as of `list_all`.
        """
        return await self._ask(
            lambda host, port: Lookup(number, host, port, title, self._allowed(options, is_first=True)),
            take=take,
        )

    async def lookup_or_reconnect(self, number: int, options: Options = PLAIN) -> Answer:
        """Ask who holds a document, on a new connection if the old one is lost.

        For who asks now and then: the index server was started again, perhaps, while documents came.

        Raises:
            CannotConnectError: it is gone.
        """
        try:
            return await self.lookup(number, options=options)
        except ConnectionLostError:
            await self.connect()
            return await self.lookup(number, options=options)

    async def list_all(self, options: Options = PLAIN, *, take: Take | None = None) -> Answer:
        """Ask for all records of all peers.

        Args:
            options: for `wants_copies`, `holders`, `first` and `limit`, which count where they are agreed.
            take: given those that have come, whenever they fill ClientLimits.max_bytes; the answer has the
                rest. Without it, an answer with more of them is a ProtocolError.
        """
        return await self._ask(
            lambda host, port: ListAll(host, port, self._allowed(options, is_first=True)), take=take
        )

    def _allowed(self, options: Options, *, is_first: bool = False) -> Options:
        """Leave out of options what is not agreed; the first request may ask for what it proposes."""
        features = self.agreed | (self._proposal if is_first else NO_FEATURES)
        has_digest, has_holders = Feature.DIGEST in features, Feature.HOLDERS in features
        return Options(
            features=self._proposal,
            copy=options.copy if has_digest else None,
            wants_probe=options.wants_probe and Feature.PROBE in features,
            wants_copies=options.wants_copies and has_digest,
            holders=options.holders if has_holders else 0,
            first=options.first if has_holders else 0,
            limit=options.limit if has_holders else 0,
        )

    def _open_link(self) -> Link:
        if self._link is None:
            raise ConnectionLostError(f"Not connected to {show_address(self.address)}. Connect first.")
        return self._link

    async def _ask(
        self, make_request: Callable[[str, int], IndexRequest], *, take: Take | None = None
    ) -> Answer:
        """Put a question and give its answer; where a proposal is not taken, put it again without.

        Both tries together have the time of one answer, and nothing is asked for twice once records came.
        """
        limits, clock = self._limits, asyncio.get_running_loop()
        async with self._turn:
            ends = clock.time() + limits.answer_seconds
            heard = Hearing(limits, take)
            if self._proposal:
                self._open_link().check_open()
                seconds = min(limits.proposal_seconds, limits.answer_seconds / 2)
                try:
                    return await self._ask_once(make_request, heard, seconds=seconds)
                except (ConnectionLostError, DeadlineError, ProtocolError, RefusedError) as error:
                    if isinstance(error, RefusedError) and (self.agreed or error.code != Status.BAD_REQUEST):
                        raise
                    if heard.has_records or clock.time() >= ends:
                        raise
                await self._start_plainly(min(limits.connect_seconds, ends - clock.time()))
                heard = Hearing(limits, take)
            return await self._ask_once(make_request, heard, seconds=ends - clock.time())

    async def _start_plainly(self, seconds: float) -> None:
        """Connect anew, and speak nothing but 1.0 (clause P-5.5)."""
        self._proposal = NO_FEATURES
        before = self._open_link()
        try:
            self._link = await self._dial([self.address], seconds)
        finally:
            before.give_up()  # only now, so that whoever waits for the end goes on with the new one

    async def _ask_once(
        self, make_request: Callable[[str, int], IndexRequest], heard: Hearing, *, seconds: float
    ) -> Answer:
        link = self._open_link()
        is_proposal = bool(self._proposal)  # which is put again, whatever comes of it
        request = make_request(*(self.identity or link.local_address))
        link.send(request)
        try:
            await heard.listen(link, seconds=seconds)
        except ProtocolError:
            await link.fall_silent(self._limits.silence_seconds, at_most_seconds=seconds)
            raise
        except BaseException:
            link.give_up()
            raise
        self._note_agreement(heard)
        if heard.code == Status.OK or (heard.code == Status.NOT_FOUND and not isinstance(request, Add)):
            return Answer(Status(heard.code), heard.records, heard.is_complete, heard.is_reachable)
        if heard.code == Status.BAD_REQUEST and not is_proposal:
            await link.see_whether_turned_away()
        raise _refused(heard, request)

    def _note_agreement(self, heard: Hearing) -> None:
        if self._proposal:
            self.agreed = parse_features(heard.headers.get(b"features", b"")) & self._proposal
            self._proposal = NO_FEATURES

    async def _add_one(self, document: NewRecord) -> Added:
        try:
            answer = await self.add(document.number, document.title, copy=document.copy)
        except RefusedError as error:
            return Added(document, None, error)
        return Added(document, next(iter(answer.records), None), None)

    async def _send_many(
        self, waiting: Iterator[_Subject], *, make_request: Callable[[_Subject, str, int], Add | Remove]
    ) -> AsyncGenerator[tuple[_Subject, Add | Remove, Hearing], None]:
        """Keep up to IN_FLIGHT requests under way, and give their answers in order."""
        link = self._open_link()
        host, port = self.identity or link.local_address
        under_way: deque[tuple[_Subject, Add | Remove]] = deque()
        try:
            while True:
                if len(under_way) <= IN_FLIGHT // 2:
                    batch = list(islice(waiting, IN_FLIGHT - len(under_way)))
                    requests = [make_request(subject, host, port) for subject in batch]
                    if requests:
                        link.send_many(requests)
                    under_way.extend(zip(batch, requests, strict=True))
                if not under_way:
                    return
                heard = Hearing(self._limits)
                await heard.listen(link, seconds=self._limits.answer_seconds)
                yield *under_way.popleft(), heard
        finally:
            if under_way:
                link.give_up()  # nobody would know whose the other answers are

    def _make_add(self, document: NewRecord, host: str, port: int) -> Add:
        options = self._allowed(Options(copy=document.copy))
        return Add(document.number, host, port, document.title, options)


def _refused(heard: Hearing, request: IndexRequest) -> RefusedError:
    line = encode_request(request).split(b"\r\n")[0].decode()
    reason = heard.headers.get(b"reason", b"").decode("utf-8", "replace")
    return RefusedError(heard.code, request=line, reason=reason)
