"""The index files of a folder: `rfc-index.txt` and `rfc-index.xml` of the RFC Editor.

When both are there, the one that was changed last counts, and of the same age the XML. One that cannot be
read or is no index is a problem in words, and the other counts. Imports errors and the rest of this floor.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from p2pci.errors import LibraryError
from p2pci.library.documents import FileState
from p2pci.library.entries import Entry, EntryOf, NoIndexError
from p2pci.library.folder import Folder, library_error
from p2pci.library.rfc_index import TextIndex
from p2pci.library.rfc_index_xml import entries_from_xml

TEXT_NAME = "rfc-index.txt"
XML_NAME = "rfc-index.xml"
INDEX_NAMES = (TEXT_NAME, XML_NAME)

_MAX_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 256 * 1024


class _Outcome(NamedTuple):
    """What came of reading a file in a state: its entries, or why it has none."""

    state: FileState
    entry_of: EntryOf
    problem: LibraryError | None = None


class Listing:
    """What the index files of a folder say; nothing before the first `refresh`.

    Attributes:
        name: of the file that counts; "" when there is none.
        problems: the files that the last refresh had to leave out, each as the error that says why.
    """

    def __init__(self, folder: Folder) -> None:
        self.name = ""
        self.problems: list[LibraryError] = []
        self._folder = folder
        self._entry_of: EntryOf = _no_entry
        self._outcomes: dict[str, _Outcome] = {}

    def entry(self, number: int) -> Entry | None:
        """The entry of a document; None when it is not listed."""
        return self._entry_of(number)

    def refresh(self) -> None:
        """Look at the files again; they are read only when they have changed."""
        self.problems = []
        known, self._outcomes = self._outcomes, {}
        for name in self._names_by_age():
            try:
                outcome = self._outcomes[name] = self._read(name, known.get(name))
            except OSError as error:
                if error.errno != errno.ENOENT:
                    self.problems.append(library_error(self._folder.path / name, error, wish="be read"))
                continue
            if outcome.problem is None:
                self.name, self._entry_of = name, outcome.entry_of
                return
            self.problems.append(outcome.problem)
        self.name, self._entry_of = "", _no_entry

    def modified(self) -> float | None:
        """When `rfc-index.txt` was changed last, seconds since 1970; None when it is missing or no index."""
        try:
            outcome = self._read(TEXT_NAME, self._outcomes.get(TEXT_NAME))
        except OSError:
            return None
        return None if outcome.problem else outcome.state.modified_ns / 1e9

    def replace(self, data: bytes, *, modified: float | None) -> Path:
        """Put a new `rfc-index.txt` in its place, in one step, and say where that is.

        Args:
            data: the file.
            modified: when it was changed last, seconds since 1970, as `modified` tells it then; None for now.

        Raises:
            LibraryError: it is no index, or the disk refused; an older one is untouched.
        """
        path = self._folder.path / TEXT_NAME
        try:
            TextIndex(data)
        except NoIndexError as error:
            advice = "The file is left as it was. Check where the new one came from."
            raise LibraryError(path, reason=f"cannot be replaced by what came: {error}. {advice}") from error
        try:
            self._write(data, modified)
        except OSError as error:
            raise library_error(path, error, wish="be saved") from error
        return path

    def _write(self, data: bytes, modified: float | None) -> None:
        hidden = f".{TEXT_NAME}.{secrets.token_hex(8)}.tmp"
        descriptor = self._folder.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                if modified is not None and os.utime in os.supports_fd:
                    os.utime(file.fileno(), (modified, modified))
                os.fsync(file.fileno())
            self._folder.replace(TEXT_NAME, by=hidden)
            self._folder.sync()
        except OSError:
            with suppress(OSError):
                self._folder.remove(hidden)
            raise

    def _names_by_age(self) -> list[str]:
        ages = []
        for name in INDEX_NAMES:
            with suppress(OSError):
                ages.append((self._folder.state(name).st_mtime_ns, name))
        return [name for _, name in sorted(ages, reverse=True)]  # by name where the ages are the same

    def _read(self, name: str, known: _Outcome | None) -> _Outcome:
        """Read a file, unless what is known of it is of the same state.

        Raises:
            OSError: it cannot be read.
        """
        descriptor, status = self._folder.open_regular(name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            state = FileState.of(status)
            if known and known.state == state:
                return known
            try:
                return _Outcome(state, _read_entries(name, file, state.size))
            except NoIndexError as error:
                reason = f"cannot be used: {error}. Put a good one there, or remove it."
                return _Outcome(state, _no_entry, LibraryError(self._folder.path / name, reason=reason))


def _read_entries(name: str, file: FileIO, size: int) -> EntryOf:
    if size > _MAX_BYTES:
        raise NoIndexError(f"it is larger than {_MAX_BYTES} bytes")
    pieces = iter(partial(file.read, _PIECE_BYTES), b"")
    if name == TEXT_NAME:
        return TextIndex(b"".join(pieces)).entry
    return entries_from_xml(pieces).get


def _no_entry(_number: int) -> None:
    return None
