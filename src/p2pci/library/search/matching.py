"""Titles that fit a query: of the own shelf, and of what others have.

A document is also found by its name: `rfc 9293` and `9293` mean that one. Imports its package's `query` and
`words`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate

from p2pci.library.search.query import Part, Phrase, Query
from p2pci.library.search.words import WORD, compose, fold


class TitleMatcher:
    """A query asked of titles.

    Attributes:
        words: that a title must have, at least as strings; none when nothing is wanted.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._phrases = query.phrases
        self.words = {word for phrase in self._phrases for word in phrase.words}
        self._is_plain = not query.unwanted and all(part in _single(self.words) for part in query.wanted)

    def score(self, number: int, title: str) -> float:
        """How well a title fits: 0 for not at all, else up to 1, when it has nothing but what is wanted."""
        return self.score_folded(fold_title(number, title))

    def score_folded(self, folded: str) -> float:
        """Say the same of a title that `fold_title` has folded."""
        # Most titles end here: they lack one of the words even as a string.
        if not self.words or any(word not in folded for word in self.words):
            return 0.0
        words = WORD.findall(folded)
        fits = self.words.issubset(words) if self._is_plain else self._query.fits(words)
        if not fits:
            return 0.0
        if not self.words.isdisjoint((words[0], words[2])):
            return 1.0  # it is called by its number
        own = words[3:]
        return (self._count_covered(own) or 1) / (len(own) or 1)

    def _count_covered(self, words: list[str]) -> int:
        """How many words of a title are such as are looked for."""
        if self._is_plain:
            return sum(word in self.words for word in words)
        return len(
            {
                place + step
                for phrase in self._phrases
                for place in phrase.places(words)
                for step in range(len(phrase.words))
            }
        )


class Titles:
    """The titles of many documents, ready to be searched.

    Args:
        titles: number and title of each.
    """

    def __init__(self, titles: Iterable[tuple[int, str]] = ()) -> None:
        self._titles = dict(titles)
        self._numbers = list(self._titles)

    def __contains__(self, number: int) -> bool:
        return number in self._titles

    def __getitem__(self, number: int) -> str:
        return self._titles[number]

    @cached_property
    def _folded(self) -> tuple[str, list[int]]:
        """All of them, each in its line of one string, which is looked through at once; where lines begin."""
        lines = [fold_title(number, title) for number, title in self._titles.items()]
        return "\n".join(lines), list(accumulate((len(line) + 1 for line in lines), initial=0))

    def prepare(self) -> None:
        """Fold them now, which else the first search does."""
        _ = self._folded

    def find(self, query: Query) -> dict[int, float]:
        """The documents whose titles fit, each with its score; in no order."""
        matcher = TitleMatcher(query)
        found = {}
        for number, folded in self._lines_with(max(matcher.words, key=len, default="")):
            if score := matcher.score_folded(folded):
                found[number] = score
        return found

    def _lines_with(self, word: str) -> Iterator[tuple[int, str]]:
        lines, starts = self._folded
        at = lines.find(word) if word else -1
        while at >= 0:
            row = bisect_right(starts, at) - 1
            end = starts[row + 1]
            yield self._numbers[row], lines[starts[row] : end - 1]
            at = lines.find(word, end)


def title_score(fit: float, text: float = 0.0) -> float:
    """The score among all that was found, over 1, of a document whose title fits, and whose text may."""
    return 1 + (fit + text) / 2


def fold_title(number: int, title: str) -> str:
    """A document's three names and its title in one folded line."""
    return f"rfc{number} rfc {number} {fold(compose(title))}".replace("\n", " ")


def _single(words: Iterable[str]) -> set[Part]:
    return {Phrase((word,)) for word in words}
