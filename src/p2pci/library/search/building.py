"""The index brought to what the shelf has: what is new or changed goes in, what is gone is let go of.

In batches, each one transaction: what is killed or cancelled goes on where it was. A document that changed
gets a new place, since a text that was indexed cannot be taken out again (SQLite before 3.43); when those
that nobody needs are a tenth of all, everything is indexed anew. Imports errors, its package's `facts`,
`store` and `words`, and the floor's `shelf`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from p2pci.errors import LibraryError, NotOnShelfError
from p2pci.library.documents import Document, OpenDocument
from p2pci.library.search.facts import facts_in
from p2pci.library.search.store import Store
from p2pci.library.search.words import MAX_BYTES, text_of
from p2pci.library.shelf import Shelf

_BATCH_BYTES = 32 * 1024 * 1024
_BATCH_SECONDS = 1.5  # others may write in between
_MAX_DEAD_SHARE = 0.1
_CHANGED = b""  # in place of a SHA-256: of a file that changed under the reading


class Progress(NamedTuple):
    """How far an index is.

    Attributes:
        documents: that were gone through of those that were new or changed.
        of_documents: how many there are of these; 0 when nothing is to be done.
        size: of these documents, in bytes, and likewise `of_size`.
        is_running: whether somebody is at it.
        problem: why it ended before its end; None for no reason.
    """

    documents: int = 0
    of_documents: int = 0
    size: int = 0
    of_size: int = 0
    is_running: bool = False
    problem: LibraryError | None = None


class Build:
    """One run over a shelf.

    Args:
        shelf: whose documents are read.
        store: where the index is.
        is_cancelled: asked before each document.
        report: told of the progress after each document.
    """

    def __init__(
        self,
        shelf: Shelf,
        store: Store,
        *,
        is_cancelled: Callable[[], bool],
        report: Callable[[Progress], None],
    ) -> None:
        self._shelf = shelf
        self._store = store
        self._is_cancelled = is_cancelled
        self._report = report
        self._progress = Progress(is_running=True)

    def run(self, documents: Mapping[int, Document]) -> None:
        """Index these documents and no others.

        Raises:
            DamagedError, LibraryError: as Store does.
        """
        with self._store.reading() as connection:
            indexed = _indexed(connection)
        waiting = [known for known in documents.values() if indexed.get(known.number) != known.digest]
        gone = [number for number in indexed if number not in documents]
        if gone:
            self._let_go(gone)
        waiting.reverse()  # of which the last is taken first
        self._progress = Progress(
            of_documents=len(waiting), of_size=sum(known.state.size for known in waiting), is_running=True
        )
        self._report(self._progress)
        while waiting and not self._is_cancelled():
            self._take_batch(waiting)
        if self._is_worn() and not self._is_cancelled():
            self._forget_all()
            self.run(documents)

    def _take_batch(self, waiting: list[Document]) -> None:
        with self._store.writing(self._is_cancelled) as connection:
            if connection is None:
                return
            until, enough = time.monotonic() + _BATCH_SECONDS, self._progress.size + _BATCH_BYTES
            while waiting and self._progress.size < enough and time.monotonic() < until:
                if self._is_cancelled():
                    return
                document = waiting.pop()
                self._take(connection, document)
                self._note(document)

    def _take(self, connection: sqlite3.Connection, document: Document) -> None:
        """Index a document, unless another program has just done so."""
        known = connection.execute(
            "SELECT digest FROM documents WHERE number = ?", (document.number,)
        ).fetchone()
        if known and known[0] == document.digest:
            return
        connection.execute("DELETE FROM documents WHERE number = ?", (document.number,))
        try:
            with self._shelf.open(document.number) as opened:
                digest = document.digest if opened.state == document.state else _CHANGED
                text = read_text(opened)
        except LibraryError:  # it is gone, or cannot be read: the next scan says so
            return
        facts = facts_in(text)
        added = connection.execute(
            "INSERT INTO documents (number, digest, year, status) VALUES (?, ?, ?, ?)",
            (document.number, digest, facts.year, facts.status),
        )
        connection.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (added.lastrowid, text))

    def _note(self, document: Document) -> None:
        progress = self._progress
        self._progress = progress._replace(
            documents=progress.documents + 1, size=progress.size + document.state.size
        )
        self._report(self._progress)

    def _let_go(self, numbers: list[int]) -> None:
        """Forget documents that are not on the shelf, as it is now."""
        gone = [(number,) for number in numbers if self._is_gone(number)]
        with self._store.writing(self._is_cancelled) as connection:
            if connection:
                connection.executemany("DELETE FROM documents WHERE number = ?", gone)

    def _is_gone(self, number: int) -> bool:
        try:
            self._shelf.open(number).close()
        except NotOnShelfError:
            return True
        except LibraryError:
            pass
        return False

    def _is_worn(self) -> bool:
        with self._store.reading() as connection:
            if connection is None:
                return False
            (living,) = connection.execute("SELECT count(*) FROM documents").fetchone()
            (given,) = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
            return bool(given - living > given * _MAX_DEAD_SHARE)

    def _forget_all(self) -> None:
        with self._store.writing(self._is_cancelled) as connection:
            if connection:
                connection.execute("INSERT INTO texts (texts) VALUES ('delete-all')")
                connection.execute("DELETE FROM documents")
                connection.execute("DELETE FROM sqlite_sequence")


def _indexed(connection: sqlite3.Connection | None) -> dict[int, bytes]:
    return dict(connection.execute("SELECT number, digest FROM documents")) if connection else {}


def read_text(document: OpenDocument) -> str:
    """Read the text of a document, as far as it is indexed.

    Raises:
        LibraryError: the disk failed.
    """
    pieces = []
    left = MAX_BYTES
    while left and (piece := document.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return text_of(b"".join(pieces))
