"""Which documents are wanted: numbers, ranges that may be open, and words of the title.

Plain values; imports `errors` and the protocol's numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import MAX_NUMBER, parse_number

_SEPARATORS = re.compile(r"[\s,;]+")
_NAME = re.compile(r"(?:rfc *)?([0-9]+)(?:\.txt)?", re.IGNORECASE).fullmatch
_RANGE = re.compile(r"([0-9]*)-([0-9]*)").fullmatch


class Selection(NamedTuple):
    """What is wanted of all that there is.

    Attributes:
        ranges: of numbers, both ends belong to them; None for all numbers.
        words: in lower case; a title must have them all.
    """

    ranges: tuple[tuple[int, int], ...] | None = None
    words: tuple[str, ...] = ()

    def has_number(self, number: int) -> bool:
        return self.ranges is None or any(first <= number <= last for first, last in self.ranges)

    def has(self, number: int, title: str) -> bool:
        if not self.has_number(number):
            return False
        folded = title.casefold()
        return all(word in folded for word in self.words)


def parse_ranges(text: str) -> list[tuple[int, int]]:
    """Read numbers and ranges such as `1-999,9000-`, and names such as `RFC 7` and `rfc7.txt`.

    Raises:
        InvalidValueError: something else stands there, or nothing.
    """
    words = [word for word in _SEPARATORS.split(re.sub(r"(?i)\brfc\s+(?=\d)", "rfc", text)) if word]
    if not words:
        raise InvalidValueError("There are no numbers. Write some, such as 1-999,9000- or 3457.")
    return [_parse_range(word) for word in words]


def _parse_range(word: str) -> tuple[int, int]:
    if name := _NAME(word):
        number = _parse_number(name[1])
        return number, number
    ends = _RANGE(word)
    if not ends or ends[0] == "-":
        raise InvalidValueError(f"{word!r} is neither a number nor a range. Write 3457, 1-999 or 9000-.")
    first = _parse_number(ends[1]) if ends[1] else 1
    last = _parse_number(ends[2]) if ends[2] else MAX_NUMBER
    if last < first:
        raise InvalidValueError(f"{word!r} is not a range. Write the lower number first, as in 1-10.")
    return first, last


def _parse_number(digits: str) -> int:
    return parse_number(digits.encode())


def parse_list(lines: Iterable[str]) -> list[tuple[int, int]]:
    """Read a list of numbers and ranges; what stands behind a `#` is a remark."""
    return parse_ranges("\n".join(line.partition("#")[0] for line in lines))
