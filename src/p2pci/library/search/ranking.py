"""What fits a query, the best first: titles before texts, and texts by bm25.

Imports its package's `facts`, `matching` and `query`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from p2pci.library.search.facts import Facts
from p2pci.library.search.matching import Titles, title_score
from p2pci.library.search.query import Query

_ROWS = 200  # of the best texts, among which titles that fit are looked for too
_MANY_TITLES = 300  # for so many the texts could only order them, at a cost: it is one of the commonest words
_TEXTS = (
    "SELECT documents.number, documents.year, documents.status, texts.rank FROM texts "
    "JOIN documents ON documents.id = texts.rowid WHERE texts MATCH ? ORDER BY texts.rank"
)
_FACTS = "SELECT number, year, status FROM documents WHERE number = ?"
_HAVING = (
    "SELECT documents.number FROM texts JOIN documents ON documents.id = texts.rowid WHERE texts MATCH ?"
)

Accepts = Callable[[int, Facts], bool]
"""Whether a document may be found, by its number and what it says of itself."""


class Found(NamedTuple):
    """A document that fits: over 1 scores those whose title does, and up to 1 those whose text alone does."""

    number: int
    score: float
    facts: Facts = Facts()


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
        titled = self._titled(connection)
        texts: dict[int, float] = {}
        if connection and self._query.is_telling and len(titled) < max(self._limit, _MANY_TITLES):
            texts = self._texts(connection, titled)
        scores = texts | {number: title_score(fit, texts.get(number, 0.0)) for number, fit in titled.items()}
        best = sorted(scores, key=lambda number: (scores[number], number), reverse=True)[: self._limit]
        facts = _facts_of(connection, best)
        return [Found(number, scores[number], facts.get(number, Facts())) for number in best]

    def _titled(self, connection: sqlite3.Connection | None) -> dict[int, float]:
        """The scores of the documents whose titles fit and that have nothing unwanted in their texts."""
        scores = self._titles.find(self._query)
        for number in self._unwanted(connection) if scores else ():
            scores.pop(number, None)
        if self._accepts is None:
            return scores
        facts = _facts_of(connection, scores)
        return {
            number: score
            for number, score in scores.items()
            if self._accepts(number, facts.get(number, Facts()))
        }

    def _unwanted(self, connection: sqlite3.Connection | None) -> set[int]:
        if not (connection and self._query.unwanted):
            return set()
        having = " OR ".join(Query((phrase,)).expression() for phrase in self._query.unwanted)
        return {number for (number,) in connection.execute(_HAVING, (having,))}

    def _texts(self, connection: sqlite3.Connection, titled: Container[int]) -> dict[int, float]:
        """The scores of the best texts, up to 1; enough of them beside those with a fitting title."""
        scores: dict[int, float] = {}
        others = 0
        best = 0.0
        rows = connection.execute(_TEXTS, (self._query.expression(),))
        for row, (number, year, status, rank) in enumerate(rows):
            best = best or rank
            if number not in titled:
                if number not in self._titles or not self._fits(number, Facts(year, status)):
                    continue
                others += 1
            scores[number] = rank / best if best else 1.0
            if others >= self._limit and row >= _ROWS:
                break
        return scores

    def _fits(self, number: int, facts: Facts) -> bool:
        return self._accepts is None or self._accepts(number, facts)


def _facts_of(connection: sqlite3.Connection | None, numbers: Iterable[int]) -> dict[int, Facts]:
    if not connection:
        return {}
    rows = (connection.execute(_FACTS, (number,)).fetchone() for number in numbers)
    return {number: Facts(year, status) for number, year, status in filter(None, rows)}
