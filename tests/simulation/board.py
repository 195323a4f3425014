"""The meeting place of a shared index in memory: it is slow by chance, goes away, and forgets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from math import inf

from p2pci.errors import LeaseLostError, StoreAwayError
from p2pci.shared_index.store import Post

AWAY_SECONDS = 2.0  # waited for an answer
CUT_SHARE = 0.002  # of the calls that fail, before or after they were carried out
LOST_SHARE = 0.02  # of the messages to each that listens, without a word: Redis is not as bad
SLOWEST_SECONDS = 0.02
SILENCE_SECONDS = 1.0
SCAN_FIELDS = 3  # read at once


class Board:
    """What Redis is to several servers; `MemoryStore` is one server's connection to it.

    Args:
        chance: decides what goes wrong by itself.
        reaches: tells whether the machine that runs reaches it.

    Attributes:
        is_rough: whether anything goes wrong by itself.
    """

    def __init__(self, chance: random.Random, *, reaches: Callable[[], bool]) -> None:
        self.chance = chance
        self.reaches = reaches
        self.is_rough = True
        self.is_away = False
        self.epochs: dict[str, str] = {}
        self.leases: dict[str, tuple[str, float]] = {}
        self.fields: dict[tuple[str, ...], dict[bytes, bytes]] = {}
        self.sequences: dict[tuple[str, str], int] = {}
        self.listening: list[asyncio.Queue[bytes | None]] = []

    def go_away(self) -> None:
        """Answer nobody, until it comes back."""
        self.is_away = True
        self.cut()

    def come_back(self) -> None:
        self.is_away = False

    def cut(self) -> None:
        """End the connections of all that listen."""
        listening, self.listening = self.listening, []
        for queue in listening:
            queue.put_nowait(None)

    def tell(self, message: bytes) -> None:
        for queue in self.listening:
            if not (self.is_rough and self.chance.random() < LOST_SHARE):
                queue.put_nowait(message)

    def expire(self) -> None:
        """End a lease before its time."""
        if self.leases:
            del self.leases[self.chance.choice(list(self.leases))]

    def forget(self) -> None:
        self.epochs.clear()
        self.leases.clear()
        self.fields.clear()
        self.sequences.clear()

    def holder(self, name: str) -> str:
        epoch, ends = self.leases.get(name, ("", 0.0))
        return epoch if ends > asyncio.get_running_loop().time() else ""


class MemoryStore:
    """See Store.

    Attributes:
        joining_at: when its server last tried to join the others.
    """

    def __init__(self, board: Board) -> None:
        self.joining_at = -inf
        self._board = board
        self._queue: asyncio.Queue[bytes | None] | None = None

    async def open(self) -> None:
        self.joining_at = asyncio.get_running_loop().time()
        await self._reach()

    async def close(self) -> None:
        with suppress(ValueError):
            self._board.listening.remove(self._queue or asyncio.Queue())

    async def _reach(self) -> None:
        await asyncio.sleep(self._board.chance.uniform(0, SLOWEST_SECONDS))
        if not self._board.reaches():
            await asyncio.sleep(AWAY_SECONDS)
            raise StoreAwayError("it does not answer")
        self._may_fail()

    def _may_fail(self) -> None:
        if self._board.is_away or (self._board.is_rough and self._board.chance.random() < CUT_SHARE):
            raise StoreAwayError("the test took it away")

    async def listen(self) -> AsyncIterator[bytes | None]:
        await self._reach()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._queue = queue
        self._board.listening.append(queue)
        return self._hear(queue)

    async def _hear(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes | None]:
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await queue.get()
            except TimeoutError:
                yield None
                continue
            while not self._board.reaches():  # it comes when the cut is over
                await asyncio.sleep(SILENCE_SECONDS)
                yield None
            if message is None:
                raise StoreAwayError("the test cut the connection")
            yield message

    async def claim(self, name: str, epoch: str, *, instead_of: str, lease_seconds: float) -> bool:
        self.joining_at = asyncio.get_running_loop().time()
        await self._reach()
        if self._board.holder(name) not in ("", instead_of):
            return False
        self._board.leases[name] = epoch, asyncio.get_running_loop().time() + lease_seconds
        self._board.epochs[name] = epoch
        return True

    async def seconds_left(self, name: str) -> float:
        await self._reach()
        _, ends = self._board.leases.get(name, ("", 0.0))
        return max(0.0, ends - asyncio.get_running_loop().time())

    async def post(self, name: str, epoch: str, post: Post, *, lease_seconds: float) -> None:
        await self._reach()
        if self._board.holder(name) != epoch:
            raise LeaseLostError
        if post.renews:
            self._board.leases[name] = epoch, asyncio.get_running_loop().time() + lease_seconds
            self._board.epochs[name] = epoch
        for kind, fields in (("editions", post.editions), ("peers", post.peers)):
            stored = self._board.fields.setdefault((kind, name, epoch), {})
            for field, value in fields.items():
                stored.pop(b"%d" % field, None)
                if value is not None:
                    stored[b"%d" % field] = value
        if post.sequence is not None:
            self._board.sequences[name, epoch] = post.sequence
        for message in post.messages:
            self._board.tell(message)
        self._may_fail()  # carried out, and nobody knows

    async def release(self, name: str, epoch: str, message: bytes) -> None:
        await self._reach()
        if self._board.holder(name) == epoch:
            del self._board.leases[name]
            for kind in _KINDS:
                self._board.fields.pop((kind, name, epoch), None)
            self._board.sequences.pop((name, epoch), None)
            self._board.tell(message)

    async def nodes(self) -> dict[str, str]:
        await self._reach()
        return {name: epoch for name in self._board.epochs if (epoch := self._board.holder(name))}

    async def sequence(self, name: str, epoch: str) -> int | None:
        await self._reach()
        return self._board.sequences.get((name, epoch))

    def editions(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        return self._scan("editions", name, epoch)

    def peers(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        return self._scan("peers", name, epoch)

    async def _scan(self, *key: str) -> AsyncIterator[dict[bytes, bytes]]:
        """Read a few fields after the other, while they change, as HSCAN does."""
        await self._reach()
        stored = self._board.fields.get(key, {})
        fields = list(stored)
        for first in range(0, len(fields), SCAN_FIELDS):
            await self._reach()
            batch = fields[first : first + SCAN_FIELDS]
            yield {field: stored[field] for field in batch if field in stored}


_KINDS = ("editions", "peers")
