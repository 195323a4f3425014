"""What fits a query, the best first: titles before texts, and texts by bm25.

Imports its package's `facts`, `matching` and `query`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from p2pci.library.search.facts import Facts
from p2pci.library.search.matching import Titles
from p2pci.library.search.query import Query

_ROWS = 200  # of the best texts, among which titles that fit are looked for too
_MANY_TITLES = 500  # for so many the texts could only order them, at a cost: it is one of the commonest words
_TEXTS = (
    "SELECT documents.number, documents.year, documents.status, texts.rank FROM texts "
    "JOIN documents ON documents.id = texts.rowid WHERE texts MATCH ? ORDER BY texts.rank"
)
_HAVING = (
    "SELECT documents.number FROM texts JOIN documents ON documents.id = texts.rowid WHERE texts MATCH ?"
)

Accepts = Callable[[int, Facts], bool]
"""Whether a document may be found, by its number and what it says of itself."""


class Found(NamedTuple):
    """A document that fits: over 1 scores those whose title does, and up to 1 those whose text alone does."""

    number: int
    score: float


class Ranking:
    """A search for the best documents.

    Args:
        titles: of those that may be found, and no others.
        accepts: which of them; None for all.
    """

    def __init__(self, titles: Titles, query: Query, *, limit: int, accepts: Accepts | None) -> None:
        self._titles = titles
        self._query = query
        self._limit = limit
        self._accepts = accepts

    def run(self, connection: sqlite3.Connection | None) -> list[Found]:
        """Give the best; without an index those whose titles fit."""
        titled = self._titles.find(self._query)
        texts: dict[int, float] = {}
        if connection:
            titled = self._allowed(connection, titled)
            if self._query.is_telling and len(titled) < max(self._limit, _MANY_TITLES):
                texts = self._texts(connection, titled)
        elif self._accepts:
            titled = {number: score for number, score in titled.items() if self._accepts(number, Facts())}
        found = [Found(number, 1 + (score + texts.pop(number, 0.0)) / 2) for number, score in titled.items()]
        found += [Found(number, score) for number, score in texts.items()]
        found.sort(key=lambda each: (each.score, each.number), reverse=True)
        return found[: self._limit]

    def _allowed(self, connection: sqlite3.Connection, titled: dict[int, float]) -> dict[int, float]:
        """Those of the documents with fitting titles that have nothing unwanted in their texts."""
        unwanted: set[int] = set()
        if titled and self._query.unwanted:
            having = " OR ".join(Query((phrase,)).expression() for phrase in self._query.unwanted)
            unwanted = {number for (number,) in connection.execute(_HAVING, (having,))}
        return {
            number: score
            for number, score in titled.items()
            if number not in unwanted and self._is_accepted(connection, number)
        }

    def _is_accepted(self, connection: sqlite3.Connection, number: int) -> bool:
        if self._accepts is None:
            return True
        told = connection.execute("SELECT year, status FROM documents WHERE number = ?", (number,)).fetchone()
        return self._accepts(number, Facts(*told) if told else Facts())

    def _texts(self, connection: sqlite3.Connection, titled: dict[int, float]) -> dict[int, float]:
        """The scores of the best texts, up to 1; enough of them beside those with a fitting title."""
        scores: dict[int, float] = {}
        others = 0
        best = 0.0
        for row, (number, year, status, rank) in enumerate(
            connection.execute(_TEXTS, (self._query.expression(),))
        ):
            best = best or rank
            is_other = number not in titled
            if is_other and (number not in self._titles or not self._fits(number, Facts(year, status))):
                continue
            others += is_other
            scores[number] = rank / best if best else 1.0
            if others >= self._limit and row >= _ROWS:
                break
        return scores

    def _fits(self, number: int, facts: Facts) -> bool:
        return self._accepts is None or self._accepts(number, facts)
