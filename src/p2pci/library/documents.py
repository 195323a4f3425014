"""A document of the shelf while it is read, and small ones kept for the next reader.

Imports errors and its floor's `folder`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from p2pci.library.folder import library_error

# A file that was changed this lately may change again without a change of its time, which has a grain.
SETTLED_SECONDS = 2.0


class FileState(NamedTuple):
    """What changes when a file does."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> Self:
        return cls(state.st_size, state.st_mtime_ns, state.st_ino)


class OpenDocument:
    """A document open for reading from its start; stays readable when its name goes.

    A context manager that closes it. May be closed while another thread reads.

    Attributes:
        size: bytes it had when it was opened.
        modified: when it was changed last, seconds since 1970.
        state: of the file when it was opened.
    """

    def __init__(self, descriptor: int, *, state: os.stat_result, path: Path) -> None:
        """Take over a descriptor; `path` is for messages alone."""
        self.size = state.st_size
        self.modified = state.st_mtime
        self.state = FileState.of(state)
        self._descriptor: int | None = descriptor
        self._path = path
        # The number of a closed descriptor soon is another file's, so nobody may close it under a read.
        self._using = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, max_bytes: int) -> bytes:
        """The next bytes, at most so many; b"" at the end.

        Raises:
            LibraryError: the disk failed.
            ValueError: the document is closed.
        """
        with self._using:
            if self._descriptor is None:
                raise ValueError("the document is closed")
            try:
                return os.read(self._descriptor, max_bytes)
            except OSError as error:
                raise library_error(self._path, error, wish="be read") from error

    def close(self) -> None:
        """Give the descriptor back; harmless when that is done."""
        with self._using:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)


class KeptDocument(NamedTuple):
    """A document in memory, as its file was in `state`; `modified` in seconds since 1970."""

    state: FileState
    modified: float
    data: bytes


class DocumentCache:
    """Documents that were sent lately; the ones kept longest make room. For one thread.

    Args:
        state_of: gives the state that the file of a number has now; see Shelf.state.
        max_bytes: of all documents together.
    """

    def __init__(self, state_of: Callable[[int], FileState | None], *, max_bytes: int) -> None:
        self._state_of = state_of
        self._max_bytes = max_bytes
        self._bytes = 0
        self._documents: dict[int, KeptDocument] = {}

    def get(self, number: int) -> KeptDocument | None:
        """Give a document if it is kept and its file is still as it was then; asks the file system."""
        kept = self._documents.get(number)
        if kept is not None and kept.state != self._state_of(number):
            self._drop(number)
            return None
        return kept

    def keep(self, number: int, document: OpenDocument, data: bytes) -> None:
        """Keep a document's bytes, if they are all and the file has been at rest for a while."""
        is_settled = time.time() - document.modified > SETTLED_SECONDS
        if len(data) != document.size or not is_settled or len(data) > self._max_bytes:
            return
        self._drop(number)
        self._documents[number] = KeptDocument(document.state, document.modified, data)
        self._bytes += len(data)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._documents)))

    def _drop(self, number: int) -> None:
        kept = self._documents.pop(number, None)
        if kept is not None:
            self._bytes -= len(kept.data)
