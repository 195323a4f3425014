"""Titles that fit a query: of the own shelf, and of what others have.

A document is also found by its name: `rfc 9293` and `9293` mean that one. Imports its package's `query` and
`words`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from p2pci.library.search.query import Query
from p2pci.library.search.words import compose, fold, words_in


class _Title(NamedTuple):
    """A title, and it folded with the document's names, for a first look."""

    number: int
    title: str
    folded: str


class TitleMatcher:
    """A query asked of titles."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._phrases = query.phrases
        self._words = {word for phrase in self._phrases for word in phrase.words}

    def score(self, number: int, title: str) -> float:
        """How well a title fits: 0 for not at all, else up to 1, when it has nothing but what is wanted."""
        return self.score_folded(_fold(number, title))

    def score_folded(self, title: _Title) -> float:
        # Most titles end here: they lack one of the words even as a string.
        if not self._words or any(word not in title.folded for word in self._words):
            return 0.0
        names = [f"rfc{title.number}", "rfc", str(title.number)]
        own = words_in(title.title)
        if not self._query.fits([*names, *own]):
            return 0.0
        if any(phrase.words and set(phrase.words) <= set(names) - {"rfc"} for phrase in self._phrases):
            return 1.0
        return len(self._covered(own)) / max(len(own), 1) or 1 / (len(own) + 1)

    def _covered(self, words: list[str]) -> set[int]:
        return {
            place + step
            for phrase in self._phrases
            for place in phrase.places(words)
            for step in range(len(phrase.words))
        }


class Titles:
    """The titles of many documents, ready to be searched.

    Args:
        titles: number and title of each.
    """

    def __init__(self, titles: Iterable[tuple[int, str]] = ()) -> None:
        self._titles = {number: _fold(number, title) for number, title in titles}

    def __contains__(self, number: int) -> bool:
        return number in self._titles

    def __getitem__(self, number: int) -> str:
        return self._titles[number].title

    def find(self, query: Query) -> dict[int, float]:
        """The documents whose titles fit, each with its score; in no order."""
        matcher = TitleMatcher(query)
        scores = ((number, matcher.score_folded(title)) for number, title in self._titles.items())
        return {number: score for number, score in scores if score}


def _fold(number: int, title: str) -> _Title:
    return _Title(number, title, f"rfc{number} {fold(compose(title))}")
