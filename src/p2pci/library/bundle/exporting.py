"""From the shelf into a bundle.

The list stands first, so it is written from what the shelf knows; then each document is read and compared
with it. One that turns out to be another by then is left out, and the bundle is written again without it:
what a bundle says of its documents is true of the bytes in it.
Imports its package's `archive` and `manifest`, the shelf, and errors.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from p2pci.errors import LibraryError
from p2pci.library.bundle.archive import END, KINDS, member_header, packed, padding
from p2pci.library.bundle.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, Entry, encode_manifest
from p2pci.library.documents import Document
from p2pci.library.folder import Folder, library_error, lock
from p2pci.library.names import document_number
from p2pci.library.shelf import READ_BYTES, Shelf

# Ends as `_hidden` makes it: a name of a bundle, sixteen digits, `.tmp`.
_ABANDONED = re.compile(
    rf"\..*(?:{'|'.join(map(re.escape, KINDS))})\.[0-9a-f]{{16}}\.tmp", re.IGNORECASE
).fullmatch


class Export:
    """What of a shelf goes into a bundle.

    Args:
        shelf: whose documents.
        earlier: the digests by number of what the other side has, which stays out.
        watch: told how many documents of how many were written; from the start again, if one is left out.

    Attributes:
        documents: that go in, or went in, ascending by number.
        unchanged: how many stay out because the other side has them.
        left_out: those that could not be read or changed meanwhile, each as the error that says why.

    Raises:
        LibraryError: the folder cannot be read.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        earlier: Mapping[int, bytes] | None = None,
        watch: Callable[[int, int], None] | None = None,
    ) -> None:
        known = earlier or {}
        found = shelf.scan()
        self.documents = [
            document for number, document in found.items() if known.get(number) != document.digest
        ]
        self.unchanged = len(found) - len(self.documents)
        self.left_out = [error for error in shelf.unreadable if document_number(error.path.name)]
        self._shelf = shelf
        self._watch = watch

    @property
    def size(self) -> int:
        """Of the documents together, in bytes."""
        return sum(document.state.size for document in self.documents)

    def write(self, file: BinaryIO, *, name: str) -> None:
        """Write the bundle, compressed as its name says, to an empty file that can seek.

        Raises:
            LibraryError: the documents are too many for one bundle.
            BundleError: this Python cannot compress so.
            OSError: the file cannot be written.
        """
        while True:
            with packed(file, name) as archive:
                changed = self._write_all(archive)
            if not changed:
                return
            self.left_out += changed.values()
            self.documents = [document for document in self.documents if document.number not in changed]
            file.seek(0)
            file.truncate()

    def _write_all(self, archive: BinaryIO) -> dict[int, LibraryError]:
        """Write it once, and say which documents were not what they were."""
        self._write_manifest(archive)
        changed = {}
        for position, document in enumerate(self.documents, start=1):
            try:
                self._write_document(archive, document)
            except LibraryError as error:
                changed[document.number] = error
            if self._watch:
                self._watch(position, len(self.documents))
        archive.write(END)
        return changed

    def _write_manifest(self, archive: BinaryIO) -> None:
        data = encode_manifest(
            Entry(document.number, document.state.size, document.digest, document.title)
            for document in self.documents
        )
        if len(data) > MAX_MANIFEST_BYTES:
            raise LibraryError(
                self._shelf.path,
                reason=f"has {len(self.documents)} documents, too many for one bundle. "
                "Move some into another folder and make two.",
            )
        latest = max((document.state.modified_ns for document in self.documents), default=0) / 1e9
        archive.write(member_header(MANIFEST_NAME, size=len(data), modified=latest))
        archive.write(data + padding(len(data)))

    def _write_document(self, archive: BinaryIO, document: Document) -> None:
        """Write a document with its header.

        Raises:
            LibraryError: it cannot be read, or is not what the list says. Then the archive is worth nothing.
        """
        entry = Entry(document.number, document.state.size, document.digest, document.title)
        digest = hashlib.sha256()
        with self._shelf.open(document.number) as opened:
            archive.write(member_header(entry.name, size=entry.size, modified=opened.modified))
            while piece := opened.read(READ_BYTES):
                digest.update(piece)
                archive.write(piece)
            archive.write(padding(entry.size))
        if digest.digest() != entry.digest:
            raise LibraryError(
                self._shelf.path / document.name,
                reason="changed while it was read. Export it once it is at rest.",
            )


@contextmanager
def hidden_until_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which gets its name when all of it is there and on the disk, and is deleted otherwise.

    What runs that were killed left of bundles in the same folder is deleted, too.

    Raises:
        LibraryError: it cannot be made or written, or what has its name is no file.
    """
    path = Path(os.path.realpath(path))  # a link stays one, to the new file
    if path.exists() and not path.is_file():
        raise LibraryError(path, reason="is no file that could be replaced. Choose another name.")
    try:
        if not path.parent.exists():
            raise LibraryError(path.parent, reason="there is no such folder. Make it, or choose another.")
        with closing(Folder(path.parent)) as folder:
            _remove_abandoned(folder)
            with _hidden(folder, path.name) as file:
                yield file
    except OSError as error:
        raise library_error(path, error, wish="be written") from error


@contextmanager
def _hidden(folder: Folder, name: str) -> Iterator[BinaryIO]:
    """A file that is locked as long as it is written, and has its name after that."""
    hidden = f".{name[-200:]}.{secrets.token_hex(8)}.tmp"
    try:
        with os.fdopen(folder.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL), "w+b") as file:
            lock(file.fileno())
            yield file
            file.flush()
            os.fsync(file.fileno())
        folder.replace(name, by=hidden)
        folder.sync()
    finally:
        with suppress(OSError):
            folder.remove(hidden)


def _remove_abandoned(folder: Folder) -> None:
    """Delete the hidden bundles that nobody has locked; what can be."""
    for name, _ in folder.regular_files(_ABANDONED):
        with suppress(OSError):
            descriptor = folder.open(name, os.O_RDWR)
            try:
                if lock(descriptor):
                    folder.remove(name)
            finally:
                os.close(descriptor)
