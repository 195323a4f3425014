"""The index: which peers are here, and who holds which document.

A peer is a small integer, its serial, given when it joins; a document is its editions, each with a bitmap
of the serials that hold it; a peer has a bitmap of its documents. So ten million records fit in tens of
megabytes, and who leaves costs what it held. Answers come as encoded record lines: those of a document are
kept in a bounded cache, and dropped, for that document alone, when a holder comes or goes.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from p2pci.index.bitmaps import BitMap

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_BYTES = 64 * 1024
MAX_KNOWN_BYTES = 8 * 1024 * 1024
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


class _Edition:
    """A number under one title, and who holds that."""

    __slots__ = ("holders", "line_start")

    def __init__(self, number: int, title: str) -> None:
        self.line_start = b"RFC %d %b" % (number, title.encode())  # of its record lines
        self.holders = BitMap()


class Index:
    """Members and their records (clauses P-4.9 to P-4.14).

    A record belongs to the member that added it. Two members may have the same host and port (a peer that
    came back before its old end was noticed): each keeps its records, answers show them once.

    Attributes:
        record_count: over all members.
        known_lines: the record lines that were asked for lately, by the decimal digits of their number, for
            whoever wants to answer a LOOKUP without reading it any further. Only the index changes it.
    """

    def __init__(self) -> None:
        self.record_count = 0
        self.known_lines: dict[bytes, bytes] = {}  # the oldest entry first
        self._known_bytes = 0
        self._members: dict[int, Member] = {}
        self._next_serial = 0
        self._documents: dict[int, dict[str, _Edition]] = {}  # by number, then by title
        self._numbers = BitMap()  # the keys of _documents, in order
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
        editions = self._documents.get(number)
        edition = editions.get(title) if editions else None
        if edition is None or member.serial not in edition.holders:
            edition = self._enter_edition(member, number, title)
        if member.serial in self._doubled:
            self._stamp(member, number)
            self._forget_lines(number)
        return edition.line_start + member.line_end

    def leave(self, member: Member) -> int:
        """Take a member out with all its records, and say how many they were."""
        for number in member.numbers:
            editions = self._documents[number]
            self._leave_edition(editions, member)
            if not editions:
                del self._documents[number]
                self._numbers.discard(number)
            self._forget_lines(number)
        del self._members[member.serial]
        self._leave_identity(member)
        self.record_count -= len(member.numbers)
        return len(member.numbers)

    def lookup(self, number: int) -> bytes | Iterator[bytes]:
        """Give the record lines of a document, the holder that joined last first.

        Returns:
            The lines at once when they are few, b"" when nobody has the document; else an iterator of
            batches of about BATCH_BYTES, which may be taken while the index goes on changing.
        """
        lines = self.known_lines.get(b"%d" % number)
        if lines is not None:
            return lines
        groups = self._groups(number)
        if sum(len(start) * len(ends) + sum(map(len, ends)) for start, ends in groups) > BATCH_BYTES:
            return _batches(groups)
        lines = b"".join(_batches(groups))
        if lines:
            self._keep_lines(number, lines)
        return lines

    def list_all(self) -> Iterator[bytes]:
        """Give all record lines, by number, in batches of about BATCH_BYTES.

        The index may change between batches: each record that lived throughout comes exactly once.
        """
        parts: list[bytes] = []
        size = 0
        for number in self._numbers.to_array():
            lines = self.known_lines.get(b"%d" % number)
            for part in _batches(self._groups(number)) if lines is None else (lines,):
                parts.append(part)
                size += len(part)
                if size >= BATCH_BYTES:
                    yield b"".join(parts)
                    parts, size = [], 0
        if parts:
            yield b"".join(parts)

    def _groups(self, number: int) -> list[tuple[bytes, list[bytes]]]:
        """Take down the lines of a document as they are now: per edition their start, and their ends."""
        editions = self._documents.get(number, {})
        hidden = self._hidden(number, editions)
        shown = []
        for edition in editions.values():
            serials = [serial for serial in reversed(edition.holders.to_array()) if serial not in hidden]
            if serials:
                shown.append((serials, edition.line_start))
        shown.sort(reverse=True)  # the edition of the holder that joined last first (clause P-2.7)
        return [(start, [self._members[serial].line_end for serial in serials]) for serials, start in shown]

    def _hidden(self, number: int, editions: dict[str, _Edition]) -> set[int]:
        """Find the holders whose record another one of the same host and port, added later, stands for."""
        hidden: set[int] = set()
        latest: dict[tuple[str, int], tuple[int, int]] = {}  # identity -> stamp and serial of its last ADD
        for edition in editions.values():
            for serial in edition.holders & self._doubled:
                member = self._members[serial]
                identity = member.host, member.port
                this = (member.stamps.get(number, 0), serial)
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

    def _enter_edition(self, member: Member, number: int, title: str) -> _Edition:
        editions = self._documents.get(number)
        if editions is None:
            editions = self._documents[number] = {}
            self._numbers.add(number)
        if number in member.numbers:
            self._leave_edition(editions, member)
        else:
            member.numbers.add(number)
            self.record_count += 1
        edition = editions.get(title)
        if edition is None:
            edition = editions[title] = _Edition(number, title)
        edition.holders.add(member.serial)
        self._forget_lines(number)
        return edition

    @staticmethod
    def _leave_edition(editions: dict[str, _Edition], member: Member) -> None:
        for title, edition in editions.items():
            if member.serial in edition.holders:
                edition.holders.discard(member.serial)
                if not edition.holders:
                    del editions[title]
                return

    def _keep_lines(self, number: int, lines: bytes) -> None:
        self.known_lines[b"%d" % number] = lines
        self._known_bytes += len(lines)
        while self._known_bytes > MAX_KNOWN_BYTES:
            self._forget_lines(int(next(iter(self.known_lines))))

    def _forget_lines(self, number: int) -> None:
        lines = self.known_lines.pop(b"%d" % number, None)
        if lines is not None:
            self._known_bytes -= len(lines)


def _batches(groups: list[tuple[bytes, list[bytes]]]) -> Iterator[bytes]:
    for start, ends in groups:
        step = max(1, BATCH_BYTES // (len(start) + MAX_LINE_END_BYTES))
        for first in range(0, len(ends), step):
            # bytes.join writes `start` between the ends: one call in C for all lines of the batch.
            yield start + start.join(ends[first : first + step])
