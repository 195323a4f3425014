"""What one index was told on one connection, and how it is told the rest.

Few documents are registered as in 1.0, one after the other, each with an answer that can be looked at; many
go out together where that is agreed. What the index learns beyond 1.0 of documents that are registered
already is traced as UPKEEP: our copies of them, and whether others can reach us. Imports `client`,
`protocol`, `events` and `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from p2pci.client import IndexClient, NewRecord
from p2pci.errors import ProtocolError, RefusedError
from p2pci.events import (
    NotRegistered,
    Received,
    Registered,
    Registering,
    Role,
    Sent,
    Unregistering,
)
from p2pci.protocol.extensions import Feature

if TYPE_CHECKING:
    from p2pci.events import Address, Event, Watcher
    from p2pci.protocol.messages import Record

ONE_BY_ONE = 20  # documents at most are registered as in 1.0


class Trace:
    """Hands on the messages of a conversation, those of the upkeep under their own role."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._is_upkeep = False

    def __call__(self, event: Event) -> None:
        if self._is_upkeep and isinstance(event, Sent | Received):
            event = event._replace(role=Role.UPKEEP)
        self._watcher(event)

    @contextmanager
    def upkeep(self) -> Iterator[None]:
        """Take what is said meanwhile for upkeep; nobody else may ask anything then."""
        self._is_upkeep = True
        try:
            yield
        finally:
            self._is_upkeep = False


class Registration:
    """The documents of one peer in one index, until the connection ends.

    Args:
        index: which is told.
        tell: told of what happens.
        trace: that of `index`, if it is traced.

    Attributes:
        names: host and port under which we are published, as the echoes say (clause P-4.10).
    """

    def __init__(self, index: IndexClient, *, tell: Watcher, trace: Trace | None) -> None:
        self.names: set[Address] = set()
        self._index = index
        self._tell = tell
        self._trace = trace
        self._told: dict[int, NewRecord] = {}
        self._refused: set[int] = set()  # what of that the index did not take

    @property
    def count(self) -> int:
        """How many documents are registered."""
        return len(self._told) - len(self._refused)

    def note(self, record: NewRecord, echo: Iterable[Record]) -> None:
        """Note what the index has acknowledged."""
        self._told[record.number] = record
        self._refused.discard(record.number)
        self.names.update((each.host, each.port) for each in echo)

    def gone_from(self, records: Mapping[int, NewRecord]) -> list[int]:
        """The numbers that the index was told of and that are offered no longer."""
        return [number for number in self._told if number not in records]

    async def withdraw(self, gone: Sequence[int]) -> bool:
        """Take records back; False when the index does not do that (clause P-5.11)."""
        there = self._announced_removal(gone)
        if Feature.REMOVE in self._index.agreed:
            try:
                await self._index.remove_all(there)
            except (ProtocolError, RefusedError):
                return False
        elif list(there):
            return False
        for number in gone:
            del self._told[number]
            self._refused.discard(number)
        return True

    def _announced_removal(self, gone: Sequence[int]) -> Iterator[int]:
        """Give the numbers of those records that the index has taken."""
        for position, number in enumerate(gone, start=1):
            self._tell(Unregistering(number, position, len(gone)))
            if number not in self._refused:
                yield number

    async def register(self, records: Mapping[int, NewRecord], *, is_joining: bool = False) -> None:
        """Register what the index was not told of, or under another title."""
        news = [record for record in records.values() if self._is_new(record)]
        if len(news) <= ONE_BY_ONE:
            await self._add_one_by_one(news)
        else:
            await self._add_many(news, feed=self._announced)
        if news or is_joining:
            self._tell(Registered(self.count))

    async def tell_copies(self, records: Mapping[int, NewRecord]) -> None:
        """Tell of the copies that the index does not know, of what is registered, where that is agreed."""
        if Feature.DIGEST in self._index.agreed:
            with self._upkeep():
                await self._add_many([record for record in records.values() if self._is_unknown(record)])

    async def ask_whether_reachable(self) -> bool | None:
        """Have the index try to reach us, with an ADD that it has had; None when it does not say."""
        again = next((told for told in self._told.values() if told.number not in self._refused), None)
        if again is None or Feature.PROBE not in self._index.agreed:
            return None
        with self._upkeep():
            answer = await self._index.add(again.number, again.title, copy=again.copy, wants_probe=True)
        return answer.is_reachable

    def _upkeep(self) -> AbstractContextManager[None]:
        return self._trace.upkeep() if self._trace else nullcontext()

    def _is_new(self, record: NewRecord) -> bool:
        told = self._told.get(record.number)
        return told is None or told.title != record.title

    def _is_unknown(self, record: NewRecord) -> bool:
        """Whether the index was told of another copy, or of none, of what it did not refuse."""
        return record.number not in self._refused and self._told.get(record.number) != record

    def _announced(self, records: Sequence[NewRecord]) -> Iterator[NewRecord]:
        for position, record in enumerate(records, start=1):
            self._tell(Registering(record.number, record.title, position, len(records)))
            yield record

    async def _add_one_by_one(self, records: Sequence[NewRecord]) -> None:
        for record in self._announced(records):
            try:
                answer = await self._index.add(record.number, record.title)
            except (ProtocolError, RefusedError) as error:
                self._note_refusal(record, error)
            else:
                self.note(record._replace(copy=None), answer.records)

    async def _add_many(
        self,
        records: Sequence[NewRecord],
        *,
        feed: Callable[[Sequence[NewRecord]], Iterable[NewRecord]] = iter,
    ) -> None:
        """Register documents with their copies, several at a time where that is agreed."""
        done = 0
        while done < len(records):
            try:
                async for added in self._index.add_all(feed(records[done:])):
                    done += 1
                    if added.error:
                        self._note_refusal(added.document, added.error)
                    else:
                        self.note(added.document, [added.record] if added.record else [])
            except ProtocolError as error:
                self._note_refusal(records[done], error)  # and, where the connection stands, on with the next
                done += 1

    def _note_refusal(self, record: NewRecord, error: ProtocolError | RefusedError) -> None:
        self._told[record.number] = record
        self._refused.add(record.number)
        self._tell(NotRegistered(record.number, str(error)))
