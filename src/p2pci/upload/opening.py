"""Documents opened for an answer, and read if they are small; what a worker thread does for a connection."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import LibraryError, NotOnShelfError
from p2pci.library import ALL
from p2pci.upload.heads import Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from p2pci.library import OpenDocument, Sharing, Shelf
    from p2pci.protocol.messages import Get

WHOLE_BYTES = 2 * 1024 * 1024  # documents of up to so many are read whole
ENOUGH_BYTES = 1024 * 1024  # no more is read behind so many


class Opened(NamedTuple):
    """An open document, what is told of it, and its bytes if they were read; None when there is none."""

    document: OpenDocument | None
    facts: Facts
    data: bytes

    @property
    def is_whole(self) -> bool:
        return self.facts.size <= WHOLE_BYTES


def open_some(shelf: Shelf, gets: Sequence[Get], *, sharing: Sharing = ALL) -> list[Opened]:
    """Open the documents that were asked for, from the first on, until that is enough for a while.

    Whoever called this closes them.
    """
    opened: list[Opened] = []
    size = 0
    for get in gets:
        try:
            if get.number not in sharing:
                raise NotOnShelfError(shelf.path, reason=f"RFC {get.number} is not shared.")
            opened.append(_open(shelf, get))
        except LibraryError:
            opened.append(Opened(None, Facts(0, 0.0, None), b""))
        size += len(opened[-1].data)
        if size > ENOUGH_BYTES or not opened[-1].is_whole:
            break
    return opened


def _open(shelf: Shelf, get: Get) -> Opened:
    document = shelf.open(get.number)
    try:
        data = document.read(WHOLE_BYTES) if document.size <= WHOLE_BYTES else b""
        digest = document.digest
        if digest is None and get.options.wants_digest:
            digest = hashlib.sha256(data).digest() if document.size <= WHOLE_BYTES else document.hash()
    except BaseException:
        document.close()
        raise
    if document.size <= WHOLE_BYTES:
        document.close()
    return Opened(document, Facts(document.size, document.modified, digest), data)
