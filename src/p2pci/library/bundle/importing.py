"""From a bundle onto the shelf.

A document gets its name when its bytes are those that the list says, and one that the shelf has another copy
of stays as it is unless asked. Of a bundle that is cut off or damaged stays what was verified; importing it
again, or another one, goes on from there.
Imports its package's `archive` and `manifest`, the shelf, and errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from p2pci.errors import BundleError, NotOnShelfError
from p2pci.library.bundle.archive import ArchiveReader
from p2pci.library.bundle.manifest import Entry, read_manifest
from p2pci.library.shelf import READ_BYTES, Shelf

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


class Fate(Enum):
    """What became of a document."""

    ADDED = "added"
    PRESENT = "present"  # the shelf had it, the same
    DIFFERENT = "different"  # the shelf has another copy, which stays
    REPLACED = "replaced"  # the other copy is kept beside it
    REFUSED = "refused"  # its bytes are wrong, or what has its name is no document


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
        max_document_bytes: a bundle that lists a larger document is refused.

    Attributes:
        entries: what its list names, by number.

    Raises:
        BundleError: it has no list, or one with a document that is too large.
        LibraryError: it cannot be read.
    """

    def __init__(self, file: BinaryIO, *, source: str, max_document_bytes: int = MAX_DOCUMENT_BYTES) -> None:
        self._archive = ArchiveReader(file, source=source)
        self.entries = read_manifest(self._archive)
        for entry in self.entries.values():
            if entry.size > max_document_bytes:
                raise BundleError(
                    source,
                    reason=f"RFC {entry.number} has {entry.size} bytes, {max_document_bytes} are allowed. "
                    "If that is right, allow more with --max-bytes.",
                )

    def run(self, shelf: Shelf, *, replaces: bool = False) -> Iterator[Imported]:
        """Take the documents onto the shelf, one at each step, in the bundle's order.

        Args:
            shelf: where they go.
            replaces: take the bundle's copy where the shelf has another, and keep that as `rfc7.txt.orig`.

        Raises:
            BundleError: the bundle is damaged from here on, or has something that it does not list.
            LibraryError: it cannot be read, or the shelf not be written.
        """
        known = set(shelf.scan())
        by_name = {entry.name: entry for entry in self.entries.values()}
        while member := self._archive.next_member():
            entry = by_name.pop(member.name, None)
            if entry is None or entry.size != member.size:
                raise BundleError(
                    self._archive.source,
                    reason=f"it has {member.name!r} in a way that its list does not. "
                    "Do not trust it; export it again.",
                )
            yield self._take(entry, shelf, is_known=entry.number in known, replaces=replaces)
        shelf.scan()  # so that the next start finds the digests written down
        if by_name:
            raise BundleError(
                self._archive.source, reason="documents of its list are missing. Export it again."
            )

    def _take(self, entry: Entry, shelf: Shelf, *, is_known: bool, replaces: bool) -> Imported:
        try:
            present = _digest_on_shelf(shelf, entry.number, is_known=is_known)
        except NotOnShelfError as error:
            return Imported(entry, Fate.REFUSED, str(error))
        if present == entry.digest:
            return Imported(entry, Fate.PRESENT)
        if present and not replaces:
            return Imported(entry, Fate.DIFFERENT)
        with shelf.receive(entry.number) as incoming:
            while piece := self._archive.read(READ_BYTES):
                incoming.write(piece)
            if incoming.digest != entry.digest:
                wrong = "its bytes are not those that the list says. Copy the bundle here again."
                return Imported(entry, Fate.REFUSED, wrong)
            kept = shelf.set_aside(entry.number) if present else None
            incoming.commit()
        return Imported(entry, Fate.REPLACED if present else Fate.ADDED, kept=kept)


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
