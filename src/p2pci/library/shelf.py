"""The shelf: a folder of documents, and the only way to them.

A request names a number, never a file: `number -> name found in the folder -> descriptor`, regular
files only. Every failure of the disk leaves here as a LibraryError. Blocking; call it from an
executor. One shelf may be used from several threads; scans run one after the other.
Imports errors, the protocol's values, and the rest of this floor.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Container, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from p2pci.errors import InvalidValueError, LibraryError, NotOnShelfError
from p2pci.library.documents import Document, FileState, OpenDocument
from p2pci.library.entries import Entry
from p2pci.library.folder import Folder, library_error
from p2pci.library.incoming import Incoming, Received, Version, find_part, remove_leftovers
from p2pci.library.listing import INDEX_NAMES, Listing
from p2pci.library.names import MAX_NUMBER, document_name, document_number
from p2pci.library.readings import Reading, Readings, is_settled
from p2pci.library.saving import Saving
from p2pci.library.spellings import Spellings
from p2pci.library.titles import HEAD_BYTES, title_from_text

# What a name may turn out to be: gone, a link, a socket, a fifo or folder, not ours to read.
_NO_DOCUMENT = {errno.ENOENT, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EOPNOTSUPP}
_NO_DOCUMENT |= {errno.EINVAL, errno.EACCES, errno.EPERM}

READ_BYTES = 1024 * 1024


class _File(NamedTuple):
    """A name in the folder, and the state of its file; None when that is not known yet."""

    name: str
    state: FileState | None


class Shelf:
    """A folder of documents; a context manager that closes it.

    Attributes:
        path: the folder, absolute.
        is_new: there was no such folder, and it was made.
        listing: what the folder's index files said at the last scan.
        keeps_replaced: whether a commit keeps the copy that it replaces, with `.orig` behind its name.
        unreadable: the files that the last scan had to leave out, each as the error that says why.
    """

    def __init__(self, folder: Path, *, spare: Path | None = None) -> None:
        """Open the folder, make it when there is none, and delete old leftovers of interrupted downloads.

        Args:
            folder: with the documents.
            spare: where titles and digests are kept when the folder cannot be written; None for nowhere.

        Raises:
            LibraryError: it cannot be made or read, or is not a folder.
        """
        self.path = folder.absolute()
        self.keeps_replaced = False
        self.unreadable: list[LibraryError] = []
        self._documents: dict[int, Document] = {}
        # Held while the tables change, so that a scan never forgets what was committed meanwhile.
        self._changing = threading.Lock()
        try:
            self._folder = Folder(folder)
            self.is_new = self._folder.is_new
            self.listing = Listing(self._folder)
            remove_leftovers(self._folder)
            self._readings = Readings(self._folder, spare)
            self._spellings = Spellings(self._folder)
        except OSError as error:
            raise library_error(folder, error, wish="be used as the shelf") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, number: object) -> bool:
        """Whether `open` would find the document now, scanned or not; raises LibraryError as it does."""
        if not isinstance(number, int):
            return False
        try:
            self.open(number).close()
        except NotOnShelfError:
            return False
        return True

    def close(self) -> None:
        """Give the folder back; documents that are open stay so. Harmless when that is done."""
        self._folder.close()

    @property
    def documents(self) -> dict[int, Document]:
        """The documents as the last scan and later downloads left them, by number; the caller's to keep."""
        return dict(self._documents)

    def title(self, number: int) -> str:
        """The title of a document, fit to send; "" when the shelf has no such document or title."""
        document = self._documents.get(number)
        return document.title if document else ""

    def entry(self, number: int) -> Entry | None:
        """What the folder's index files say of a document, on the shelf or not; None for nothing."""
        return self.listing.entry(number)

    def look(self) -> dict[str, FileState]:
        """The files that a scan would regard, by name, as they are now; nothing is read.

        Raises:
            LibraryError: the folder is gone or cannot be read.
        """
        self._follow_folder()
        files = self._regular_files(lambda name: name in INDEX_NAMES or document_number(name))
        return {name: FileState.of(state) for name, state in files}

    def scan(self, *, left_alone: Container[str] = ()) -> dict[int, Document]:
        """Look what is on the shelf; only new and changed files are read, each once.

        Links, folders, fifos and unfinished downloads are passed over. Of two files for one number
        that with the canonical name counts, else that with the smallest. Where another folder stands in
        place of the one that was opened, it is the shelf's from now on.

        Args:
            left_alone: names of files that are not looked at: what is known of their documents stays.

        Returns:
            The documents by number, ascending; the caller's to keep.

        Raises:
            LibraryError: the folder is gone or cannot be read; no document is known then.
        """
        with self._changing:
            try:
                self._follow_folder()
                files = self._files_by_number()
            except LibraryError:
                self._documents = {}
                raise
            if not any(name in left_alone for name in INDEX_NAMES):
                self.listing.refresh()
            self.unreadable = list(self.listing.problems)
            self._documents = dict(sorted(self._documents_in(files, left_alone=left_alone)))
            self._readings.keep({document.name for document in self._documents.values()})
            self._readings.save()
            return dict(self._documents)

    def save(self) -> None:
        """Note on the disk what is known of the files, as `scan` does: they need not be read again then."""
        with self._changing:
            self._readings.save()

    def open(self, number: int) -> OpenDocument:
        """Open a document, also one that came after the last scan.

        Raises:
            NotOnShelfError: there is none, or what has its name is not a regular file or may not be read.
            LibraryError: the folder or the disk failed.
        """
        reason = "the shelf has no such document. Put it there under this name."
        for name in self._possible_names(number):
            try:
                return self._open_name(name)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in _NO_DOCUMENT:
                    raise library_error(self.path / name, error, wish="be read") from error
                reason = f"is no document: {error.strerror}. Put a readable, regular file in its place."
        raise NotOnShelfError(self.path / f"rfc{number:d}.txt", reason=reason)

    def state(self, number: int) -> os.stat_result | None:
        """What the file is that `open` would look at first, without opening it; None when there is none."""
        known = self._documents.get(number)
        try:
            return self._folder.state(known.name if known else document_name(number))
        except (OSError, InvalidValueError):
            return None

    def receive(self, number: int, *, version: Version | None = None) -> Incoming:
        """Begin to save a document from its first byte; it is on the shelf from its `commit` on.

        Args:
            number: of the document.
            version: of what is coming, so that a part of it can be kept; one that is there is begun anew.

        Raises:
            LibraryError: nothing can be written there.
            InvalidValueError: no document has such a number.
        """
        key = next(iter(version.part_keys()), "") if version else ""
        return self._receive(number, key=key, goes_on=False)

    def resume(self, number: int) -> Incoming | None:
        """Go on with the largest part of a document, whatever it began with; None when there is none.

        Raises:
            LibraryError, InvalidValueError: as `receive` does.
        """
        try:
            key = find_part(self._folder, number)
        except OSError as error:
            raise library_error(self.path, error, wish="be read") from error
        if not key:
            return None
        incoming = self._receive(number, key=key, goes_on=True)
        if incoming.size:
            return incoming
        incoming.discard()  # somebody else is at it, or it is of no use
        return None

    def saving(self) -> Saving:
        """Begin to save many whole documents; see Saving."""
        return Saving(self._folder, name_of=self._name_of, set_aside=self.set_aside, note=self._note_arrival)

    def _receive(self, number: int, *, key: str, goes_on: bool) -> Incoming:
        into_place = partial(self._put_in_place, number)
        return Incoming(self._folder, number, key=key, goes_on=goes_on, into_place=into_place)

    def set_aside(self, number: int, *, unless: bytes | None = None) -> Path | None:
        """Keep the present copy of a document, which a `commit` is about to replace, as `rfc7.txt.orig`.

        Where that is taken by another copy, it is `rfc7.txt.orig2` and so on: nothing is lost. The document
        keeps its own name until the commit, where the disk can give a file two.

        Args:
            number: of the document.
            unless: a SHA-256; a copy that has it is not worth keeping.

        Returns:
            Where it is kept; None when the shelf has no such document, or only what is not kept.

        Raises:
            LibraryError: the disk refused.
        """
        try:
            with self.open(number) as present:
                if unless and unless == (present.digest or present.hash()):
                    return None
                return self.path / self._keep_aside(number, present)
        except NotOnShelfError:
            return None
        except OSError as error:
            raise library_error(self.path / document_name(number), error, wish="be put aside") from error

    def _keep_aside(self, number: int, present: OpenDocument) -> str:
        name = f"{document_name(number)}.orig"
        position = 1
        while True:
            try:
                self._folder.keep(present.path.name, also_as=name)
                return name
            except FileExistsError:
                if self._folder.state(name).st_ino == present.state.inode:
                    return name  # put aside before, and not replaced since
            position += 1
            name = f"{document_name(number)}.orig{position}"

    def _put_in_place(self, number: int, received: Received) -> str:
        """Give a whole document its name and return it: that of the copy it replaces, else the canonical."""
        name = self._name_of(number)
        if self.keeps_replaced:
            self.set_aside(number, unless=received.digest)
        self._folder.replace(name, by=received.name)
        self._folder.sync()
        reading = Reading(received.state, title_from_text(received.beginning), received.digest)
        self._note_arrival(number, name, reading)
        return name

    def _name_of(self, number: int) -> str:
        """The name that a document has or gets."""
        known = self._documents.get(number)
        return known.name if known else document_name(number)

    def _note_arrival(self, number: int, name: str, reading: Reading) -> None:
        with self._changing:
            self._readings.put(name, reading, lasts=True)
            self._documents[number] = self._make_document(number, name, reading)

    def _possible_names(self, number: int) -> Iterator[str]:
        """The names that may be a document's: the likely ones, then what a look into the folder finds."""
        if not 1 <= number <= MAX_NUMBER:
            return
        known = self._documents.get(number)
        likely = dict.fromkeys((known.name if known else document_name(number), document_name(number)))
        yield from likely
        try:
            yield from (name for name in self._spellings.of(number) if name not in likely)
        except OSError as error:
            raise library_error(self.path, error, wish="be read") from error

    def _open_name(self, name: str) -> OpenDocument:
        descriptor, state = self._folder.open_regular(name)
        reading = self._readings.get(name, FileState.of(state))
        digest = reading.digest if reading else None
        return OpenDocument(descriptor, state=state, path=self.path / name, digest=digest)

    def _follow_folder(self) -> None:
        try:
            self._folder.follow()
        except OSError as error:
            raise library_error(self.path, error, wish="be read") from error

    def _files_by_number(self) -> dict[int, _File]:
        files: dict[int, _File] = {}
        for name, state in sorted(self._regular_files(document_number), key=lambda file: file[0]):
            number = document_number(name)
            if number is not None and (number not in files or name == document_name(number)):
                files[number] = _File(name, FileState.of(state))
        return files

    def _regular_files(self, wanted: Callable[[str], object]) -> list[tuple[str, os.stat_result]]:
        try:
            return self._folder.regular_files(wanted)
        except OSError as error:
            raise library_error(self.path, error, wish="be read") from error

    def _documents_in(
        self, files: dict[int, _File], *, left_alone: Container[str]
    ) -> Iterator[tuple[int, Document]]:
        """The documents in files, and by number too those that are known and must stay as they were."""
        for number, known in self._documents.items():
            if known.name in left_alone or (number in files and files[number].name in left_alone):
                yield number, known
        for number, file in files.items():
            if file.name not in left_alone and (document := self._document(number, file)):
                yield number, document

    def _document(self, number: int, file: _File) -> Document | None:
        """The document in a file, read if it is not as it was; None when it cannot be read."""
        reading = self._readings.get(file.name, file.state)
        is_listed = bool(self._listed_title(number))  # then nobody asks for the document's own title
        if reading is None or (reading.title is None and not is_listed):
            try:
                reading = self._read(file.name, known=reading, has_title=not is_listed)
            except OSError as error:
                self._left_out(file.name, error)
                return None
            self._readings.put(file.name, reading, lasts=is_settled(reading.state.modified_ns))
        return self._make_document(number, file.name, reading)

    def _make_document(self, number: int, name: str, reading: Reading) -> Document:
        title = self._listed_title(number) or reading.title or ""
        return Document(number, name, reading.state, title, reading.digest)

    def _listed_title(self, number: int) -> str:
        entry = self.listing.entry(number)
        return entry.title if entry else ""

    def _read(self, name: str, *, known: Reading | None, has_title: bool) -> Reading:
        """Read a file from its beginning to its end, once; where its digest is known, its beginning alone."""
        digest = known.digest if known else None
        descriptor, state = self._folder.open_regular(name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            beginning = file.read(HEAD_BYTES if digest else READ_BYTES)
            if not digest:
                hashing = hashlib.sha256(beginning)
                while piece := file.read(READ_BYTES):
                    hashing.update(piece)
                digest = hashing.digest()
        title = title_from_text(beginning[:HEAD_BYTES]) if has_title else None
        return Reading(FileState.of(state), title, digest)

    def _left_out(self, name: str, error: OSError) -> None:
        """Note a file that cannot be read; one that is gone is no news."""
        if error.errno != errno.ENOENT:
            self.unreadable.append(library_error(self.path / name, error, wish="be read"))
