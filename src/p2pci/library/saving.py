"""Many whole documents put on the shelf at once, with one wait for the disk.

Each is written under a hidden name; when the disk has them all, each takes its real name in one step. What a
crash leaves of it has no document's name.
Imports its floor's `documents`, `folder` and `readings`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import NamedTuple, Protocol

from p2pci.library.documents import FileState
from p2pci.library.folder import Folder, library_error
from p2pci.library.readings import Reading

# So that no two programs, nor two threads of one, take the same hidden name.
_RUN = secrets.token_hex(4)
_COUNTER = count()


class Arrived(NamedTuple):
    """A whole document in memory, and its SHA-256."""

    number: int
    text: bytes | bytearray
    digest: bytes


class Hidden(NamedTuple):
    """A whole document in a file whose final name is still to come."""

    number: int
    digest: bytes
    name: str
    hidden: str
    state: FileState


class _SetAside(Protocol):
    def __call__(self, number: int, *, unless: bytes | None) -> object: ...


class Saving:
    """Documents on their way to a shelf, many at a time; made by `Shelf.saving`, for several threads.

    Args:
        folder: the shelf's.
        name_of: gives the name that a document has or gets.
        set_aside: keeps the present copy of a document under another name.
        note: told of each document that has its name now.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        name_of: Callable[[int], str],
        set_aside: _SetAside,
        note: Callable[[int, str, Reading], None],
    ) -> None:
        self._folder = folder
        self._name_of = name_of
        self._set_aside = set_aside
        self._note = note

    def hide(self, documents: Sequence[Arrived]) -> list[Hidden]:
        """Write whole documents under hidden names; they are on the shelf when `reveal` has had them.

        Raises:
            LibraryError: the disk refused; nothing of these documents remains.
        """
        written: list[Hidden] = []
        try:
            for document in documents:  # one by one: at an error those before it must be known
                name = self._name_of(document.number)
                written.append(self._write(document, name=name))
        except OSError as error:
            self.discard(written)
            raise library_error(self._folder.path, error, wish="be written to") from error
        return written

    def reveal(self, hidden: Sequence[Hidden], *, replaces: bool = False) -> list[int]:
        """Give hidden documents their names, all after one wait for the disk, and the numbers of those taken.

        Args:
            hidden: of different numbers.
            replaces: put them over what the shelf has, which is kept with `.orig` behind its name; else what
                has come to the shelf meanwhile stays.

        Raises:
            LibraryError: the disk refused; each document is there whole, or not at all.
        """
        left = list(hidden)
        taken = []
        try:
            self._folder.sync_files()
            while left:
                if self._take_in(left[-1], replaces=replaces):
                    taken.append(left.pop().number)
                else:
                    self.discard([left.pop()])
            self._folder.sync()
        except OSError as error:
            raise library_error(self._folder.path, error, wish="be written to") from error
        finally:
            self.discard(left)
        return taken

    def discard(self, hidden: Sequence[Hidden]) -> None:
        """Delete hidden documents that are not to be revealed."""
        for document in hidden:
            with suppress(OSError):
                self._folder.remove(document.hidden)

    def _write(self, document: Arrived, *, name: str) -> Hidden:
        """Write a document beside its final name, and leave it to the system when it goes to the disk."""
        hidden = f".{name}.{_RUN}{next(_COUNTER):08x}.tmp"
        descriptor = self._folder.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            rest = memoryview(document.text)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            state = FileState.of(os.fstat(descriptor))
            if not self._folder.syncs_at_once:
                os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                self._folder.remove(hidden)
            raise
        finally:
            os.close(descriptor)
        return Hidden(document.number, document.digest, name, hidden, state)

    def _take_in(self, document: Hidden, *, replaces: bool) -> bool:
        """Give a document that is on the disk its name, and say whether that could be."""
        if replaces:
            self._set_aside(document.number, unless=document.digest)
        elif self._folder.exists(document.name):
            return False
        self._folder.replace(document.name, by=document.hidden)
        self._note(document.number, document.name, Reading(document.state, None, document.digest))
        return True
