"""A server's part in a shared index: joined, kept, fenced when it stood still, and joined anew.

One session lasts from connecting to the store until it is lost, or our lease is. Each begins under a new
epoch: everything of ours is written anew, everything of the others read anew, and little of that changes
anything.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from enum import Enum
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from p2pci.errors import InvalidValueError, LeaseLostError, SharedIndexError, StoreAwayError
from p2pci.events import IndexAlone, IndexFenced, IndexShared, NameLeased, SharedDamage
from p2pci.shared_index.encoding import (
    Again,
    Goodbye,
    Message,
    check_name,
    decode_message,
    encode_message,
)
from p2pci.shared_index.neighbourhood import Asks, Neighbourhood
from p2pci.shared_index.publisher import Publisher
from p2pci.shared_index.store import Post

if TYPE_CHECKING:
    from p2pci.events import Event, Watcher
    from p2pci.index import Index
    from p2pci.shared_index.store import Store

LEASE_SECONDS = 15.0
FLUSH_SECONDS, LONGEST_FLUSH_SECONDS = 0.005, 0.02  # changes are collected that long before they are told
STORE_SECONDS = 0.25  # and that long before they are stored;
STORE_PAUSES, LONGEST_STORE_SECONDS = 20, 10.0  # longer where storing takes longer: so many times as long
LONGEST_BEAT_SECONDS = 1.0
RETRY_SECONDS = 0.5
SILENCE_SECONDS = 3.0  # without our own beats the channel is as good as away
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 5.0  # between two times that somebody has us write everything anew
STOP_SECONDS = 2.0
MOST_REASONS = 10  # of being alone, that are told before it is one with the others again
_EPOCH_BYTES = 8


class State(Enum):
    """How far a server is one with the others, in words."""

    JOINING = "joining the others"
    SHARED = "one with the others"
    AWAY = "alone: Redis is away, and what is known of the others may be old"
    FENCED = "joining anew, after it stood still for longer than its lease"


class SharedIndex:
    """A server's part in a shared index.

    Args:
        store: where the servers meet.
        node: the name of this server, which no other one may have.
        lease_seconds: after that long without word of a server its peers are gone for all others.
        watch: told of every SharingEvent.

    Attributes:
        state: of now.
        trusted_until: when `may_answer` ends, by the clock of the loop.

    Raises:
        InvalidValueError: the name is none.
    """

    def __init__(
        self, store: Store, *, node: str, lease_seconds: float = LEASE_SECONDS, watch: Watcher | None = None
    ) -> None:
        self.state = State.JOINING
        self.node = check_name(node)
        self._store = store
        self._lease_seconds = lease_seconds
        self._watch = watch
        self._life = secrets.token_hex(_EPOCH_BYTES)
        self._epochs = count(1)
        self._lease_ends = inf
        self.trusted_until = inf  # for ever while nobody can know better
        self._again_at = -inf
        self._beats_now = False
        self._is_stopping = False
        self._flush_seconds = FLUSH_SECONDS  # longer where telling takes longer: twice as long as that
        self._waiting: list[Callable[[], object]] = []
        self._said: set[object] = set()

    @property
    def others(self) -> list[str]:
        """The names of the other servers that are there."""
        return self._neighbourhood.names

    @property
    def is_shared(self) -> bool:
        """Whether it is one with the others."""
        return self.state is State.SHARED

    @property
    def is_unstored(self) -> bool:
        """Whether something of ours is not yet where a server that joins finds it."""
        return self._publisher.is_unstored or self._publisher.has_news

    async def start(self, index: Index) -> None:
        """Join: give the index the records of all others; without the store, begin alone.

        Raises:
            SharedIndexError: the store refuses us, or another server has our name.
        """
        self._index = index
        self._clock = asyncio.get_running_loop().time
        self._changed = asyncio.Event()
        self._neighbourhood = Neighbourhood(self.node, index=index, store=self._store, watch=self._watch)
        self._publisher = Publisher(self.node, foreign=self._neighbourhood.foreign, wake=self._changed.set)
        index.journal = self._publisher
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeping = asyncio.create_task(self._keep(begun))
        try:
            await begun
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Leave in order: all that is ours is gone for the others at once."""
        self._is_stopping = True
        self._keeping.cancel()
        with suppress(asyncio.CancelledError, SharedIndexError):
            await self._keeping
        with suppress(SharedIndexError, TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                if self._publisher.epoch:
                    await self._store.open()
                    await self._store.release(self.node, self._publisher.epoch, self._message(Goodbye()))
        await self._store.close()

    def may_answer(self) -> bool:
        """Whether what is known may be told; False after we stood still for so long that it may be wrong."""
        return self._clock() < self.trusted_until

    def when_trusted(self, callback: Callable[[], object]) -> None:
        """Have a callback called once `may_answer`."""
        self._waiting.append(callback)

    # Sessions

    async def _keep(self, begun: asyncio.Future[None]) -> None:
        """Be one with the others whenever that is possible, until this is cancelled."""
        while not self._is_stopping:  # a task that fails while it is cancelled would hide the cancelling
            error = await self._try_session(begun)
            if not begun.done() and not isinstance(error, StoreAwayError | LeaseLostError):
                begun.set_exception(error)
                return
            if isinstance(error, LeaseLostError):
                continue
            self._become(State.AWAY, IndexAlone(str(error)))
            if not begun.done():
                begun.set_result(None)
            await asyncio.sleep(RETRY_SECONDS)

    async def _try_session(self, begun: asyncio.Future[None]) -> SharedIndexError:
        """Join and stay for as long as that goes well, and give what ended it."""
        ended: list[SharedIndexError] = []
        try:
            await self._session(begun)
        except* SharedIndexError as group:
            ended = [error for error in _leaves(group) if isinstance(error, SharedIndexError)]
        except* Exception as group:  # noqa: BLE001 - a fault of ours: the index goes on alone, and tries again
            ended = [StoreAwayError(f"a fault of ours, {_leaves(group)[0]!r}")]
        if self._has_stood_still():  # whatever else went wrong: an answer of the store came too late for us
            ended = [LeaseLostError()]
            self._become(State.FENCED, IndexFenced())
        await self._store.close()
        lost = [error for error in ended if isinstance(error, LeaseLostError)]
        return (lost or ended or [StoreAwayError("it said nothing more")])[0]

    async def _session(self, begun: asyncio.Future[None]) -> None:
        is_fenced = self.state is State.FENCED
        await self._store.open()
        await self._claim()
        heard = await self._store.listen()
        async with asyncio.TaskGroup() as group:
            self._neighbourhood.begin(group.create_task, Asks(self._publisher.ask_again, self._beat_now))
            group.create_task(self._listen(heard))
            group.create_task(self._write())
            await self._neighbourhood.load_all(drops_absent=is_fenced)
            if is_fenced:
                await self._neighbourhood.leaving.finish()
            others, records = len(self._neighbourhood.names), self._index.record_count
            self._become(State.SHARED, IndexShared(self.node, others, records))
            if not begun.done():
                begun.set_result(None)

    async def _claim(self) -> None:
        """Take our name, under a new epoch; that of a server that was killed is free when its lease ends.

        Raises:
            SharedIndexError: another server has it and renews its lease.
        """
        epoch = f"{self._life}.{next(self._epochs)}"
        before = inf
        started = self._clock()
        while not await self._store.claim(
            self.node, epoch, instead_of=self._publisher.epoch, lease_seconds=self._lease_seconds
        ):
            left = await self._store.seconds_left(self.node)
            if left > before:
                raise SharedIndexError(
                    f"Another server of this shared index is called {self.node}. Give each its own --node."
                )
            if before == inf:
                self._say_once(NameLeased, NameLeased(self.node, left))
            before = left
            await asyncio.sleep(LOOK_SECONDS)
            started = self._clock()
        self._lease_ends = started + self._lease_seconds
        self._publisher.start_anew(epoch)

    def _has_stood_still(self) -> bool:
        """Whether our lease has run out; it may also be gone with everything else in the store."""
        return self.state is State.SHARED and self._clock() >= self._lease_ends

    def _become(self, state: State, event: Event) -> None:
        if state is not self.state:
            self._said.clear()
        self.state = state
        self._say_once(event if state is State.AWAY else state, event)
        self._trust_until({State.SHARED: self._lease_ends, State.FENCED: -inf}.get(state, inf))

    def _say_once(self, what: object, event: Event) -> None:
        """Tell an event, and until the state is another one not again; but of being alone each reason."""
        if what not in self._said and len(self._said) < MOST_REASONS:
            self._said.add(what)
            if self._watch:
                self._watch(event)

    def _trust_until(self, time: float) -> None:
        self.trusted_until = time
        if self.may_answer():
            waiting, self._waiting = self._waiting, []
            for callback in waiting:
                asyncio.get_running_loop().call_soon(callback)

    # What we tell

    async def _write(self) -> None:
        """Tell what changes, store it a little later, and say now and then that we are there.

        What is stored of a peer is its whole shelf. Where that takes long it is done less often, so that most
        of the time is left for those who ask.
        """
        beat_seconds = min(LONGEST_BEAT_SECONDS, self._lease_seconds / 5)
        beat_at = store_at = self._clock()
        spent = 0.0
        while True:
            now = self._clock()
            if self._beats_now:
                self._beats_now = False
                beat_at = store_at = now
            is_beat, is_storing = now >= beat_at, now >= store_at and self._publisher.is_unstored
            if is_beat:
                beat_at = now + beat_seconds
            is_stored = False
            if is_beat or is_storing or self._publisher.has_news:
                is_stored = await self._post(is_beat=is_beat, is_storing=is_storing)
            spent += self._clock() - now if is_storing else 0.0
            if is_stored:
                pause = min(max(STORE_SECONDS, STORE_PAUSES * spent), LONGEST_STORE_SECONDS)
                store_at, spent = self._clock() + pause, 0.0
            if is_stored or not is_storing:
                await self._wait_for_news(min(beat_at, store_at) if self._publisher.is_unstored else beat_at)

    def _beat_now(self) -> None:
        self._beats_now = True
        self._changed.set()

    async def _wait_for_news(self, until: float) -> None:
        if not self._publisher.has_news and not self._beats_now:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._changed.wait()
        if self._publisher.has_news:
            await asyncio.sleep(self._flush_seconds)

    async def _post(self, *, is_beat: bool, is_storing: bool) -> bool:
        """Post what there is; gives whether that was the last part of what was to be stored."""
        started = self._clock()
        if started >= self._lease_ends:
            raise LeaseLostError
        if is_beat:
            self._publisher.sweep()
        messages = self._publisher.news()
        if is_beat:
            messages.append(self._publisher.beat())
        stored = self._publisher.next_post() if is_storing else Post()
        post = stored._replace(messages=messages, renews=is_beat)
        await self._store.post(self.node, self._publisher.epoch, post, lease_seconds=self._lease_seconds)
        self._flush_seconds = min(LONGEST_FLUSH_SECONDS, max(FLUSH_SECONDS, 2 * (self._clock() - started)))
        if is_beat:
            self._lease_ends = started + self._lease_seconds
            if self.state is State.SHARED:
                self._trust_until(self._lease_ends)
        return stored.sequence is not None

    # What we hear

    async def _listen(self, heard: AsyncIterator[bytes | None]) -> None:
        """Take in what others tell; our own messages come too, and show that the channel is alive."""
        looked_at = alive_at = self._clock()
        silence_seconds = max(SILENCE_SECONDS, self._lease_seconds / 3)
        async for data in heard:
            now = self._clock()
            if data is not None:
                alive_at = now
                self._take(data)
            if now - alive_at > silence_seconds:
                raise StoreAwayError("it has become silent")
            if now - looked_at > LOOK_SECONDS:
                looked_at = now
                self._neighbourhood.drop_silent(self._lease_seconds)

    def _take(self, data: bytes) -> None:
        try:
            message = decode_message(data)
        except InvalidValueError as error:
            if self._watch:
                self._watch(SharedDamage("", str(error)))
            return
        if message.node != self.node:
            self._neighbourhood.hear(message)
            if message.content == Again(self.node):
                self._write_again()

    def _write_again(self) -> None:
        now = self._clock()
        if now - self._again_at > AGAIN_SECONDS:
            self._again_at = now
            self._publisher.store_again()
            self._beat_now()

    def _message(self, content: Goodbye) -> bytes:
        return encode_message(Message(self.node, self._publisher.epoch, self._publisher.sequence, content))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Give the exceptions of a group, and of groups in it."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
