"""A piece of a document that shows why it was found, with what was looked for marked.

Cut from the document itself: where the most different things that are wanted stand close together, below the
first page's header if it can be, and not in a table of contents. Imports its package's `query` and `words`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from p2pci.library.search.query import Phrase
from p2pci.library.search.words import fold

SNIPPET_CHARS = 240
_MAX_PLACES = 50  # of each phrase; those after have little chance to be any better
_HEADER_CHARS = 8_000
_BODY = re.compile(r"^[ \t]*(?:\d+\.?\s+)?(?:abstract|status of this memo|introduction)\s*$", re.MULTILINE)
_LEADERS = ("....", ". . .")  # between a heading and its page
_GAP = r"[\W_]+"


class Part(NamedTuple):
    """A part of a snippet; `is_hit` when it is what was looked for. White space is single blanks."""

    text: str
    is_hit: bool


class _Place(NamedTuple):
    """Where a phrase stands in a text, and which of them it is."""

    start: int
    end: int
    phrase: int


def cut_snippet(text: str, phrases: Iterable[Phrase]) -> tuple[Part, ...]:
    """Cut it out of a text, at blanks; empty where nothing of it stands there."""
    folded = fold(text)
    places = sorted(
        place for position, phrase in enumerate(phrases) for place in _find(folded, phrase, position)
    )
    if not places:
        return ()
    body = _BODY.search(folded, 0, _HEADER_CHARS)
    first = _choose(folded, places, body.end() if body else 0)
    start, end = _around(text, places[first])
    return tuple(_parts(text, places, start=start, end=end))


def _find(folded: str, phrase: Phrase, position: int) -> Iterator[_Place]:
    """Where a phrase stands, up to _MAX_PLACES.

    The pattern begins with the word itself, which is looked for as a string; whether it begins a word there
    is asked afterwards.
    """
    end = "" if phrase.is_prefix else r"(?![^\W_])"
    pattern = re.compile(_GAP.join(map(re.escape, phrase.words)) + end)
    left = _MAX_PLACES
    for found in pattern.finditer(folded):
        if not folded[found.start() - 1 : found.start()].isalnum():
            yield _Place(found.start(), found.end(), position)
            left -= 1
            if not left:
                return


def _choose(folded: str, places: list[_Place], body: int) -> int:
    """Find the place from which on most is in sight; of equals the first."""
    starts = [place.start for place in places]
    best, chosen = (-1.0, 0), 0
    for at, place in enumerate(places):
        inside = places[at : bisect_left(starts, place.start + SNIPPET_CHARS * 2 // 3)]
        different = len({other.phrase for other in inside})
        doubts = (place.start < body) + _is_contents(folded[place.start : place.start + SNIPPET_CHARS])
        value = (different - doubts, min(len(inside), 4))
        if value > best:
            best, chosen = value, at
    return chosen


def _is_contents(piece: str) -> bool:
    return any(leader in piece for leader in _LEADERS)


def _around(text: str, place: _Place) -> tuple[int, int]:
    """The ends of the snippet: blanks, a little before the place and enough behind it."""
    start = max(0, place.start - SNIPPET_CHARS // 4)
    if start:
        start = next((at + 1 for at in range(start, place.start) if text[at].isspace()), place.start)
    end = min(len(text), max(place.end, place.start + SNIPPET_CHARS))
    if end < len(text):
        end = next((at for at in range(end, place.end, -1) if text[at].isspace()), end)
    return start, end


def _parts(text: str, places: list[_Place], *, start: int, end: int) -> Iterator[Part]:
    at = start
    for place in places:
        if place.start >= end:
            break
        if place.start < at:
            continue
        yield from _part(text[at : place.start], is_hit=False)
        at = min(place.end, end)
        yield from _part(text[place.start : at], is_hit=True)
    yield from _part(text[at:end], is_hit=False)


def _part(text: str, *, is_hit: bool) -> Iterator[Part]:
    if text:
        yield Part(re.sub(r"\s+", " ", text), is_hit)
