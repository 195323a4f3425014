"""What the index is made of: members, documents and their editions; and who is told when records come and go.

Only `records` changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from p2pci.index.bitmaps import BitMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.protocol.extensions import Copy


SERIALS = 2**32  # of members
_EDITION_BYTES = 500  # of one, besides its key and its line


class Member:
    """A connection that has joined. Made by `Index.join`; only the index changes it."""

    __slots__ = ("address", "host", "numbers", "port", "serial", "since", "stamps")

    def __init__(self, serial: int, *, host: str, port: int, since: float) -> None:
        self.serial = serial
        self.host = host
        self.port = port
        self.since = since  # by whatever clock the index is told
        self.address = b"%b %d" % (host.encode(), port)  # as it stands in record lines
        self.numbers = BitMap()  # the documents it holds
        self.stamps: dict[int, int] = {}  # see Sharers.stamp


class Record(NamedTuple):
    """A document at one of its holders, as answers show it."""

    number: int
    title: str
    host: str
    port: int


class Document:
    """A number, its editions, and its record lines while they are kept."""

    __slots__ = ("editions", "lines", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.editions: list[Edition] = []  # nearly always one
        self.lines: bytes | None = None


class Edition:
    """A document under one title and with one copy, and who holds that."""

    __slots__ = ("copy", "document", "holders", "key", "line_start")

    def __init__(self, document: Document, title: str, *, copy: Copy | None, key: bytes) -> None:
        self.document = document
        self.copy = copy
        self.key = key
        self.line_start = b"RFC %d %b " % (document.number, title.encode())  # of its record lines
        self.holders = BitMap()

    @property
    def title(self) -> str:
        return self.line_start.split(b" ", 2)[2][:-1].decode()


def edition_bytes(key: bytes) -> int:
    """About the memory that an edition of this key takes."""
    return _EDITION_BYTES + 2 * len(key)


class Journal(Protocol):
    """Told of the index's records as they come and go, in that order, after the fact."""

    def added(self, member: Member, editions: Sequence[Edition]) -> None: ...

    def removed(self, member: Member, edition: Edition) -> None:
        """Note one that was taken back, or that another edition of the same document is about to replace."""

    def left(self, member: Member) -> None:
        """Note that a member is leaving with all that it has; told again with each step of that."""
