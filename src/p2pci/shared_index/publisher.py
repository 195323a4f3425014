"""What this server tells the others about its own peers: changes at once, the whole state a little later.

It is the journal of the index. A change costs the ADD that makes it two dict entries and one in a bitmap;
encoding, sending and storing come afterwards. The fields in the store are for who joins later, so they may
lag. What is written there while a reader reads is newer than the sequence that it found first; the messages
from that sequence on, applied once more, lead to the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from p2pci.index import BitMap
from p2pci.shared_index.encoding import (
    Again,
    Beat,
    Change,
    Changes,
    Content,
    Message,
    Told,
    encode_edition,
    encode_message,
    encode_peer,
)
from p2pci.shared_index.holdings import Holdings, PeerHoldings
from p2pci.shared_index.store import Fields, Post

if TYPE_CHECKING:
    from p2pci.index import Edition, Member

MOST_EDITIONS = 1000  # in a message, and in a post
MOST_RECORDS = 5000  # in a message
POST_RECORDS = 50_000  # whose peers are stored with one post: some 10 ms of work
SWEEP = 500  # editions looked at with each beat, whether anybody still holds them


class Publisher:
    """See Journal.

    Args:
        node: the name of this server.
        foreign: serials of members that are peers of other servers.
        wake: called when there is something to be told.

    Attributes:
        epoch: under which it writes.
        sequence: of the last message.
    """

    def __init__(self, node: str, *, foreign: set[int], wake: Callable[[], None]) -> None:
        self.epoch = ""
        self.sequence = 0
        self._node = node
        self._foreign = foreign
        self._wake = wake
        self._own = Holdings()
        self._serials = BitMap()  # of _own
        self._numbers: dict[Edition, int] = {}
        self._editions: dict[int, Edition] = {}
        self._last_number = 0
        self._doubtful: dict[int, None] = {}  # editions that perhaps nobody of ours holds any more
        self._dropped: list[int] = []
        self._told: dict[int, Told] = {}  # what is to be told: editions,
        self._added: dict[int, list[Edition]] = {}  # what peers have added,
        self._deltas: dict[int, dict[int, bool]] = {}  # or where some went too: which are there now,
        self._left: list[int] = []  # and peers that left
        self._unstored_editions: dict[int, None] = {}
        self._unstored_peers: dict[int, None] = {}
        self._being_stored: tuple[dict[int, None], dict[int, None]] = ({}, {})  # those of the posts under way
        self._storing: Iterator[Post] | None = None
        self._requests: list[str] = []  # servers that are to write everything anew

    # The journal

    def added(self, member: Member, editions: Sequence[Edition]) -> None:
        added = self._added.get(member.serial)
        if added is not None:
            added.extend(editions)
        elif member.serial not in self._foreign:
            if member.serial not in self._own.peers:
                self._join(member)
            self._added[member.serial] = list(editions)
            self._wake()

    def removed(self, member: Member, edition: Edition) -> None:
        serial = member.serial
        if serial not in self._own.peers:
            return
        delta = self._deltas.setdefault(serial, {})
        delta.update(dict.fromkeys(self._settle(serial), True))
        number = self._numbers[edition]
        self._own.release(serial, number)
        delta[number] = False
        self._doubtful[number] = None
        self._unstored_peers[serial] = None
        self._wake()

    def left(self, member: Member) -> None:
        serial = member.serial
        if serial in self._foreign or not (peer := self._own.leave(serial)):
            return
        self._serials.discard(serial)
        self._doubtful.update(dict.fromkeys(peer.held))
        unsettled = map(self._numbers.get, self._added.pop(serial, ()))
        self._doubtful.update(dict.fromkeys(filter(None, unsettled)))
        self._deltas.pop(serial, None)
        self._left.append(serial)
        self._unstored_peers[serial] = None
        self._wake()

    def _join(self, member: Member) -> PeerHoldings:
        self._serials.add(member.serial)
        return self._own.join(member.serial, member.host, member.port)

    def _define(self, edition: Edition) -> int:
        self._last_number += 1
        number = self._numbers[edition] = self._last_number
        self._editions[number] = edition
        self._told[number] = _told(edition)
        self._unstored_editions[number] = None
        return number

    def _settle(self, serial: int) -> list[int]:
        """Enter what a peer has added since the last time, and give the numbers of that."""
        editions = self._added.pop(serial, ())
        known = self._numbers
        numbers = [known.get(edition) or self._define(edition) for edition in editions]
        self._own.hold(serial, numbers)
        self._unstored_peers[serial] = None
        return numbers

    # What is written

    def start_anew(self, epoch: str) -> None:
        """Begin under a new epoch, of which nothing is told and nothing stored."""
        self.epoch = epoch
        self.sequence = 0
        for serial in list(self._added):
            self._settle(serial)
        self._told, self._deltas, self._left, self._dropped = {}, {}, [], []
        self.store_again()

    def store_again(self) -> None:
        """Have everything stored anew, and what is gone and was not taken out yet taken out."""
        editions, peers = self._being_stored
        self._unstored_editions |= editions | dict.fromkeys(self._editions)
        self._unstored_peers |= peers | dict.fromkeys(self._own.peers)
        self._storing = self._posts()  # which ends with the sequence, also where there is nothing else

    def ask_again(self, name: str) -> None:
        """Have another server store everything anew."""
        self._requests.append(name)
        self._wake()

    @property
    def has_news(self) -> bool:
        return bool(self._added or self._deltas or self._left or self._dropped or self._requests)

    @property
    def is_unstored(self) -> bool:
        return bool(self._unstored_editions or self._unstored_peers or self._storing)

    def news(self) -> list[bytes]:
        """Give the messages that tell what has changed since the last ones."""
        changes = self._changes()
        told, self._told = iter(self._told.items()), {}
        left, self._left = self._left, []
        dropped, self._dropped = self._dropped, []
        messages = []
        while editions := dict(islice(told, MOST_EDITIONS)):
            messages.append(self._next(Changes(editions, (), (), ())))
        messages += [self._next(Changes({}, batch, (), ())) for batch in _batches(changes)]
        if left or dropped:
            messages.append(self._next(Changes({}, (), left, dropped)))
        requests, self._requests = self._requests, []
        return messages + [self._encode(Again(name)) for name in requests]

    def _changes(self) -> list[Change]:
        deltas, self._deltas = self._deltas, {}
        changes = []
        for serial in [*deltas, *(serial for serial in self._added if serial not in deltas)]:
            numbers = self._settle(serial)
            peer, removed = self._own.peers[serial], []
            if delta := deltas.get(serial):
                delta.update(dict.fromkeys(numbers, True))
                numbers = [number for number, is_there in delta.items() if is_there]
                removed = [number for number, is_there in delta.items() if not is_there]
            changes.append(Change(serial, peer.host, peer.port, numbers, removed))
        return changes

    def beat(self) -> bytes:
        """Give the message that this server is there, when there is no other news."""
        return self._encode(Beat(self._own.digest()))

    def _next(self, changes: Changes) -> bytes:
        self.sequence += 1
        return self._encode(changes)

    def _encode(self, content: Content) -> bytes:
        return encode_message(Message(self._node, self.epoch, self.sequence, content))

    # What is stored

    def next_post(self) -> Post:
        """Give the next part of what is to be stored; it is done when nothing is unstored.

        Only to be called when all news are told with it or before.
        """
        if self._storing is None:
            self._storing = self._posts()
        post = next(self._storing)
        if post.sequence is not None:
            self._storing = None
        return post

    def _posts(self) -> Iterator[Post]:
        """Store what is unstored now, editions before who holds them, and at last the sequence of now."""
        sequence = self.sequence
        self._being_stored = self._unstored_editions, self._unstored_peers
        editions, peers = map(iter, self._being_stored)
        self._unstored_editions, self._unstored_peers = {}, {}
        while numbers := list(islice(editions, MOST_EDITIONS)):
            yield Post(editions={number: self._edition_field(number) for number in numbers})
        while fields := self._peer_fields(peers):
            yield Post(peers=fields)
        self._being_stored = {}, {}
        yield Post(sequence=sequence)

    def _edition_field(self, number: int) -> bytes | None:
        edition = self._editions.get(number)
        return encode_edition(_told(edition)) if edition else None

    def _peer_fields(self, serials: Iterator[int]) -> Fields:
        fields: dict[int, bytes | None] = {}
        records = 0
        for serial in serials:
            peer = self._own.peers.get(serial)
            fields[serial] = encode_peer(peer.host, peer.port, peer.held.to_array()) if peer else None
            records += len(peer.held) if peer else 0
            if records >= POST_RECORDS or len(fields) >= MOST_EDITIONS:
                break
        return fields

    def sweep(self) -> None:
        """Forget some of the editions that nobody of ours holds any more."""
        for number in list(islice(self._doubtful, SWEEP)):
            del self._doubtful[number]
            edition = self._editions.get(number)
            if edition and not edition.holders & self._serials:
                del self._editions[number], self._numbers[edition]
                self._told.pop(number, None)
                self._dropped.append(number)
                self._unstored_editions[number] = None


def _batches(changes: list[Change]) -> Iterator[list[Change]]:
    """Cut changes so that a message has no more than MOST_RECORDS, or hardly more."""
    batch: list[Change] = []
    size = 0
    for part in chain.from_iterable(map(_parts, changes)):
        batch.append(part)
        size += len(part.added) + len(part.removed)
        if size >= MOST_RECORDS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parts(change: Change) -> Iterator[Change]:
    """Cut a change; what is gone comes first: a new title may stand for it, and must not go with it."""
    for first in range(0, len(change.removed), MOST_RECORDS):
        yield change._replace(added=(), removed=change.removed[first : first + MOST_RECORDS])
    for first in range(0, len(change.added), MOST_RECORDS):
        yield change._replace(added=change.added[first : first + MOST_RECORDS], removed=())


def _told(edition: Edition) -> Told:
    return Told(edition.document.number, edition.title, edition.copy)
