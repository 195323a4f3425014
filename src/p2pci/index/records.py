"""The index: which peers are here, and who holds which document.

A peer is a small integer, its serial, given when it joins; a document is its editions (title, and what is
known of the copy), each with a bitmap of the serials that hold it; a peer has a bitmap of its documents. So
ten million records fit in tens of megabytes, and who leaves costs what it held. Answers come as encoded
record lines: those of a document are kept, within a bound on all of them, until a holder of that document
comes or goes.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING

from p2pci.index.bitmaps import BitMap
from p2pci.index.holdings import SERIALS, Document, Edition, Journal, Member, Record, edition_bytes
from p2pci.index.lines import BATCH_BYTES, Group, batches, sample, size_of
from p2pci.index.sharers import Sharers
from p2pci.protocol.extensions import PLAIN, Copy, Options, encode_copy
from p2pci.protocol.shortcuts import read_add_key, write_add_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_KEPT_BYTES = 8 * 1024 * 1024
MAX_EDITION_BYTES = 256 * 1024 * 1024  # of all editions: one connection could take gigabytes in minutes


class Index:
    """Members and their records (clauses P-4.9 to P-4.14).

    A record belongs to the member that added it. Two members may have the same host and port (a peer that
    came back before its old end was noticed): each keeps its records, answers show them once.

    Args:
        max_edition_bytes: of memory for what is distinct; more of that is not taken.

    Attributes:
        record_count: over all members.
        journal: told of every record that comes or goes, when there is one.
    """

    def __init__(self, *, max_edition_bytes: int = MAX_EDITION_BYTES) -> None:
        self.record_count = 0
        self.journal: Journal | None = None
        self._max_edition_bytes = max_edition_bytes
        self._edition_bytes = 0
        self._members: dict[int, Member] = {}
        self._next_serial = 0
        self._documents: dict[bytes, Document] = {}  # by the decimal digits of their numbers
        self._editions: dict[bytes, Edition] = {}  # by `write_add_key`
        self._numbers = BitMap()  # those of _documents, in order
        self._kept: dict[Document, None] = {}  # those with kept lines, kept longest first
        self._kept_bytes = 0
        self._sharers = Sharers()
        self._doubled = self._sharers.doubled  # changed there alone

    @property
    def member_count(self) -> int:
        return len(self._members)

    def newest_members(self, first: int, count: int) -> list[Member]:
        """Give so many members, those that joined last first, without the `first` ones of all."""
        return list(islice(reversed(self._members.values()), first, first + count))

    @property
    def numbers(self) -> Sequence[int]:
        """Those of the documents that are here, in ascending order, as they are now."""
        return self._numbers.to_array()

    def join(self, host: str, port: int, *, since: float = 0.0) -> Member:
        """Let a peer in, under the host that is published for it."""
        while self._next_serial in self._members:  # only after four billion joins
            self._next_serial = (self._next_serial + 1) % SERIALS
        member = Member(self._next_serial, host=host, port=port, since=since)
        self._next_serial = (self._next_serial + 1) % SERIALS
        self._members[member.serial] = member
        self._sharers.enter(member)
        return member

    def add(self, member: Member, number: int, title: str, *, copy: Copy | None = None) -> bytes:
        """Record that a member holds a document; a new title or copy replaces its old one.

        Returns:
            The line of the record, as ADD's answer echoes it; b"" when there is no room for a new edition.
        """
        edition = self._edition(number, title, copy)
        if edition is None:
            return b""
        if member.serial not in edition.holders:
            self._enter(member, edition)
        if member.serial in self._doubled:
            self._sharers.stamp(member, number)
            self._forget_lines(edition.document)
        return edition.line_start + member.address + b"\r\n"

    def add_run(self, member: Member, keys: Iterable[bytes]) -> list[bytes]:
        """Do what `add` does for many documents of one member.

        Args:
            member: the holder.
            keys: number and title of each, as `RequestReader.take_adds` gives them.

        Returns:
            The beginnings of the record lines, to which the member's address belongs; fewer than keys when
            one is of no canonical ADD, or there is no room for it: neither it nor those behind it were added
            then; and of a member that shares its host and port none is.
        """
        if member.serial in self._doubled:
            return []
        serial, hold, editions = member.serial, member.numbers.add, self._editions
        starts: list[bytes] = []
        added: list[Edition] = []
        for key in keys:
            edition = editions.get(key) or self._edition_of_key(key)
            if edition is None:
                break
            starts.append(edition.line_start)
            if serial in edition.holders:
                continue
            document = edition.document
            if len(document.editions) > 1:  # it may hold another one
                self._enter(member, edition)
                continue
            edition.holders.add(serial)
            hold(document.number)
            added.append(edition)
            if document.lines is not None:
                self._forget_lines(document)
        self.record_count += len(added)
        if added and self.journal:
            self.journal.added(member, added)
        return starts

    def find_edition(self, key: bytes) -> Edition | None:
        """Give the edition of a key of `write_add_key`; None when nobody holds it."""
        return self._editions.get(key)

    def hold_all(self, member: Member, editions: Sequence[Edition], numbers: BitMap) -> list[int]:
        """Do what `add` does for many editions of `find_edition`; `numbers` are those of their documents.

        Returns:
            The places of those that are left to `add`: all where the member has one of these documents or
            shares its host and port; else those that nobody has any more.
        """
        if member.serial in self._doubled or numbers & member.numbers or len(numbers) != len(editions):
            return list(range(len(editions)))
        left, serial = [], member.serial
        for place, edition in enumerate(editions):
            if not edition.holders:
                left.append(place)
                continue
            edition.holders.add(serial)
            if self._kept:
                self._forget_lines(edition.document)
        if left:
            editions = [edition for edition in editions if serial in edition.holders]
            numbers = BitMap(edition.document.number for edition in editions)
        member.numbers.update(numbers)
        self.record_count += len(editions)
        if self.journal:
            self.journal.added(member, editions)
        return left

    def remove(self, member: Member, number: int) -> bytes:
        """Take one record of a member away, and give its line; b"" when there is none."""
        if number not in member.numbers:
            return b""
        document = self._documents[b"%d" % number]
        edition = next(edition for edition in document.editions if member.serial in edition.holders)
        if self.journal:
            self.journal.removed(member, edition)
        self._leave_document(document, member)
        member.numbers.discard(number)
        member.stamps.pop(number, None)
        self.record_count -= 1
        return edition.line_start + member.address + b"\r\n"

    def leave(self, member: Member, *, at_most: int | None = None) -> bool:
        """Take a member out, with all its records or with so many of them.

        Returns:
            Whether it has left. If not, call it again until it has; it may add nothing any more.
        """
        if self.journal:
            self.journal.left(member)
        batch = list(islice(member.numbers, at_most))
        for number in batch:
            self._leave_document(self._documents[b"%d" % number], member)
        member.numbers -= BitMap(batch)
        self.record_count -= len(batch)
        if member.numbers:
            return False
        del self._members[member.serial]
        self._sharers.leave(member)
        return True

    def find(self, number: int) -> Record | None:
        """Give the newest record of a document; None when nobody has it."""
        document = self._documents.get(b"%d" % number)
        if document is None:
            return None
        (newest, *_), edition = self._shown(document)[0]
        member = self._members[newest]
        return Record(number, edition.title, member.host, member.port)

    def count_holders(self, number: int) -> int:
        """Give how many record lines a document has."""
        document = self._documents.get(b"%d" % number)
        if document is None:
            return 0
        held = sum(len(edition.holders) for edition in document.editions)
        return held - len(self._sharers.hidden(document, self._members)) if self._doubled else held

    def lookup(self, number: int, options: Options = PLAIN) -> bytes | Iterator[bytes]:
        """Give the record lines of a document, the holder that joined last first.

        Args:
            number: of the document.
            options: for `wants_copies` and `holders`, with which the order is any.

        Returns:
            The lines at once when they are few, b"" when nobody has the document; else an iterator of
            batches of about BATCH_BYTES, which may be taken while the index goes on changing.
        """
        document = self._documents.get(b"%d" % number)
        if document is None:
            return b""
        if options.wants_copies or options.holders:
            groups = self._groups(document, options)
            return b"".join(batches(groups)) if size_of(groups) <= BATCH_BYTES else batches(groups)
        return document.lines or self._kept_lines(document) or batches(self._groups(document))

    def lookup_run(self, keys: Iterable[bytes]) -> list[bytes]:
        """Do what `lookup` does for many documents, up to one that is not there or has many holders.

        No more lines are given when there are BATCH_BYTES of them.

        Args:
            keys: their numbers in decimal digits.
        """
        documents = self._documents
        answers: list[bytes] = []
        size = 0
        for key in keys:
            document = documents.get(key)
            lines = document and (document.lines or self._kept_lines(document))
            if not lines:
                break
            answers.append(lines)
            size += len(lines)
            if size >= BATCH_BYTES:
                break
        return answers

    def list_all(self, options: Options = PLAIN) -> Iterator[bytes]:
        """Give all record lines, by number, in batches of about BATCH_BYTES.

        The index may change between batches: each record that lived throughout comes exactly once.

        Args:
            options: for `wants_copies`, `holders`, `first` and `limit`.
        """
        is_plain = not (options.wants_copies or options.holders)
        parts: list[bytes] = []
        size = 0
        for number in self._numbers_from(options.first, limit=options.limit):
            document = self._documents.get(b"%d" % number)
            if document is None:
                continue
            lines = document.lines if is_plain else None
            for part in (lines,) if lines else batches(self._groups(document, options)):
                parts.append(part)
                size += len(part)
                if size >= BATCH_BYTES:
                    yield b"".join(parts)
                    parts, size = [], 0
        if parts:
            yield b"".join(parts)

    def _numbers_from(self, first: int, *, limit: int) -> Sequence[int]:
        numbers = self._numbers.to_array()
        begin = bisect_left(numbers, first)
        return numbers[begin : begin + limit] if limit else numbers[begin:]

    def _groups(self, document: Document, options: Options = PLAIN) -> list[Group]:
        """Take down the lines of a document as they are now, group by group."""
        shown = self._shown(document)
        holders = sum(len(serials) for serials, _ in shown)
        if options.holders:
            shown = sample(shown, options.holders)
        count_end = b" %d" % holders if options.holders else b""
        return [
            Group(
                edition.line_start,
                [self._members[serial].address for serial in serials],
                (b" " + encode_copy(edition.copy) if options.wants_copies else b"") + count_end + b"\r\n",
            )
            for serials, edition in shown
        ]

    def _shown(self, document: Document) -> list[tuple[Sequence[int], Edition]]:
        """Give the editions with the holders that answers show: those that joined last first (P-2.7)."""
        hidden = self._sharers.hidden(document, self._members) if self._doubled else ()
        shown: list[tuple[Sequence[int], Edition]] = []
        for edition in document.editions:
            serials: Sequence[int] = edition.holders.to_array()[::-1]
            if hidden:
                serials = [serial for serial in serials if serial not in hidden]
            if serials:
                shown.append((serials, edition))
        shown.sort(key=lambda each: each[0][0], reverse=True)
        return shown

    def _edition(self, number: int, title: str, copy: Copy | None) -> Edition | None:
        """Find or make an edition; None when there is no room for it."""
        key = write_add_key(number, title, copy)
        edition = self._editions.get(key)
        if edition is None:
            if self._edition_bytes + edition_bytes(key) > self._max_edition_bytes:
                return None
            self._edition_bytes += edition_bytes(key)
            digits = b"%d" % number
            document = self._documents.get(digits)
            if document is None:
                document = self._documents[digits] = Document(number)
                self._numbers.add(number)
            edition = self._editions[key] = Edition(document, title, copy=copy, key=key)
            document.editions.append(edition)
        return edition

    def _edition_of_key(self, key: bytes) -> Edition | None:
        """Find or make the edition of a canonical ADD; None for a key of none, or without room."""
        parsed = read_add_key(key)
        return self._edition(*parsed) if parsed else None

    def _enter(self, member: Member, edition: Edition) -> None:
        """Make a member a holder of an edition, and of no other one of that document."""
        document = edition.document
        if document.number in member.numbers:
            before = self._leave_edition(document, member)
            if before and self.journal:
                self.journal.removed(member, before)
        else:
            member.numbers.add(document.number)
            self.record_count += 1
        edition.holders.add(member.serial)
        if self.journal:
            self.journal.added(member, [edition])
        self._forget_lines(document)

    def _leave_document(self, document: Document, member: Member) -> None:
        self._leave_edition(document, member)
        self._forget_lines(document)
        if not document.editions:
            del self._documents[b"%d" % document.number]
            self._numbers.discard(document.number)

    def _leave_edition(self, document: Document, member: Member) -> Edition | None:
        """End a member's hold on a document, and give the edition that it held."""
        for edition in document.editions:
            if member.serial in edition.holders:
                edition.holders.discard(member.serial)
                if not edition.holders:
                    document.editions.remove(edition)
                    del self._editions[edition.key]
                    self._edition_bytes -= edition_bytes(edition.key)
                return edition
        return None

    def _kept_lines(self, document: Document) -> bytes:
        """Make the lines of a document and keep them; b"" when they are too many for that."""
        groups = self._groups(document)
        if size_of(groups) > BATCH_BYTES:
            return b""
        lines = document.lines = b"".join(batches(groups))
        self._kept[document] = None
        self._kept_bytes += len(lines)
        while self._kept_bytes > MAX_KEPT_BYTES:
            self._forget_lines(next(iter(self._kept)))
        return lines

    def _forget_lines(self, document: Document) -> None:
        if document.lines is not None:
            self._kept_bytes -= len(document.lines)
            document.lines = None
            del self._kept[document]
