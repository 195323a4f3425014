"""A document of the index: its editions, mostly one, and who holds them. `records` alone changes any."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from p2pci.index.bitmaps import BitMap

if TYPE_CHECKING:
    from p2pci.protocol.extensions import Copy

_EDITION_BYTES = 500  # of one, besides its key and its line


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
        return self.line_start.decode().split(" ", 2)[2][:-1]


def memory_of(key: bytes) -> int:
    """About the memory that an edition of this key takes."""
    return _EDITION_BYTES + 2 * len(key)
