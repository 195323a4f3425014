"""A document on its way to the shelf.

It is written under a hidden name in the shelf's own folder and takes its real name in one step,
when it is whole and on the disk; so a name such as `rfc3457.txt` never holds half a document. What
a broken download leaves behind is a part, `.rfc3457.txt.<key>.part`, which the next one goes on with: the
key tells what it began with. Leftovers are seen by nobody, and deleted when a shelf is opened days later.
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
from p2pci.library.folder import HAS_LOCKS, Folder, library_error, lock
from p2pci.library.names import document_name
from p2pci.library.titles import HEAD_BYTES

_DAY_SECONDS = 86_400
_PART = re.compile(r"\.rfc([0-9]+)\.txt\.([0-9a-f]{16})\.part").fullmatch
_TEMPORARY = re.compile(r"\.rfc(?:[0-9]+|-index)\.txt\.[0-9a-f]{16}\.tmp").fullmatch
_READ_BYTES = 1024 * 1024


class Version(NamedTuple):
    """What tells one version of a document from another while it is fetched in parts (clause P-5.23).

    Attributes:
        size: of the whole, in bytes.
        digest: its SHA-256, if that is known.
        modified: its Last-Modified as a holder wrote it, perhaps b"".
    """

    size: int
    digest: bytes | None = None
    modified: bytes = b""

    def part_keys(self) -> list[str]:
        """The keys of parts that may be of this version, the surer first; none when nothing tells it."""
        marks = []
        if self.digest:
            marks.append(b"sha-256 " + self.digest)
        if self.modified:
            marks.append(b"modified " + self.modified)
        return [hashlib.sha256(b"%d %b" % (self.size, mark)).hexdigest()[:16] for mark in marks]


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
    """A file that becomes a document with `commit`; made by `Shelf.receive` and `Shelf.resume`.

    A context manager: leaving it without a `commit` keeps a part, if it has a version and any bytes, and is
    a `discard` otherwise. That may also come from another thread than a `write` that still runs.

    Attributes:
        size: bytes that it has.
    """

    def __init__(
        self,
        folder: Folder,
        number: int,
        *,
        key: str,
        goes_on: bool,
        into_place: Callable[[Received], str],
    ) -> None:
        """Make the hidden file, or take the part of this key.

        Args:
            folder: the shelf's.
            number: of the document.
            key: of a version; "" where nothing is to be kept.
            goes_on: with what the part has; else it is begun anew.
            into_place: gives the file its real name and returns that; called by `commit`.

        Raises:
            LibraryError: no file can be made there.
            InvalidValueError: no document has such a number.
        """
        self.size = 0
        self._folder = folder
        self._key = key
        self._into_place = into_place
        self._digest = hashlib.sha256()
        self._beginning = b""
        self._path = folder.path / document_name(number)
        self._descriptor: int | None = None
        # The number of a closed descriptor soon is another file's, so nobody may close it under a write.
        self._using = threading.RLock()
        try:
            self._open(goes_on=goes_on)
        except OSError as error:
            self.close()
            raise library_error(self._path, error, wish="be saved") from error

    def _open(self, *, goes_on: bool) -> None:
        name = self._path.name
        self._name = f".{name}.{self._key}.part"
        self._descriptor = _open_part(self._folder, self._name) if self._key else None
        if self._descriptor is None:  # nothing to keep, or another program is at this part
            self._key = ""
            self._name = f".{name}.{secrets.token_hex(8)}.tmp"
            self._descriptor = self._folder.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        elif goes_on:
            self._read_present(self._descriptor)
        else:
            os.ftruncate(self._descriptor, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what is there."""
        return self._digest.digest()

    def is_part_of(self, version: Version) -> bool:
        """Whether what is there was begun from this version."""
        return self._key in version.part_keys()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes at the end.

        Raises:
            LibraryError: the disk refused them, for one because it is full.
            ValueError: the document is committed or discarded.
        """
        with self._using:
            descriptor = self._opened()
            rest = memoryview(data).cast("B")
            try:
                while rest:
                    written = os.write(descriptor, rest)
                    self._note(rest[:written])
                    rest = rest[written:]
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
                if not self._key:
                    self._let_go()  # Windows renames no open file
                name = self._into_place(Received(self._name, state, self._beginning, self.digest))
                self._name = ""  # another download may have made a part of that name since the renaming
                return self._folder.path / name
            except OSError as error:
                raise library_error(self._path, error, wish="be saved") from error
            finally:
                self.discard()

    def close(self) -> None:
        """End it; a part stays for another time. Harmless when it is committed or discarded."""
        with self._using:
            if self._key and self.size:
                self._let_go()
                self._name = ""
            else:
                self.discard()

    def discard(self) -> None:
        """Delete what was written and not committed; harmless when that is done."""
        with self._using:
            if not self._key:
                self._let_go()  # Windows deletes no open file, but a part is locked until its name is gone
            if self._name:
                with suppress(OSError):
                    self._folder.remove(self._name)
            self._name = ""
            self._let_go()

    def _read_present(self, descriptor: int) -> None:
        while data := os.read(descriptor, _READ_BYTES):
            self._note(memoryview(data))

    def _note(self, data: memoryview) -> None:
        self.size += len(data)
        self._digest.update(data)
        self._beginning += data[: HEAD_BYTES - len(self._beginning)]

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("the document is committed or discarded")
        return self._descriptor

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)


def _open_part(folder: Folder, name: str) -> int | None:
    """Open a part and lock it; None when another program has it, or this system or disk has no locks."""
    while HAS_LOCKS:  # without any, as on Windows, no part is kept
        descriptor = folder.open(name, os.O_RDWR | os.O_CREAT)
        if not lock(descriptor):
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), folder.state(name)):
                return descriptor
        os.close(descriptor)  # it was renamed or deleted between the opening and the lock
    return None


def find_part(folder: Folder, number: int) -> str:
    """The key of the largest part of a document that is there; "" for none.

    Raises:
        OSError: the folder cannot be read.
    """
    start = f".{document_name(number)}."
    parts = folder.regular_files(lambda name: name.startswith(start) and _PART(name))
    name, _ = max(parts, key=lambda part: part[1].st_size, default=("", None))
    found = _PART(name)
    return found[2] if found else ""


def remove_leftovers(folder: Folder) -> None:
    """Delete the hidden files that nobody has written to for a day, parts after a week; what can be.

    Raises:
        OSError: the folder cannot be read.
    """
    now_ns = time.time_ns()
    for is_leftover, days in ((_TEMPORARY, 1), (_PART, 7)):
        for name, state in folder.regular_files(is_leftover):
            if now_ns - state.st_mtime_ns > days * _DAY_SECONDS * 1_000_000_000:
                with suppress(OSError):
                    folder.remove(name)
