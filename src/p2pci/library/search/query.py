"""What a person types to search, read into a query: words, "phrases", NEAR, -words and prefixes*.

Anything typed is a query, perhaps one of no words: quotes need no partner, and signs that mean nothing
separate words. A query reaches SQLite as quoted words alone, so nothing typed is ever an operator there; and
it knows whether a title fits, so that titles of others are matched in the same way. Imports its package's
`words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from p2pci.library.search.words import words_in

NEAR_WORDS = 10
"""How many words may stand between those of a NEAR without a number."""

_MAX_CHARS = 10_000
_MAX_PARTS = 32
_MAX_WORDS = 32  # of a phrase
_MAX_NEAR = 1000
_MINUS = "-\N{MINUS SIGN}"
_QUOTES = str.maketrans("“”„«»", '"' * 5)  # some keyboards and texts have these for the plain ones
_PART = re.compile(
    rf"""(?P<minus>[{_MINUS}](?=["\w]))?(?:"(?P<quoted>[^"]*)(?P<open>"|$)(?P<star>\*?)|(?P<plain>[^\s"]+))"""
)
_NEAR_CALL = re.compile(r"\bNEAR\s*\(([^()]*)\)")
_NEAR_BETWEEN = re.compile(r"NEAR(?:/(\d{1,9}))?")
_NEAR_END = re.compile(r",\s*(\d{1,9})\s*$")

# Nearly every document has these, so they tell nothing; beside other words of a phrase they count.
_COMMON = frozenset({"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "in", "is", "it"})
_COMMON |= {"its", "may", "not", "of", "on", "or", "rfc", "that", "the", "this", "to", "was", "which", "with"}


class Phrase(NamedTuple):
    """Words that follow one another, folded; perhaps only one.

    Attributes:
        words: at least one.
        is_prefix: the last one is the beginning of a word.
    """

    words: tuple[str, ...]
    is_prefix: bool = False

    def __str__(self) -> str:
        words = " ".join(self.words)
        return (f'"{words}"' if len(self.words) > 1 else words) + ("*" if self.is_prefix else "")

    def places(self, words: Sequence[str]) -> list[int]:
        """Where it begins in a text of words."""
        if len(self.words) == 1 and not self.is_prefix:  # as nearly always: a list finds its own quickly
            return [at for at, word in enumerate(words) if word == self.words[0]]
        size = len(self.words)
        starts = range(len(words) - size + 1)
        return [start for start in starts if self._is_at(words[start : start + size])]

    def _is_at(self, words: Sequence[str]) -> bool:
        *whole, last = self.words
        is_last = words[-1].startswith(last) if self.is_prefix else words[-1] == last
        return is_last and list(words[:-1]) == whole


class Near(NamedTuple):
    """Phrases in any order, with at most so many words between the end of each and the start of the last."""

    phrases: tuple[Phrase, ...]
    most_words: int

    def __str__(self) -> str:
        return f"NEAR({' '.join(map(str, self.phrases))}, {self.most_words})"


Part = Phrase | Near


class Query(NamedTuple):
    """What is looked for.

    Attributes:
        wanted: a text must have all of these.
        unwanted: and none of these.
    """

    wanted: tuple[Part, ...] = ()
    unwanted: tuple[Phrase, ...] = ()

    def __str__(self) -> str:
        """Write it as it was understood, in the form in which it can be typed again."""
        return " ".join([*map(str, self.wanted), *(f"-{phrase}" for phrase in self.unwanted)])

    @property
    def phrases(self) -> list[Phrase]:
        """What is to be marked in a text that was found."""
        return list(dict.fromkeys(phrase for part in self.wanted for phrase in _phrases_of(part)))

    @property
    def is_telling(self) -> bool:
        """Whether anything of it tells texts apart: nearly all have each of the commonest words."""
        return any(not _is_common(part) for part in self.wanted)

    def fits(self, words: Sequence[str]) -> bool:
        """Whether a text of folded words is one that is looked for; never, where nothing is wanted."""
        return (
            bool(self.wanted)
            and all(_has(words, part) for part in self.wanted)
            and not any(phrase.places(words) for phrase in self.unwanted)
        )

    def expression(self) -> str:
        """Write it for a MATCH of FTS5; only where something is wanted."""
        wanted = " AND ".join(map(_write, self.wanted))
        unwanted = " OR ".join(map(_write, self.unwanted))
        return f"({wanted}) NOT ({unwanted})" if unwanted else wanted


def parse_query(text: str, *, is_typing: bool = False) -> Query:
    """Read what was typed.

    Args:
        text: any; what is beyond the first few dozen words is passed over.
        is_typing: the last word is not finished, so that it counts as a prefix.
    """
    wanted: list[Part] = []
    unwanted: list[Phrase] = []
    rest = _NEAR_CALL.sub(lambda call: _take_call(call, wanted), text[:_MAX_CHARS].translate(_QUOTES))
    distance: int | None = None
    for found in _PART.finditer(rest):
        between = _NEAR_BETWEEN.fullmatch(found["plain"] or "")
        if between and wanted:
            distance = int(between[1] or NEAR_WORDS)
            continue
        phrase = _read_phrase(found)
        if phrase is None or len(wanted) + len(unwanted) >= _MAX_PARTS:
            continue
        if found["minus"]:
            unwanted.append(phrase)
        elif distance is not None:
            wanted.append(_join(wanted.pop(), phrase, distance))
        else:
            wanted.append(phrase)
        distance = None
    if is_typing and wanted and text[-1:].isalnum() and isinstance(wanted[-1], Phrase):
        wanted[-1] = wanted[-1]._replace(is_prefix=True)
    return Query(_without_common(wanted), tuple(unwanted))


def _read_phrase(found: re.Match[str]) -> Phrase | None:
    typed = found["quoted"] if found["quoted"] is not None else found["plain"]
    words = tuple(words_in(typed)[:_MAX_WORDS])
    is_prefix = bool(found["star"]) or (found["plain"] or "").endswith("*")
    return Phrase(words, is_prefix) if words else None


def _take_call(call: re.Match[str], wanted: list[Part]) -> str:
    """Read `NEAR(a "b c", 5)`, and give what is left of it to be read further: nothing."""
    end = _NEAR_END.search(call[1])
    inner = call[1][: end.start()] if end else call[1]
    phrases = tuple(filter(None, map(_read_phrase, _PART.finditer(inner))))[:_MAX_WORDS]
    if phrases and len(wanted) < _MAX_PARTS:
        wanted.append(_near(phrases, int(end[1]) if end else NEAR_WORDS))
    return " "


def _join(before: Part, phrase: Phrase, distance: int) -> Part:
    """Read `a NEAR b`, where `a` may be such a pair already."""
    return _near((*_phrases_of(before), phrase), distance)


def _near(phrases: tuple[Phrase, ...], distance: int) -> Part:
    return Near(phrases, min(distance, _MAX_NEAR)) if len(phrases) > 1 else phrases[0]


def _phrases_of(part: Part) -> tuple[Phrase, ...]:
    return part.phrases if isinstance(part, Near) else (part,)


def _without_common(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Leave out what tells nothing, unless there is nothing else."""
    parts = tuple(dict.fromkeys(parts))
    return tuple(part for part in parts if not _is_common(part)) or parts


def _is_common(part: Part) -> bool:
    return isinstance(part, Phrase) and not part.is_prefix and not set(part.words) - _COMMON


def _has(words: Sequence[str], part: Part) -> bool:
    if isinstance(part, Phrase):
        return bool(part.places(words))
    places = [(phrase, phrase.places(words)) for phrase in part.phrases]
    return any(
        all(
            any(last - part.most_words - len(phrase.words) <= at <= last for at in found)
            for phrase, found in places
        )
        for last in range(len(words))
    )


def _write(part: Part) -> str:
    if isinstance(part, Near):
        return f"NEAR({' '.join(map(_write, part.phrases))}, {part.most_words})"
    return f'"{" ".join(part.words)}"{"*" if part.is_prefix else ""}'
