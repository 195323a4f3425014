"""A document of the shelf as people read it, the last few kept.

What blocks is for a thread. Imports `library` and `errors`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import LibraryError
from p2pci.library.text import Text, read_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from p2pci.library import Shelf

MAX_KEPT = 8
PIECE_BYTES = 1024 * 1024
MAX_BYTES = 4 * 1024 * 1024
"""More of a document is not made a page of: the largest RFC has 2 MB, and a browser stalls at more."""


class Reading(NamedTuple):
    """A document that was read; `left_out` are the bytes at its end that were not."""

    text: Text
    left_out: int


class Reader:
    """Reads documents of a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: OrderedDict[tuple[int, object], Reading] = OrderedDict()

    def read(self, number: int) -> Reading:
        """Read a document; it blocks.

        Raises:
            NotOnShelfError: the shelf has no such document.
            LibraryError: the disk failed.
        """
        with self._shelf.open(number) as opened:
            key = (number, opened.state)
            reading = self._kept.get(key) or Reading(read_text(opened.read(MAX_BYTES)), opened.left)
        self._kept[key] = reading
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return reading

    async def original(self, number: int) -> AsyncIterator[bytes]:
        """Give its bytes, piece by piece; raises what `read` does, at the first one."""
        loop = asyncio.get_running_loop()
        with await loop.run_in_executor(None, self._shelf.open, number) as opened:
            while opened.left:
                piece = await loop.run_in_executor(None, opened.read, PIECE_BYTES)
                if not piece:
                    raise LibraryError(opened.path, reason="became shorter while it was read.")
                yield piece
