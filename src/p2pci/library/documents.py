"""A document of the shelf: what is known of it, and it while it is read or sent.

Imports errors, the protocol's values and its floor's `folder`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from p2pci.library.folder import library_error
from p2pci.protocol.extensions import Copy


class FileState(NamedTuple):
    """What changes when a file does."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> Self:
        return cls(state.st_size, state.st_mtime_ns, state.st_ino)


class Document(NamedTuple):
    """A document as the last scan saw it.

    Attributes:
        number: of the RFC.
        name: of the file, without folder.
        state: of the file.
        title: fit to send, perhaps "".
        digest: its SHA-256, 32 bytes.
    """

    number: int
    name: str
    state: FileState
    title: str
    digest: bytes

    @property
    def copy(self) -> Copy:
        """What others are told of it."""
        return Copy(self.state.size, self.digest)


_rooms = threading.local()


def _room(size: int) -> memoryview:
    """Memory of this thread's own to copy through: the same each time, so that it stays in the caches."""
    room: bytearray = getattr(_rooms, "room", bytearray())
    if len(room) < size:
        room = _rooms.room = bytearray(size)
    return memoryview(room)[:size]


class OpenDocument:
    """A document open for reading from its start; stays readable when its name goes.

    A context manager that closes it. May be closed while another thread reads.

    Attributes:
        size: bytes it had when it was opened.
        left: those of them, or of the selected ones, that were not read or sent yet.
        modified: when it was changed last, seconds since 1970.
        state: of the file when it was opened.
        digest: its SHA-256, if it is known without reading.
        path: where it was found.
    """

    def __init__(
        self, descriptor: int, *, state: os.stat_result, path: Path, digest: bytes | None = None
    ) -> None:
        """Take over a descriptor; `path` is not looked at."""
        self.size = self.left = self._end = state.st_size
        self.modified = state.st_mtime
        self.state = FileState.of(state)
        self.digest = digest
        self._descriptor: int | None = descriptor
        self.path = path
        # The number of a closed descriptor soon is another file's, so nobody may close it under a read.
        self._using = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, max_bytes: int) -> bytes:
        """The next bytes, at most so many and none behind those that were selected; b"" at the end.

        Raises:
            LibraryError: the disk failed.
            ValueError: the document is closed.
        """
        with self._using:
            try:
                data = os.read(self._opened(), min(max_bytes, self.left))
            except OSError as error:
                raise library_error(self.path, error, wish="be read") from error
            self.left -= len(data)
            return data

    def select(self, start: int, stop: int) -> None:
        """Go on with the bytes from `start` to `stop`, which is not one of them.

        Raises:
            LibraryError: the disk failed.
            ValueError: the document is closed.
        """
        with self._using:
            try:
                os.lseek(self._opened(), start, os.SEEK_SET)
            except OSError as error:
                raise library_error(self.path, error, wish="be read") from error
            self._end = stop
            self.left = stop - start

    def hash(self, max_bytes: int = 1024 * 1024) -> bytes:
        """Read all of it, so many bytes at a time, for its SHA-256; then go on at the start.

        Raises:
            LibraryError: the disk failed.
            ValueError: the document is closed.
        """
        self.select(0, self.size)
        digest = hashlib.sha256()
        while piece := self.read(max_bytes):
            digest.update(piece)
        self.select(0, self.size)
        return digest.digest()

    def send(self, to: int, max_bytes: int) -> int:
        """Send the next bytes to a socket, as many as it takes.

        They are copied: of a file that the kernel sends by itself, bytes that wait in the socket still change
        when the file is truncated, and a reader would be sent what never was in the document.

        Args:
            to: the socket's descriptor; not a blocking one.
            max_bytes: at most so many, and none behind those that were selected.

        Returns:
            How many were sent; 0 at the end, and when the file has shrunk.

        Raises:
            BlockingIOError: the socket takes nothing now.
            OSError: the socket or the disk failed.
            ValueError: the document is closed.
        """
        with self._using:
            descriptor = self._opened()
            start = self._end - self.left
            room = _room(min(max_bytes, self.left))
            size = os.preadv(descriptor, [room], start)
            if not size or os.fstat(descriptor).st_size < start + size:
                return 0  # truncated under the read, which may have taken zeros
            sent = os.write(to, room[:size])
            self.left -= sent
            os.lseek(descriptor, sent, os.SEEK_CUR)
            return sent

    def close(self) -> None:
        """Give the descriptor back; harmless when that is done."""
        with self._using:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the document is closed")
        return self._descriptor
