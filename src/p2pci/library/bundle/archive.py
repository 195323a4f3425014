"""The tar of a bundle, written and read block by block.

Of all that a tar may hold, a bundle has plain files with short names. So the reader knows one kind of header
(POSIX ustar); links, folders, devices, sparse files and the extra headers of pax and GNU are refused before a
byte of theirs is read. It never seeks and holds one piece of a document at a time, so a bundle may come from
a pipe, and a few bytes that unpack to gigabytes cost no more than the list at its beginning allows.
Imports its floor's `folder`, and errors.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from p2pci.errors import BundleError
from p2pci.library.folder import library_error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK_BYTES)
KINDS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
"""How the name of a bundle may end, in any case."""

_READ_BYTES = 64 * 1024
_MAX_XZ_BYTES = 128 * 1024 * 1024  # of memory, for a dictionary; `xz -9` makes it 64 MiB
_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\0"
_MAX_MODIFIED = 8**11 - 1  # what a header has room for
_FAULTS = (EOFError, gzip.BadGzipFile, zlib.error)


class Member(NamedTuple):
    """A file of a bundle, as its header has it."""

    name: str
    size: int


def member_header(name: str, *, size: int, modified: float) -> bytes:
    """The block in front of a file's bytes; `modified` in seconds since 1970."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mtime = min(max(int(modified), 0), _MAX_MODIFIED)
    return info.tobuf(tarfile.USTAR_FORMAT)


def padding(size: int) -> bytes:
    """What fills the last block of a file of so many bytes."""
    return bytes(-size % BLOCK_BYTES)


def packed(file: BinaryIO, name: str) -> AbstractContextManager[BinaryIO]:
    """A file to write a bundle to, which is compressed when the bundle's name says so; `file` stays open.

    Raises:
        BundleError: this Python has no xz.
    """
    name = name.lower()
    if name.endswith((".tar.gz", ".tgz")):
        # Without name and time: the same documents make the same bundle.
        return cast("BinaryIO", gzip.GzipFile("", "wb", 6, file, mtime=0))
    if name.endswith((".tar.xz", ".txz")):
        return cast("BinaryIO", _lzma(name).LZMAFile(file, "wb"))
    return nullcontext(file)


def _lzma(source: str) -> ModuleType:
    """The module for xz, which some builds of Python lack."""
    try:
        import lzma  # noqa: PLC0415
    except ImportError as error:
        raise BundleError(source, reason="this Python knows no xz. Use .tar or .tar.gz.") from error
    return lzma


class ArchiveReader:
    """Reads a bundle from its beginning to its end, compressed or not.

    Args:
        file: the bundle; need not seek.
        source: how its name is shown.
    """

    def __init__(self, file: BinaryIO, *, source: str) -> None:
        self.source = source
        self._left = 0  # of the current member
        self._padding = 0  # behind it
        try:
            self._start = file.read(len(_XZ))
        except OSError as error:
            raise library_error(Path(source), error, wish="be read") from error
        self._file = self._unpacked(io.BufferedReader(_Rejoined(self._start, file)))

    def begins_with(self, data: bytes) -> bool:
        return self._start.startswith(data)

    def next_member(self) -> Member | None:
        """Go on to the next file, past what was not read of this one; None at the end.

        Raises:
            BundleError: there is no next one, it is no plain file, or the bundle is damaged.
            LibraryError: the disk failed.
        """
        self._skip(self._left + self._padding)
        block = self._read_exactly(BLOCK_BYTES)
        if not any(block):
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "backslashreplace")
        except (tarfile.HeaderError, ValueError) as error:
            raise self._damaged() from error
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.size < 0:
            raise BundleError(
                self.source,
                reason=f"it has {info.name!r}, which is no plain file. Do not trust it; export it again.",
            )
        self._left = info.size
        self._padding = len(padding(info.size))
        return Member(info.name, info.size)

    def read(self, max_bytes: int) -> bytes:
        """The next bytes of the current file, as many as wanted or as there are; b"" at its end.

        Raises:
            BundleError: the bundle is damaged.
            LibraryError: the disk failed.
        """
        data = self._read_exactly(min(max_bytes, self._left))
        self._left -= len(data)
        return data

    def read_rest(self, max_bytes: int) -> bytes:
        """Read what is no archive to its end.

        Raises:
            BundleError: it is longer.
            LibraryError: the disk failed.
        """
        data = self._read(max_bytes + 1)
        if len(data) > max_bytes:
            raise BundleError(self.source, reason="it is too long for a list of documents. Name a bundle.")
        return data

    def _skip(self, count: int) -> None:
        while count:
            count -= len(self._read_exactly(min(count, _READ_BYTES)))

    def _read_exactly(self, count: int) -> bytes:
        data = self._read(count)
        if len(data) < count:
            raise BundleError(self.source, reason="it ends too early. If it is a bundle, copy it here again.")
        return data

    def _read(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except _FAULTS as error:
            raise self._damaged() from error
        except OSError as error:
            raise library_error(Path(self.source), error, wish="be read") from error

    def _damaged(self) -> BundleError:
        return BundleError(self.source, reason="it is damaged, or no bundle. Copy it here again.")

    def _unpacked(self, file: io.BufferedReader) -> io.BufferedIOBase:
        if self.begins_with(_GZIP):
            return gzip.GzipFile(fileobj=file)
        return io.BufferedReader(_Xz(file, _lzma(self.source))) if self.begins_with(_XZ) else file


class _Rejoined(io.RawIOBase):
    """A file of which the first bytes were read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        data = self._start[: len(room)] or self._rest.read(len(room))
        self._start = self._start[len(data) :]
        room[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """What an xz file holds; unlike `lzma.LZMAFile` it takes no more memory than it may."""

    def __init__(self, file: io.BufferedReader, lzma: ModuleType) -> None:
        self._file = file
        self._fault = lzma.LZMAError
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        piece = b""
        while not piece and not self._decoder.eof:
            data = self._file.read(_READ_BYTES) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not data:
                raise EOFError
            try:
                piece = self._decoder.decompress(data, max_length=len(room))
            except self._fault as error:
                raise EOFError from error
        room[: len(piece)] = piece
        return len(piece)
