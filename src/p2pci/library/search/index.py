"""The index of a shelf: kept as the shelf is, in the background, and asked.

Imports errors, the rest of its package, and the floor's `shelf`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

from p2pci.errors import BusyError, LibraryError
from p2pci.library.documents import Document
from p2pci.library.search.building import Build, Progress, read_text
from p2pci.library.search.facts import Facts
from p2pci.library.search.matching import Titles
from p2pci.library.search.query import Phrase, Query, parse_query
from p2pci.library.search.ranking import Accepts, Found, Ranking
from p2pci.library.search.snippets import Part, cut_snippet
from p2pci.library.search.store import DamagedError, InterruptedSearchError, Store, within
from p2pci.library.shelf import Shelf

__all__ = ["LIMIT", "Accepts", "Hit", "Progress", "SearchIndex"]

LIMIT = 10
"""How many hits a query gives unless told."""

QUERY_SECONDS = 3.0
"""For a query of the texts: many beginnings of words in a large shelf would take half a minute."""

_MAX_TRIES = 3  # with a file that is damaged again and again


class Hit(NamedTuple):
    """A document that was found.

    Attributes:
        number: of the RFC.
        title: perhaps "".
        score: the higher the better: over 1 when the title fits, at most 1 when only the text does.
        facts: year and status, as the document itself tells them; what it says nothing of is 0 or "".
        snippet: a piece of its text with what was looked for; () when it is in the title alone.
    """

    number: int
    title: str
    score: float
    facts: Facts = Facts()
    snippet: tuple[Part, ...] = ()


class SearchIndex:
    """The full-text index of a shelf; a context manager that closes it.

    A worker thread does what `update` asks for; `query` answers from what is there meanwhile. Blocking calls:
    in an event loop, put them into an executor (`update` and `progress` alone return at once).

    Args:
        shelf: open; it stays the caller's.
        spare: where the index is kept when the shelf's folder cannot be written; None for nowhere.
    """

    def __init__(self, shelf: Shelf, *, spare: Path | None = None) -> None:
        self._shelf = shelf
        self._store = Store(shelf.path, spare)
        self._documents: Mapping[int, Document] = {}
        self._titles = Titles()
        self._changed = threading.Condition()  # held while what follows is changed
        self._wanted: Mapping[int, Document] | None = None  # what the worker has not begun with
        self._progress = Progress()
        self._worker: threading.Thread | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def progress(self) -> Progress:
        """How far the index is, right now."""
        return self._progress

    def update(self, documents: Mapping[int, Document]) -> None:
        """Bring the index to what a scan of the shelf found; what was asked for before is given up."""
        self._documents = documents = dict(documents)
        self._titles = Titles((number, document.title) for number, document in documents.items())
        with self._changed:
            if self._is_closed:
                return
            self._wanted = documents
            self._progress = self._progress._replace(is_running=True)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="search index", daemon=True)
                self._worker.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the worker has done what it was asked for, and say whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._progress.is_running, seconds)

    def close(self) -> None:
        """Have the worker end after the document that it is at; what it has done is kept."""
        with self._changed:
            self._is_closed = True
            worker = self._worker
        if worker:
            worker.join()

    def query(
        self,
        typed: str | Query,
        *,
        limit: int = LIMIT,
        accepts: Accepts | None = None,
        is_typing: bool = False,
        has_snippets: bool = True,
    ) -> list[Hit]:
        """Find documents, the best first: those whose titles fit, then those that have it in their texts.

        Args:
            typed: what a person typed (see `parse_query`), or a query.
            limit: at most so many.
            accepts: given a number and what the document says of itself, whether it may be among them.
            is_typing: the last word is not finished yet.
            has_snippets: cut them, which means to read the documents.

        Where the index cannot be read, the titles alone are searched, and `progress` says why. They are, too,
        when the texts are not searched within QUERY_SECONDS.

        Raises:
            BusyError: the texts would take longer, and no title fits.
        """
        query = parse_query(typed, is_typing=is_typing) if isinstance(typed, str) else typed
        if not query.wanted:
            return []
        titles = self._titles
        found = self._rank(Ranking(titles, query, limit=limit, accepts=accepts))
        phrases = query.phrases
        return [
            Hit(number, titles[number], score, facts, self._snippet(number, phrases) if has_snippets else ())
            for number, score, facts in found
        ]

    def _rank(self, ranking: Ranking) -> list[Found]:
        try:
            with self._store.reading() as connection, within(connection, QUERY_SECONDS):
                return ranking.run(connection)
        except InterruptedSearchError:
            return _some(ranking.run(None))
        except DamagedError as damaged:
            self._mend(damaged)
        except LibraryError as error:
            self._progress = self._progress._replace(problem=error)
        return ranking.run(None)

    def _snippet(self, number: int, phrases: list[Phrase]) -> tuple[Part, ...]:
        try:
            with self._shelf.open(number) as opened:
                return cut_snippet(read_text(opened), phrases)
        except LibraryError:
            return ()  # it is gone meanwhile

    def _mend(self, damaged: DamagedError) -> None:
        """Replace a damaged file, and have everything indexed anew."""
        try:
            self._store.replace(damaged)
        except LibraryError as error:
            self._progress = self._progress._replace(problem=error)
        else:
            self.update(self._documents)

    def _work(self) -> None:
        """Do what is wanted, until nothing is."""
        while (documents := self._next()) is not None:
            try:
                self._titles.prepare()
                self._build(documents)
            except LibraryError as error:
                self._report(Progress(is_running=True, problem=error))
            except BaseException:
                self._wanted = None
                self._next()  # nobody shall wait for what has failed
                raise

    def _next(self) -> Mapping[int, Document] | None:
        """What is to be indexed; None when the worker shall end."""
        with self._changed:
            documents, self._wanted = self._wanted, None
            if documents is None or self._is_closed:
                self._worker = None
                self._progress = self._progress._replace(is_running=False)
                self._changed.notify_all()
                return None
            return documents

    def _build(self, documents: Mapping[int, Document]) -> None:
        """Run a build; what is damaged is replaced and built anew.

        Raises:
            LibraryError: it cannot be.
        """
        for _ in range(_MAX_TRIES):
            try:
                Build(self._shelf, self._store, is_cancelled=self._is_overtaken, report=self._report).run(
                    documents
                )
            except DamagedError as damaged:
                self._store.replace(damaged)
            else:
                return
        raise LibraryError(
            self._store.path, reason="is damaged again and again. Check the disk, or remove the file."
        )

    def _is_overtaken(self) -> bool:
        return self._is_closed or self._wanted is not None

    def _report(self, progress: Progress) -> None:
        self._progress = progress


def _some(found: list[Found]) -> list[Found]:
    if not found:
        raise BusyError("That takes too long to look for. Write longer words, or fewer.")
    return found
