"""Another server as this one knows it: its peers are members of our index, with all that they hold.

Messages are applied as they come; the fields of a whole state are taken in part by part, beside what is
known. Applied once more they change nothing. What does not fit raises InvalidValueError: then the state is
loaded anew.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

from p2pci.errors import InvalidValueError
from p2pci.index import BitMap, edition_bytes
from p2pci.protocol.shortcuts import write_add_key
from p2pci.shared_index.holdings import Holdings

if TYPE_CHECKING:
    from p2pci.index import Edition, Index, Member
    from p2pci.shared_index.encoding import Change, Changes, Told

MAX_EDITION_BYTES = 256 * 1024 * 1024  # of one server, as the index bounds its own
MAX_PEERS = 200_000


class Neighbour:
    """Another server of the shared index.

    Args:
        name: of it.
        life: of its process: numbers of editions and peers mean something within one.
        index: ours.
        foreign: serials, here, of members that are peers of other servers.

    Attributes:
        epoch: whose messages are applied; "" until a state is loaded.
        sequence: of the last message applied.
        loaded_sequence: of the state that was loaded; messages from before it may still come.
        heard_at: when it was last heard of, by the clock of the loop.
        is_confirmed: whether a beat of this session was as we know it.
        misfits: messages since the last beat that was as we know it, for which it had to be loaded anew.
    """

    def __init__(self, name: str, life: str, *, index: Index, foreign: set[int]) -> None:
        self.name = name
        self.life = life
        self.epoch = ""
        self.sequence = self.loaded_sequence = 0
        self.heard_at = 0.0
        self.is_confirmed = False
        self.misfits = 0
        self.holdings = Holdings()
        self._index = index
        self._foreign = foreign
        self._members: dict[int, Member] = {}  # by their serials there
        self._editions: dict[int, Told] = {}
        self._keys: dict[int, bytes] = {}  # that the index finds them by
        self._documents: dict[int, int] = {}  # their numbers
        self._found: dict[int, Edition] = {}  # there, when they were last held
        self._edition_bytes = 0

    @property
    def members(self) -> list[Member]:
        return list(self._members.values())

    def define(self, number: int, told: Told) -> None:
        """Take in an edition."""
        key = write_add_key(*told)
        if self._keys.get(number) != key:
            self._drop(number)
            self._edition_bytes += edition_bytes(key)
            if self._edition_bytes > MAX_EDITION_BYTES:
                raise InvalidValueError("It has more documents and titles than there is room for.")
            self._editions[number], self._keys[number], self._documents[number] = told, key, told.number

    def _drop(self, number: int) -> None:
        if key := self._keys.pop(number, None):
            del self._editions[number], self._documents[number]
            self._found.pop(number, None)
            self._edition_bytes -= edition_bytes(key)

    def apply(self, changes: Changes) -> list[Member]:
        """Take in what changed, and give those of our members that are to leave."""
        for number, told in changes.editions.items():
            self.define(number, told)
        for change in changes.peers:
            self._apply_to_peer(change)
        leaving = self.take_out(changes.left)
        for number in changes.dropped:
            self._drop(number)
        return leaving

    def _apply_to_peer(self, change: Change) -> None:
        member = self._members.get(change.serial)
        if member is None or (member.host, member.port) != (change.host, change.port):
            if member:
                raise InvalidValueError("A peer of it is another one than before.")
            member = self.join(change.serial, change.host, change.port)
        self.release(change.serial, change.removed)
        self.hold(change.serial, change.added)

    def join(self, serial: int, host: str, port: int) -> Member:
        """Take a peer in that is not known yet."""
        if len(self._members) >= MAX_PEERS:
            raise InvalidValueError("It has more peers than there is room for.")
        # When it came to its own server is not told: it is here since we hear of it.
        member = self._members[serial] = self._index.join(host, port, since=self.heard_at)
        self._foreign.add(member.serial)
        self.holdings.join(serial, host, port)
        return member

    def member(self, serial: int) -> Member | None:
        return self._members.get(serial)

    def take_out(self, serials: Iterable[int]) -> list[Member]:
        """Forget peers, and give the members that are to leave: those of them that are known."""
        known = [serial for serial in serials if self.holdings.leave(serial)]
        return list(map(self._members.pop, known))

    def others_than(self, serials: set[int]) -> list[int]:
        return [serial for serial in self._members if serial not in serials]

    def hold(self, serial: int, numbers: Sequence[int]) -> None:
        """Add records to a peer."""
        if not all(map(self._editions.__contains__, numbers)):
            raise InvalidValueError("A peer of it holds a document that was not told.")
        member, documents = self._members[serial], BitMap(map(self._documents.__getitem__, numbers))
        if before := documents & member.numbers:  # of each document the last edition is held, as in the index
            held = self.holdings.peers[serial].held
            for number in [each for each in held if self._documents.get(each, 0) in before]:
                self.holdings.release(serial, number)
        self.holdings.hold(serial, numbers)
        editions = list(map(self._found.get, numbers))
        if None in editions:
            self._add(member, numbers)
            return
        left = self._index.hold_all(member, cast("list[Edition]", editions), documents)
        self._add(member, [numbers[place] for place in left])

    def _add(self, member: Member, numbers: Sequence[int]) -> None:
        """Add records one by one; where there is no room for another edition it is not shown."""
        for number in numbers:
            told = self._editions[number]
            self._index.add(member, told.number, told.title, copy=told.copy)
            if edition := self._index.find_edition(self._keys[number]):
                self._found[number] = edition

    def release(self, serial: int, numbers: Iterable[int]) -> None:
        """Take records from a peer."""
        for number in numbers:
            if self.holdings.release(serial, number) and number in self._editions:
                self._index.remove(self._members[serial], self._editions[number].number)

    def difference(self, serial: int, numbers: Iterable[int]) -> tuple[Sequence[int], Sequence[int]]:
        """Give what a peer is to release and to hold, so that it has exactly these; of them, those known."""
        wanted, held = BitMap(numbers), self.holdings.peers[serial].held
        gone, new = BitMap(held), BitMap(wanted)
        gone -= wanted
        new -= held
        return gone.to_array(), array("I", filter(self._keys.__contains__, new))


class Leaving:
    """Members of ours that leave in steps, between which others are served."""

    def __init__(
        self, index: Index, foreign: set[int], *, soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._index = index
        self._foreign = foreign
        self._soon = soon
        self._members: list[Member] = []

    def extend(self, members: Iterable[Member]) -> None:
        is_idle = not self._members
        self._members.extend(members)
        if is_idle and self._members:
            self._soon(self._step)

    async def finish(self) -> None:
        """Have all of them leave, and wait for it."""
        while self._members:
            self._step_one()
            await asyncio.sleep(0)

    def _step(self) -> None:
        if self._members:
            self._step_one()
        if self._members:
            self._soon(self._step)

    def _step_one(self) -> None:
        member = self._members[-1]
        if self._index.leave(member, at_most=STEP_RECORDS):
            self._members.pop()
            self._foreign.discard(member.serial)


STEP_RECORDS = 500
