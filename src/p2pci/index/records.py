"""The index: which peers are here, and who holds which document.

A peer is a small integer, its serial, given when it joins; a document is its editions, each with a bitmap
of the serials that hold it; a peer has a bitmap of its documents. So ten million records fit in tens of
megabytes, and who leaves costs what it held. Answers come as encoded record lines: those of a document are
kept, within a bound on all of them, until a holder of that document comes or goes.
"""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

from p2pci.index.bitmaps import BitMap
from p2pci.protocol.requests import read_add_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH_BYTES = 64 * 1024
MAX_KEPT_BYTES = 8 * 1024 * 1024
MAX_LINE_END_BYTES = 264  # blank, host of 255, blank, port of 5, CR LF
_SERIALS = 2**32


class Member:
    """A connection that has joined. Made by `Index.join`; only the index changes it."""

    __slots__ = ("host", "line_end", "numbers", "port", "serial", "stamps")

    def __init__(self, serial: int, *, host: str, port: int) -> None:
        self.serial = serial
        self.host = host
        self.port = port
        self.line_end = b" %b %d\r\n" % (host.encode(), port)  # of each of its record lines
        self.numbers = BitMap()  # the documents it holds
        self.stamps: dict[int, int] = {}  # see Index._stamp


class _Document:
    """A number, its editions, and its record lines while they are kept."""

    __slots__ = ("editions", "lines", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.editions: list[_Edition] = []  # nearly always one
        self.lines: bytes | None = None


class _Edition:
    """A document under one title, and who holds that."""

    __slots__ = ("document", "holders", "key", "line_start")

    def __init__(self, document: _Document, key: bytes) -> None:
        self.document = document
        self.key = key
        self.line_start = b"RFC " + key.replace(b"\0", b" ")  # of its record lines
        self.holders = BitMap()


class Index:
    """Members and their records (clauses P-4.9 to P-4.14).

    A record belongs to the member that added it. Two members may have the same host and port (a peer that
    came back before its old end was noticed): each keeps its records, answers show them once.

    Attributes:
        record_count: over all members.
    """

    def __init__(self) -> None:
        self.record_count = 0
        self._members: dict[int, Member] = {}
        self._next_serial = 0
        self._documents: dict[bytes, _Document] = {}  # by the decimal digits of their numbers
        self._editions: dict[bytes, _Edition] = {}  # by digits, NUL, title
        self._numbers = BitMap()  # those of _documents, in order
        self._kept: dict[_Document, None] = {}  # those with kept lines, kept longest first
        self._kept_bytes = 0
        self._identities: dict[tuple[str, int], list[Member]] = {}  # by order of joining
        self._doubled = BitMap()  # serials of members that share their host and port
        self._ticks = count(1)

    @property
    def member_count(self) -> int:
        return len(self._members)

    def join(self, host: str, port: int) -> Member:
        """Let a peer in, under the host that is published for it."""
        while self._next_serial in self._members:  # only after four billion joins
            self._next_serial = (self._next_serial + 1) % _SERIALS
        member = Member(self._next_serial, host=host, port=port)
        self._next_serial = (self._next_serial + 1) % _SERIALS
        self._members[member.serial] = member
        sharers = self._identities.setdefault((host, port), [])
        sharers.append(member)
        if len(sharers) > 1:
            self._doubled.add(sharers[0].serial)  # when there were more, they are in it
            self._doubled.add(member.serial)
        return member

    def add(self, member: Member, number: int, title: str) -> bytes:
        """Record that a member holds a document; a new title replaces its old one.

        Returns:
            The line of the record, as ADD's answer echoes it.
        """
        edition = self._edition(number, title)
        if member.serial not in edition.holders:
            self._enter(member, edition)
        if member.serial in self._doubled:
            self._stamp(member, number)
            self._forget_lines(edition.document)
        return edition.line_start + member.line_end

    def add_run(self, member: Member, keys: Iterable[bytes]) -> list[bytes]:
        """Do what `add` does for many documents of one member.

        Args:
            member: the holder.
            keys: number and title of each, as `RequestReader.take_adds` gives them.

        Returns:
            The record lines without the member's `line_end`; fewer than keys when one is no canonical
            ADD's or needs more than this short cut: neither it nor those behind it were added then.
        """
        if member.serial in self._doubled:
            return []
        serial, hold, editions = member.serial, member.numbers.add, self._editions
        starts: list[bytes] = []
        added = 0
        for key in keys:
            edition = editions.get(key) or self._first_edition(key)
            if edition is None:
                break
            if serial not in edition.holders:
                document = edition.document
                if len(document.editions) > 1:
                    break  # it may hold another one
                edition.holders.add(serial)
                hold(document.number)
                added += 1
                if document.lines is not None:
                    self._forget_lines(document)
            starts.append(edition.line_start)
        self.record_count += added
        return starts

    def leave(self, member: Member, *, at_most: int | None = None) -> bool:
        """Take a member out, with all its records or with so many of them.

        Returns:
            Whether it has left. If not, call it again until it has; it may add nothing any more.
        """
        batch = list(islice(member.numbers, at_most))
        for number in batch:
            self._leave_document(self._documents[b"%d" % number], member)
        member.numbers -= BitMap(batch)
        self.record_count -= len(batch)
        if member.numbers:
            return False
        del self._members[member.serial]
        self._leave_identity(member)
        return True

    def lookup(self, number: int) -> bytes | Iterator[bytes]:
        """Give the record lines of a document, the holder that joined last first.

        Returns:
            The lines at once when they are few, b"" when nobody has the document; else an iterator of
            batches of about BATCH_BYTES, which may be taken while the index goes on changing.
        """
        document = self._documents.get(b"%d" % number)
        if document is None:
            return b""
        return document.lines or self._kept_lines(document) or _batches(self._groups(document))

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

    def list_all(self) -> Iterator[bytes]:
        """Give all record lines, by number, in batches of about BATCH_BYTES.

        The index may change between batches: each record that lived throughout comes exactly once.
        """
        parts: list[bytes] = []
        size = 0
        for number in self._numbers.to_array():
            document = self._documents.get(b"%d" % number)
            if document is None:
                continue
            for part in (document.lines,) if document.lines else _batches(self._groups(document)):
                parts.append(part)
                size += len(part)
                if size >= BATCH_BYTES:
                    yield b"".join(parts)
                    parts, size = [], 0
        if parts:
            yield b"".join(parts)

    def _groups(self, document: _Document) -> list[tuple[bytes, list[bytes]]]:
        """Take down the lines of a document as they are now: per edition their start, and their ends."""
        hidden = self._hidden(document) if self._doubled else ()
        shown = []
        for edition in document.editions:
            serials = [serial for serial in reversed(edition.holders.to_array()) if serial not in hidden]
            if serials:
                shown.append((serials, edition.line_start))
        shown.sort(reverse=True)  # the edition of the holder that joined last first (clause P-2.7)
        return [(start, [self._members[serial].line_end for serial in serials]) for serials, start in shown]

    def _hidden(self, document: _Document) -> set[int]:
        """Find the holders whose record another one of the same host and port, added later, stands for."""
        hidden: set[int] = set()
        latest: dict[tuple[str, int], tuple[int, int]] = {}  # identity -> stamp and serial of its last ADD
        for edition in document.editions:
            for serial in edition.holders & self._doubled:
                member = self._members[serial]
                identity = member.host, member.port
                this = (member.stamps.get(document.number, 0), serial)
                other = latest.get(identity)
                latest[identity] = max(this, other or this)
                if other:
                    hidden.add(min(this, other)[1])
        return hidden

    def _stamp(self, member: Member, number: int) -> None:
        """Note the order of ADDs of one host and port, where the order of joining does not tell it.

        The usual sharer is a peer that came back: it joined last and adds last, and needs no note.
        """
        sharers = self._identities[member.host, member.port]
        if member is not sharers[-1] or any(sharer.stamps for sharer in sharers):
            member.stamps[number] = next(self._ticks)

    def _leave_identity(self, member: Member) -> None:
        sharers = self._identities[member.host, member.port]
        sharers.remove(member)
        self._doubled.discard(member.serial)
        if not sharers:
            del self._identities[member.host, member.port]
        elif len(sharers) == 1:
            self._doubled.discard(sharers[0].serial)
            sharers[0].stamps.clear()

    def _edition(self, number: int, title: str) -> _Edition:
        """Find or make an edition."""
        digits = b"%d" % number
        key = b"%b\0%b" % (digits, title.encode())
        edition = self._editions.get(key)
        if edition is None:
            document = self._documents.get(digits)
            if document is None:
                document = self._documents[digits] = _Document(number)
                self._numbers.add(number)
            edition = self._editions[key] = _Edition(document, key)
            document.editions.append(edition)
        return edition

    def _first_edition(self, key: bytes) -> _Edition | None:
        """Make the edition of a document that nobody has; None for others, and for a key of no ADD."""
        parsed = read_add_key(key)
        return self._edition(*parsed) if parsed and b"%d" % parsed[0] not in self._documents else None

    def _enter(self, member: Member, edition: _Edition) -> None:
        """Make a member a holder of an edition, and of no other one of that document."""
        document = edition.document
        if document.number in member.numbers:
            self._leave_edition(document, member)
        else:
            member.numbers.add(document.number)
            self.record_count += 1
        edition.holders.add(member.serial)
        self._forget_lines(document)

    def _leave_document(self, document: _Document, member: Member) -> None:
        self._leave_edition(document, member)
        self._forget_lines(document)
        if not document.editions:
            del self._documents[b"%d" % document.number]
            self._numbers.discard(document.number)

    def _leave_edition(self, document: _Document, member: Member) -> None:
        for edition in document.editions:
            if member.serial in edition.holders:
                edition.holders.discard(member.serial)
                if not edition.holders:
                    document.editions.remove(edition)
                    del self._editions[edition.key]
                return

    def _kept_lines(self, document: _Document) -> bytes:
        """Make the lines of a document and keep them; b"" when they are too many for that."""
        groups = self._groups(document)
        if sum(len(start) * len(ends) + sum(map(len, ends)) for start, ends in groups) > BATCH_BYTES:
            return b""
        lines = document.lines = b"".join(_batches(groups))
        self._kept[document] = None
        self._kept_bytes += len(lines)
        while self._kept_bytes > MAX_KEPT_BYTES:
            self._forget_lines(next(iter(self._kept)))
        return lines

    def _forget_lines(self, document: _Document) -> None:
        if document.lines is not None:
            self._kept_bytes -= len(document.lines)
            document.lines = None
            del self._kept[document]


def _batches(groups: list[tuple[bytes, list[bytes]]]) -> Iterator[bytes]:
    for start, ends in groups:
        step = max(1, BATCH_BYTES // (len(start) + MAX_LINE_END_BYTES))
        for first in range(0, len(ends), step):
            # bytes.join writes `start` between the ends: one call in C for all lines of the batch.
            yield start + start.join(ends[first : first + step])
