"""Small documents that were sent lately, ready to be sent again as long as their file is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pci.library import is_settled
from p2pci.upload.heads import Facts, end_of_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from p2pci.library import FileState, OpenDocument
    from p2pci.protocol.extensions import GetOptions


class KeptDocument:
    """A document as its file was in `state`: what is told of it, its bytes, and heads written before."""

    __slots__ = ("_head_ends", "data", "facts", "state")

    def __init__(self, state: FileState, facts: Facts, data: bytes) -> None:
        self.state = state
        self.facts = facts
        self.data = memoryview(data)
        self._head_ends: dict[GetOptions, bytes] = {}

    def head_end(self, options: GetOptions) -> bytes:
        """The end of the head that a GET of all of it is answered with."""
        end = self._head_ends.get(options)
        if end is None:
            end = self._head_ends[options] = end_of_whole(options, self.facts)
        return end


class KeptDocuments:
    """The documents that are kept; those kept longest make room. For one thread.

    Args:
        state_of: gives the state that the file of a number has now; see Shelf.state.
        max_bytes: of all documents together.
    """

    def __init__(self, state_of: Callable[[int], os.stat_result | None], *, max_bytes: int) -> None:
        self._state_of = state_of
        self._max_bytes = max_bytes
        self._bytes = 0
        self._documents: dict[int, KeptDocument] = {}

    def get(self, number: int) -> KeptDocument | None:
        """Give a document if it is kept and its file is still as it was then; asks the file system."""
        kept = self._documents.get(number)
        if kept is None:
            return None
        state = self._state_of(number)
        if state and (state.st_size, state.st_mtime_ns, state.st_ino) == kept.state:
            return kept
        self._drop(number)
        return None

    def keep(self, number: int, document: OpenDocument, *, facts: Facts, data: bytes) -> None:
        """Keep a document's bytes, if they are all and the file has been at rest for a while."""
        if len(data) == document.size <= self._max_bytes and is_settled(document.state.modified_ns):
            self._put(number, KeptDocument(document.state, facts, data))

    def _put(self, number: int, kept: KeptDocument) -> None:
        self._drop(number)
        self._documents[number] = kept
        self._bytes += len(kept.data)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._documents)))

    def _drop(self, number: int) -> None:
        kept = self._documents.pop(number, None)
        if kept is not None:
            self._bytes -= len(kept.data)
