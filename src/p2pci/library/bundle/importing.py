"""From a bundle onto the shelf.

A document gets its name when its bytes are those that the list says, and one that the shelf has another copy
of stays as it is unless asked. Many are written under hidden names first, and get theirs together after one
wait for the disk. Of a bundle that is cut off or damaged stays what was verified; importing it again, or
another one, goes on from there.
Imports its package's `archive` and `manifest`, its floor's `saving`, the shelf, and errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from p2pci.errors import BundleError, NotOnShelfError, P2PCIError
from p2pci.library.bundle.archive import ArchiveReader
from p2pci.library.bundle.manifest import Entry, read_manifest
from p2pci.library.saving import Arrived, Hidden
from p2pci.library.shelf import READ_BYTES, Shelf

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_PASSED_OVER_BYTES = 1024 * 1024 * 1024
"""Of documents that are too large: a few bytes may unpack to so many, and all are read on the way."""

BATCH_BYTES = 8 * 1024 * 1024
IN_MEMORY_BYTES = READ_BYTES


class Fate(Enum):
    """What became of a document."""

    ADDED = "added"
    PRESENT = "present"  # the shelf had it, the same
    DIFFERENT = "different"  # the shelf has another copy, which stays
    REPLACED = "replaced"  # the other copy is kept beside it
    REFUSED = "refused"  # it is too large, its bytes are wrong, or what has its name is no document


class Imported(NamedTuple):
    """A document that was looked at.

    Attributes:
        entry: of the list.
        fate: what became of it.
        reason: why it was refused, and what to do; else "".
        kept: where the copy that it replaced is; else None.
    """

    entry: Entry
    fate: Fate
    reason: str = ""
    kept: Path | None = None


class Import:
    """A bundle that is taken in.

    Args:
        file: the bundle; need not seek.
        source: how its name is shown.
        max_document_bytes: a larger document is refused, and the others are taken.

    Attributes:
        entries: what its list names, by number.

    Raises:
        BundleError: it has no list, or one with far too much that is too large.
        LibraryError: it cannot be read.
    """

    def __init__(self, file: BinaryIO, *, source: str, max_document_bytes: int = MAX_DOCUMENT_BYTES) -> None:
        self._archive = ArchiveReader(file, source=source)
        self._max_document_bytes = max_document_bytes
        self.entries = read_manifest(self._archive)
        too_large = sum(entry.size for entry in self.entries.values() if entry.size > max_document_bytes)
        if too_large > MAX_PASSED_OVER_BYTES:
            raise BundleError(
                source,
                reason=f"its documents of more than {max_document_bytes} bytes have {too_large} together. "
                "If that is right, allow more with --max-bytes.",
            )

    def run(self, shelf: Shelf, *, replaces: bool = False) -> Iterator[Imported]:
        """Take the documents onto the shelf, and tell of each once it is there, in the bundle's order.

        Args:
            shelf: where they go.
            replaces: take the bundle's copy where the shelf has another, and keep that as `rfc7.txt.orig`.

        Raises:
            BundleError: the bundle is damaged from here on, or has something that it does not list.
            LibraryError: it cannot be read, or the shelf not be written.
        """
        known = set(shelf.scan())
        taking = _Taking(self._archive, shelf, max_bytes=self._max_document_bytes, replaces=replaces)
        try:
            for entry in self._entries_in_turn():
                taking.take(entry, is_known=entry.number in known)
                if taking.waiting_bytes >= BATCH_BYTES:
                    yield from taking.finish()
        except P2PCIError:
            yield from taking.finish()
            raise
        else:
            yield from taking.finish()
        finally:
            taking.discard()
        shelf.save()  # so that the next start finds the digests written down

    def _entries_in_turn(self) -> Iterator[Entry]:
        """Go from document to document, and give the entry of each."""
        by_name = {entry.name: entry for entry in self.entries.values()}
        while member := self._archive.next_member():
            entry = by_name.pop(member.name, None)
            if entry is None or entry.size != member.size:
                raise BundleError(
                    self._archive.source,
                    reason=f"it has {member.name!r} in a way that its list does not. "
                    "Do not trust it; export it again.",
                )
            yield entry
        if by_name:
            raise BundleError(
                self._archive.source, reason="documents of its list are missing. Export it again."
            )


class _Taking:
    """Documents on their way from a bundle to a shelf.

    Attributes:
        waiting_bytes: of what was looked at since the last `finish`.
    """

    def __init__(self, archive: ArchiveReader, shelf: Shelf, *, max_bytes: int, replaces: bool) -> None:
        self.waiting_bytes = 0
        self._archive = archive
        self._shelf = shelf
        self._max_bytes = max_bytes
        self._replaces = replaces
        self._saving = shelf.saving()
        self._results: list[Imported] = []
        self._hidden: list[Hidden] = []

    def take(self, entry: Entry, *, is_known: bool) -> None:
        """Look at the document that the archive is at; it is on the shelf after `finish`."""
        if entry.size > self._max_bytes:
            reason = (
                f"it has {entry.size} bytes, {self._max_bytes} are allowed. "
                "If that is right, allow more with --max-bytes."
            )
            self._results.append(Imported(entry, Fate.REFUSED, reason))
            return
        found = self._on_shelf(entry, is_known=is_known)
        if found is None:
            found = self._receive(entry) if entry.size > IN_MEMORY_BYTES else self._hide(entry)
        elif found.fate is Fate.DIFFERENT and self._replaces:
            found = self._receive(entry, is_replacing=True)
        self._results.append(found)
        self.waiting_bytes += entry.size

    def finish(self) -> list[Imported]:
        """Give their names to those that wait, and tell of all that were looked at since the last time."""
        hidden, self._hidden = self._hidden, []
        results, self._results, self.waiting_bytes = self._results, [], 0
        forestalled = {document.number for document in hidden}
        forestalled.difference_update(self._saving.reveal(hidden))
        return [
            self._on_shelf(result.entry, is_known=True) or _vanished(result.entry)
            if result.entry.number in forestalled
            else result
            for result in results
        ]

    def discard(self) -> None:
        """Delete what waits; after a `finish` that is nothing."""
        self._saving.discard(self._hidden)

    def _on_shelf(self, entry: Entry, *, is_known: bool) -> Imported | None:
        """Compare a document with what the shelf has; None when that is nothing."""
        try:
            present = _digest_on_shelf(self._shelf, entry.number, is_known=is_known)
        except NotOnShelfError as error:
            return Imported(entry, Fate.REFUSED, str(error))
        if present is None:
            return None
        return Imported(entry, Fate.PRESENT if present == entry.digest else Fate.DIFFERENT)

    def _hide(self, entry: Entry) -> Imported:
        """Take a document through memory; it has its name after the next `finish`."""
        text = self._archive.read(entry.size)
        digest = hashlib.sha256(text).digest()
        if digest != entry.digest:
            return _wrong_bytes(entry)
        self._hidden += self._saving.hide([Arrived(entry.number, text, digest)])
        return Imported(entry, Fate.ADDED)

    def _receive(self, entry: Entry, *, is_replacing: bool = False) -> Imported:
        """Take a document piece by piece."""
        with self._shelf.receive(entry.number) as incoming:
            while piece := self._archive.read(READ_BYTES):
                incoming.write(piece)
            if incoming.digest != entry.digest:
                return _wrong_bytes(entry)
            kept = self._shelf.set_aside(entry.number) if is_replacing else None
            incoming.commit()
        return Imported(entry, Fate.REPLACED if is_replacing else Fate.ADDED, kept=kept)


def _wrong_bytes(entry: Entry) -> Imported:
    wrong = "its bytes are not those that the list says. Copy the bundle here again."
    return Imported(entry, Fate.REFUSED, wrong)


def _vanished(entry: Entry) -> Imported:
    return Imported(entry, Fate.REFUSED, "another one came and went meanwhile. Import the bundle again.")


def _digest_on_shelf(shelf: Shelf, number: int, *, is_known: bool) -> bytes | None:
    """The digest of what the shelf has; None for nothing.

    Raises:
        NotOnShelfError: what has the name is no document.
    """
    # For a number that nobody heard of, `open` would look through the whole folder.
    if not is_known and shelf.state(number) is None:
        return None
    try:
        with shelf.open(number) as document:
            return document.digest or document.hash()
    except NotOnShelfError:
        if shelf.state(number) is None:
            return None
        raise
