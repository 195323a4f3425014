"""A peer's conversation with the index, kept alive: what is registered there is what the peer offers.

The offer is registered when the index is reached, and again whenever it comes back; what changes meanwhile
is told as it changes. One thing at a time: a question waits until what is being registered is. Messages that
add to what the index has been told already are traced as UPKEEP. Imports `client`, `protocol`, `events`,
`errors`, and its floor's `offer`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from p2pci.client import Answer, ClientLimits, IndexClient, NewRecord
from p2pci.errors import (
    ConnectionLostError,
    DeadlineError,
    NetworkError,
    ProtocolError,
    RefusedError,
    TurnedAwayError,
)
from p2pci.events import (
    Advertised,
    IndexConnected,
    IndexLost,
    Reachable,
    Rejoining,
    Unreachable,
    Unregistered,
)
from p2pci.peer.offer import Offer
from p2pci.peer.registration import Registration, Trace
from p2pci.protocol.addresses import is_loopback
from p2pci.protocol.extensions import Feature

if TYPE_CHECKING:
    from p2pci.events import Address, Watcher


class Membership:
    """A peer's place in an index.

    Args:
        servers: hosts and ports of index servers that answer as one, or of the only one.
        offer: what is to be registered.
        identify: gives the host and port that we want to be published under, for our end of the connection.
        tell: told of what happens now and then.
        trace: told of Sent and Received.
        limits: of the conversation.
        retry_seconds: the first and the longest pause between two tries to reach a lost index.

    Attributes:
        identity: host and port that we asked to be published under.
        servers: in the order that they are tried: first the one that knows us.
    """

    def __init__(
        self,
        servers: Sequence[Address],
        *,
        offer: Offer,
        identify: Callable[[str], Awaitable[Address]],
        tell: Watcher,
        trace: Watcher | None,
        limits: ClientLimits,
        retry_seconds: tuple[float, float],
    ) -> None:
        self.identity: Address = ("", 0)
        self.servers = list(servers)
        self._offer = offer
        self._identify = identify
        self._tell = tell
        self._trace = trace
        self._limits = limits
        self._first_pause, self._longest_pause = retry_seconds
        self._pause = self._first_pause
        self._place: _Place | None = None  # None while the index is away
        self._may_probe = True
        self._turn = asyncio.Lock()  # to speak with the index
        self._changed = asyncio.Event()

    @property
    def own_names(self) -> set[Address]:
        """How we are published, and what we claimed (clause P-4.10)."""
        return {self.identity, *(self._place.registration.names if self._place else ())}

    @property
    def knows_copies(self) -> bool:
        """Whether the index tells of copies, so that its peers may know section 5."""
        return self._place is not None and Feature.DIGEST in self._place.index.agreed

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the index server runs where we do; raises ConnectionLostError while it is away."""
        return self._reached().index.is_on_this_machine

    async def join(self) -> None:
        """Reach the index, and register what is offered; at the next of several servers where one is full.

        Raises:
            CannotConnectError: nobody answers there.
            NetworkError: it went away meanwhile.
        """
        for _ in self.servers[1:]:
            try:
                return await self._join_first()
            except (TurnedAwayError, ConnectionLostError, DeadlineError) as error:
                self._place = None
                self.servers.append(self.servers.pop(0))
                self._tell(IndexLost(str(error), 0.0))
        return await self._join_first()

    async def _join_first(self) -> None:
        place = await self._connect()
        async with self._turn:
            await place.registration.register(self._offer.records(), is_joining=True)
        self.stir()  # there may be copies to be told

    async def keep(self) -> None:
        """Keep the index told, and join it again whenever it is back, until this is cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            reason = await self._tell_changes()
            self._place = None
            if clock() - begun > self._longest_pause:  # else it is full, or ends every connection
                self._pause = self._first_pause
            await self._rejoin(reason)

    async def leave(self) -> None:
        """End the conversation; nobody may `keep` it any longer."""
        if self._place:
            await self._place.index.close()

    def stir(self) -> None:
        """Have the index told of what has changed in the offer; now, or when it is back."""
        self._changed.set()

    async def ask(self, question: Callable[[IndexClient], Awaitable[Answer]]) -> Answer:
        """Put a question to the index.

        Raises:
            ConnectionLostError: it is away; for others see IndexClient.
        """
        async with self._turn:
            return await question(self._reached().index)

    async def add(self, number: int, title: str) -> Answer:
        """Register a document and offer it from now on; raises what `ask` does."""
        async with self._turn:
            place = self._reached()
            answer = await place.index.add(number, title)
            place.registration.note(NewRecord(number, title), answer.records)
            self._offer.add(number, title)
        self.stir()  # the index does not know our copy
        return answer

    def _reached(self) -> _Place:
        if self._place is None:
            raise ConnectionLostError(
                "The index server is away. It is being tried again; ask once it is back."
            )
        return self._place

    async def _connect(self) -> _Place:
        trace = Trace(self._trace) if self._trace else None
        first, *spares = self.servers
        index = IndexClient(*first, spares=spares, trace=trace, limits=self._limits)
        await index.connect()
        self.servers.remove(index.address)
        self.servers.insert(0, index.address)
        index.identity = self.identity = await self._identify(index.local_address[0])
        self._tell(Advertised(*self.identity))
        self._tell(IndexConnected(*index.address))
        self._place = _Place(index, Registration(index, tell=self._tell, trace=trace))
        return self._place

    async def _rejoin(self, reason: str) -> None:
        """Try until the index is back: soon, then less often, and never all peers at the same moment.

        Of several servers the others first: the one that was lost may be full, or on its way down.
        """
        while True:
            self.servers.append(self.servers.pop(0))
            seconds = random.uniform(self._pause / 2, self._pause)
            self._pause = min(2 * self._pause, self._longest_pause)
            self._tell(IndexLost(reason, seconds))
            await asyncio.sleep(seconds)
            try:
                return await self.join()
            except NetworkError as error:
                self._place = None
                reason = str(error)

    async def _tell_changes(self) -> str:
        """Tell the index of what changes, until it is lost; gives the reason of that."""
        while place := self._place:
            if self._changed.is_set():
                self._changed.clear()
                try:
                    await self._update(place)
                except NetworkError as error:
                    return await self._end(error)
            else:
                await self._ask_whether_reachable(place)
                if reason := await self._wait_lost_or_changed(place):
                    return reason
        return ""

    async def _end(self, error: NetworkError) -> str:
        """End a conversation that has failed, and give the reason."""
        if self._place is None:
            return str(error)  # of joining again
        await self._place.index.close()
        return await self._place.index.wait_lost()

    async def _wait_lost_or_changed(self, place: _Place) -> str:
        """Wait until the index is lost, and give the reason; or until there is something to tell it."""
        lost = asyncio.ensure_future(place.index.wait_lost())
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((lost, changed), return_when=asyncio.FIRST_COMPLETED)
            return lost.result() if lost.done() else ""
        finally:
            lost.cancel()
            changed.cancel()

    async def _update(self, place: _Place) -> None:
        """Make what is registered what is offered.

        Raises:
            NetworkError: the index went away, or did not come back.
        """
        async with self._turn:
            records = self._offer.records()
            gone = place.registration.gone_from(records)
            if await place.registration.withdraw(gone):
                if gone:
                    self._tell(Unregistered(len(gone)))
                await place.registration.register(records)
                await place.registration.tell_copies(records)
                return
            self._tell(Rejoining())
            self._place = None
            await place.index.close()
            place = await self._connect()
            await place.registration.register(records, is_joining=True)
            self._tell(Unregistered(len(gone)))
            self.stir()

    async def _ask_whether_reachable(self, place: _Place) -> None:
        """Have the index try to reach us, once after each joining, when there is a record to ask with.

        Not over loopback, unless we are published there: it would try an address that nobody else uses.
        """
        is_tellable = not is_loopback(place.index.local_address[0]) or is_loopback(self.identity[0])
        if place.is_probed or not place.registration.count or not self._may_probe or not is_tellable:
            return
        place.is_probed = True
        try:
            async with self._turn:
                is_reachable = await place.registration.ask_whether_reachable()
        except NetworkError:
            self._may_probe = False  # else it would cost the connection each time
        except (ProtocolError, RefusedError):
            pass
        else:
            if is_reachable is not None:
                self._tell((Reachable if is_reachable else Unreachable)(*self.identity))


@dataclass(slots=True)
class _Place:
    """A connection to the index, and what it was told there."""

    index: IndexClient
    registration: Registration
    is_probed: bool = False
