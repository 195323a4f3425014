"""A document on its way to the shelf.

It is written under a hidden name in the shelf's own folder and takes its real name in one step,
when it is whole and on the disk; so a name such as `rfc3457.txt` never holds half a document. What
a crash leaves behind is not seen by anybody and deleted when a shelf is opened a day later.
Imports its floor's `documents`, `folder`, `names` and `titles`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from p2pci.library.documents import FileState
from p2pci.library.folder import Folder, library_error
from p2pci.library.names import document_name
from p2pci.library.titles import HEAD_BYTES

_MAX_LEFTOVER_SECONDS = 86_400
_LEFTOVER = re.compile(r"\.rfc[0-9]+\.txt\.[0-9a-f]{16}\.tmp")


class Received(NamedTuple):
    """A whole document under its hidden name.

    Attributes:
        name: the hidden one.
        state: of its file.
        beginning: its first bytes, for the title.
        digest: its SHA-256.
    """

    name: str
    state: FileState
    beginning: bytes
    digest: bytes


class Incoming:
    """A file that becomes a document with `commit`, and nothing without; made by `Shelf.receive`.

    A context manager: leaving it without a `commit` is a `discard`, which may also come from another thread
    than a `write` that still runs.
    """

    def __init__(self, folder: Folder, number: int, *, into_place: Callable[[Received], str]) -> None:
        """Make the hidden file.

        Args:
            folder: the shelf's.
            number: of the document.
            into_place: gives the file its real name and returns that; called by `commit`.

        Raises:
            LibraryError: no file can be made there.
            InvalidValueError: no document has such a number.
        """
        self._folder = folder
        self._name = f".{document_name(number)}.{secrets.token_hex(8)}.tmp"
        self._into_place = into_place
        self._digest = hashlib.sha256()
        self._beginning = b""
        self._path = folder.path / document_name(number)
        self._descriptor: int | None = None
        # The number of a closed descriptor soon is another file's, so nobody may close it under a write.
        self._using = threading.RLock()
        try:
            self._descriptor = folder.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except OSError as error:
            raise library_error(self._path, error, wish="be saved") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes at the end.

        Raises:
            LibraryError: the disk refused them, for one because it is full.
            ValueError: the document is committed or discarded.
        """
        with self._using:
            descriptor = self._opened()
            rest = memoryview(data).cast("B")
            self._digest.update(rest)
            self._beginning += rest[: HEAD_BYTES - len(self._beginning)]
            try:
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            except OSError as error:
                raise library_error(self._path, error, wish="be saved") from error

    def commit(self) -> Path:
        """Put what was written on the shelf, over an older copy; once.

        Returns:
            Where it is now: the canonical name, or the one that the shelf's copy of this number had.

        Raises:
            LibraryError: the disk refused; nothing of it remains then, and an older copy is untouched.
            ValueError: the document is committed or discarded.
        """
        with self._using:
            try:
                os.fsync(self._opened())
                state = FileState.of(os.fstat(self._opened()))
                self._close()
                received = Received(self._name, state, self._beginning, self._digest.digest())
                return self._folder.path / self._into_place(received)
            except OSError as error:
                raise library_error(self._path, error, wish="be saved") from error
            finally:
                # After its renaming the hidden name is nobody's, and this does nothing.
                self.discard()

    def discard(self) -> None:
        """Delete what was written and not committed; harmless when that is done."""
        with self._using:
            if not self._name:
                return
            with suppress(OSError):
                self._close()
            with suppress(OSError):
                self._folder.remove(self._name)
            self._name = ""

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the document is committed or discarded")
        return self._descriptor

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def remove_leftovers(folder: Folder) -> None:
    """Delete the hidden files that nobody has written to for a day; what cannot be deleted stays.

    Raises:
        OSError: the folder cannot be read.
    """
    youngest_ns = time.time_ns() - _MAX_LEFTOVER_SECONDS * 1_000_000_000
    for name, state in folder.regular_files(_LEFTOVER.fullmatch):
        if state.st_mtime_ns < youngest_ns:
            with suppress(OSError):
                folder.remove(name)
