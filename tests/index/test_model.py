"""The index against plain dicts: whatever happens in whatever order, the answers are the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from p2pci.index import Index, Member, Survey, holdings as index_holdings, lines, records, sharers
from p2pci.index.bitmaps import BitMap, SetBitMap
from p2pci.protocol.extensions import Copy, Options, encode_copy
from p2pci.protocol.shortcuts import write_add_key

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

# Small, so that a few records of about 20 bytes fill a batch, and some more the cache.
BATCH_BYTES = 70
MAX_KEPT_BYTES = 150

# Few values, so that they meet.
NUMBERS = st.sampled_from([1, 7, 4294967295])
TITLES = st.sampled_from(["", "Zwölf", "RFC 7 h 1"])
COPIES = st.sampled_from([None, Copy(5, b"\x05" * 32)])
HOSTS = st.sampled_from(["h", "other.example"])
PORTS = st.sampled_from([1, 2])


class Key(NamedTuple):
    """What appears once in an answer (P-2.6)."""

    number: int
    host: str
    port: int


class Holding(NamedTuple):
    """A record of one member: its title and copy, and when it was added."""

    title: str
    copy: Copy | None
    time: int


@dataclass
class Listing:
    """A LIST under way, and what it may and must show when it is done."""

    batches: Iterator[bytes]
    throughout: set[Key]
    possible: dict[Key, set[str]]
    taken: list[bytes] = field(default_factory=list)


def encoded(key: Key, title: str) -> bytes:
    return f"RFC {key.number} {title} {key.host} {key.port}\r\n".encode()


class IndexModel(RuleBasedStateMachine):
    """The machine; `bitmap` is the kind of set that the index stands on."""

    bitmap: type = BitMap
    members = Bundle("members")
    leaving = Bundle("leaving")
    listings = Bundle("listings")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module in (index_holdings, records, sharers):
            self.patch.setattr(module, "BitMap", self.bitmap)
        self.patch.setattr(records, "BATCH_BYTES", BATCH_BYTES)
        self.patch.setattr(lines, "BATCH_BYTES", BATCH_BYTES)
        self.patch.setattr(records, "MAX_KEPT_BYTES", MAX_KEPT_BYTES)
        self.index = Index()
        self.time = 0
        self.model: dict[Member, dict[int, Holding]] = {}  # by order of joining
        self.under_way: list[Listing] = []

    def teardown(self) -> None:
        for member in list(self.model):
            self.index.leave(member)
        index = self.index
        assert [index._documents, index._editions, index._kept] == [{}] * 3
        assert [len(index._numbers), len(index._doubled), len(index._sharers)] == [0, 0, 0]
        assert (index.record_count, index._kept_bytes) == (0, 0)
        self.patch.undo()

    def shown(self) -> dict[Key, tuple[str, Member]]:
        """Give what answers show: of each key the title that was added last, and whose it is (P-4.12)."""
        latest: dict[Key, tuple[int, str, Member]] = {}
        for member, holdings in self.model.items():
            for number, (title, _, time) in holdings.items():
                key = Key(number, member.host, member.port)
                if key not in latest or time > latest[key][0]:
                    latest[key] = (time, title, member)
        return {key: (title, member) for key, (_, title, member) in latest.items()}

    def note_change(self) -> None:
        """Tell the LISTs under way what is there now."""
        shown = self.shown()
        for listing in self.under_way:
            listing.throughout &= shown.keys()
            for key, (title, _) in shown.items():
                listing.possible.setdefault(key, set()).add(title)

    @rule(target=members, host=HOSTS, port=PORTS)
    def join(self, host: str, port: int) -> Member:
        member = self.index.join(host, port)
        self.model[member] = {}
        return member

    @rule(member=members, number=NUMBERS, title=TITLES, copy=COPIES)
    def add(self, member: Member, number: int, title: str, copy: Copy | None) -> None:
        self.time += 1
        echo = self.index.add(member, number, title, copy=copy)
        assert echo == encoded(Key(number, member.host, member.port), title)
        self.model[member][number] = Holding(title, copy, self.time)
        self.note_change()

    @rule(member=members, number=NUMBERS)
    def remove(self, member: Member, number: int) -> None:
        """P-5.9."""
        held = self.model[member].pop(number, None)
        line = encoded(Key(number, member.host, member.port), held.title) if held else b""
        assert self.index.remove(member, number) == line
        self.note_change()

    @rule(member=members, documents=st.lists(st.tuples(NUMBERS, TITLES, COPIES), max_size=5))
    def add_run(self, member: Member, documents: list[tuple[int, str, Copy | None]]) -> None:
        """What the short cut takes is as if `add` had taken it, and the rest is untouched."""
        starts = self.index.add_run(member, [write_add_key(*document) for document in documents])
        for start, (number, title, copy) in zip(starts, documents, strict=False):
            self.time += 1
            key = Key(number, member.host, member.port)
            assert start + member.address + b"\r\n" == encoded(key, title)
            self.model[member][number] = Holding(title, copy, self.time)
        self.note_change()

    @rule(target=leaving, member=consumes(members) | consumes(leaving), records=st.integers(1, 3))
    def leave_by_and_by(self, member: Member, records: int) -> object:
        """So many records go at a time, whichever, and with the last one the member."""
        before = self.model[member]
        has_left = self.index.leave(member, at_most=records)
        after = {number: held for number, held in before.items() if number in member.numbers}
        assert len(after) == max(0, len(before) - records)
        assert has_left == (not after)
        self.model[member] = after
        if has_left:
            del self.model[member]
        self.note_change()
        return multiple() if has_left else member

    @rule(member=consumes(members))
    def leave(self, member: Member) -> None:
        assert self.index.leave(member)
        del self.model[member]
        self.note_change()

    @rule(numbers=st.lists(NUMBERS, max_size=5))
    def lookup_run(self, numbers: list[int]) -> None:
        """The short cut gives what `lookup` gives, up to a document that is not there or has many holders."""
        answers = self.index.lookup_run([b"%d" % number for number in numbers])
        assert all(answers)
        assert answers == [self.index.lookup(number) for number in numbers[: len(answers)]]
        assert sum(map(len, answers[:-1])) < BATCH_BYTES

    @rule(number=NUMBERS)
    def lookup(self, number: int) -> None:
        """P-2.4, P-2.6, P-2.7: one line per holder, the one that joined last first."""
        answer = self.index.lookup(number)
        lines = (answer if isinstance(answer, bytes) else b"".join(answer)).splitlines(keepends=True)
        shown = {key: held for key, held in self.shown().items() if key.number == number}
        assert Counter(lines) == Counter(encoded(key, title) for key, (title, _) in shown.items())
        if shown:
            order = list(self.model)
            newest = max(shown, key=lambda key: order.index(shown[key][1]))
            assert lines[0] == encoded(newest, shown[newest][0])
        found = self.index.find(number)
        record = [encoded(Key(number, found.host, found.port), found.title)] if found else []
        assert record == lines[:1]

    @rule(number=NUMBERS, holders=st.integers(0, 2))
    def lookup_with_copies(self, number: int, holders: int) -> None:
        """P-5.8, P-5.12: of all lines, some or all, each with the copy of who is shown."""
        answer = self.index.lookup(number, Options(wants_copies=True, holders=holders))
        lines = (answer if isinstance(answer, bytes) else b"".join(answer)).splitlines()
        shown = {key: held for key, held in self.shown().items() if key.number == number}
        count = b" %d" % len(shown) if holders else b""
        possible = {
            encoded(key, title)[:-2] + b" " + encode_copy(self.model[member][number].copy) + count
            for key, (title, member) in shown.items()
        }
        assert len(lines) == len(set(lines)) == (min(holders, len(shown)) if holders else len(shown))
        assert set(lines) <= possible

    @rule(first=NUMBERS, limit=st.integers(0, 2))
    def list_a_part(self, first: int, limit: int) -> None:
        """P-5.13."""
        lines = b"".join(self.index.list_all(Options(first=first, limit=limit))).splitlines()
        numbers = sorted({key.number for key in self.shown() if key.number >= first})
        expected = numbers[:limit] if limit else numbers
        assert sorted({int(line.split()[1]) for line in lines}) == expected

    @rule(target=listings)
    def begin_list(self) -> Listing:
        shown = self.shown()
        batches = self.index.list_all()
        listing = Listing(batches, set(shown), {key: {title} for key, (title, _) in shown.items()})
        self.under_way.append(listing)
        self.take_batch(listing)
        return listing

    @rule(listing=listings)
    def take_batch(self, listing: Listing) -> None:
        listing.taken.extend(next(listing.batches, b"").splitlines(keepends=True))

    @rule(listing=consumes(listings))
    def end_list(self, listing: Listing) -> None:
        """P-4.14: what lived throughout came exactly once, and nothing that never was there."""
        self.under_way.remove(listing)
        taken = [*listing.taken, *b"".join(listing.batches).splitlines(keepends=True)]
        lines_of = {encoded(key, title): key for key, titles in listing.possible.items() for title in titles}
        keys = [lines_of[line] for line in taken]
        assert len(keys) == len(set(keys))
        assert listing.throughout <= set(keys)
        assert [key.number for key in keys] == sorted(key.number for key in keys)

    @invariant()
    def counts_are_right(self) -> None:
        assert self.index.member_count == len(self.model)
        assert self.index.record_count == sum(map(len, self.model.values()))

    @invariant()
    def survey_counts_the_copies_that_are_shown(self) -> None:
        copies = Counter(key.number for key in self.shown())
        survey = Survey(self.index)
        for _ in survey.steps():
            pass
        assert survey.by_holders == Counter(copies.values())
        assert list(survey.alone) == sorted(number for number, holders in copies.items() if holders == 1)

    @invariant()
    def cache_is_bounded_and_counted(self) -> None:
        lines = [document.lines for document in self.index._documents.values() if document.lines]
        assert self.index._kept_bytes == sum(map(len, lines)) <= MAX_KEPT_BYTES
        assert len(self.index._kept) == len(lines)

    @invariant()
    def list_has_what_the_model_has(self) -> None:
        """P-2.4, P-4.13."""
        lines = b"".join(self.index.list_all()).splitlines(keepends=True)
        expected = Counter(encoded(key, title) for key, (title, _) in self.shown().items())
        assert Counter(lines) == expected


class StandardLibraryIndexModel(IndexModel):
    bitmap = SetBitMap


TestIndex = IndexModel.TestCase
TestIndex.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestIndexOfStandardLibrary = StandardLibraryIndexModel.TestCase
TestIndexOfStandardLibrary.settings = TestIndex.settings
