"""Lines that look like the heading of a section: `3.4.  Title`, `Appendix A.  Title`, `IV. Title`.

Whether one is a heading, only the others can tell; see `sections`. Imports nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEADING_CHARS = 120

# number = decimal *("." decimal) / letter 1*("." decimal); a letter or numeral alone needs its period
_NUMBERED = re.compile(
    r" {0,60}(?:section\s|chapter\s)?"
    r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,8}|[A-Z](?:\.\d{1,3}){1,8}|[A-Z](?=[.)])|[IVX]{1,6}(?=[.)]))"
    r"(?:[.):]|\s?-)?(?:\s{1,12}|(?<=\d[.)]))(?P<title>[^\W_].*|[\"'`(<].*)",
    re.IGNORECASE,
)
_APPENDIX = re.compile(
    r" {0,60}(?:appendix|annex)\s{1,4}(?P<number>(?:[A-Z]|\d{1,2})(?:\.\d{1,3}){0,8}|[IVX]{1,6})\b"
    r"\s{0,4}[-.:)]?-?\s{0,12}(?P<title>.*)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}


class Heading(NamedTuple):
    """A line that may be a heading.

    Attributes:
        number: such as "3.4", "A.1" or "IV"; "" for none.
        title: behind the number.
        line: where it stands, counted from 0.
        indent: blanks before it.
        is_appendix: whether it says so.
    """

    number: str
    title: str
    line: int = -1
    indent: int = 0
    is_appendix: bool = False

    @property
    def path(self) -> tuple[int, ...]:
        """The number as numbers: letters are counted from 1, a last 0 is not one (`2.0` is `2`)."""
        first, *rest = self.number.split(".")
        path = (_count(first, is_letter=self.kind == "letter"), *map(int, rest))
        return path[:-1] if len(path) > 1 and path[-1] == 0 else path

    @property
    def kind(self) -> str:
        """Which numbers it is counted with."""
        first = self.number.split(".")[0]
        if first.isdigit():
            return "appendix" if self.is_appendix else "number"
        if self.is_appendix:
            return "letter"
        return "roman" if "." not in self.number and _is_roman(first) else "letter"


def heading_in(line: str, row: int = -1) -> Heading | None:
    """What a line says if it is a numbered heading; None when it cannot be one."""
    if not line or len(line) > MAX_HEADING_CHARS:
        return None
    if match := _APPENDIX.fullmatch(line):
        number, is_appendix = match["number"].upper(), True
    elif (match := _NUMBERED.fullmatch(line)) and match["number"] == match["number"].upper():
        number, is_appendix = match["number"], False
    else:
        return None
    number = ".".join(part.lstrip("0") or "0" for part in number.split("."))
    return Heading(number, match["title"].strip(), row, len(line) - len(line.lstrip()), is_appendix)


def title_key(title: str) -> str:
    """What two spellings of one title have in common."""
    return "".join(_WORD.findall(title.casefold()))


def _count(first: str, *, is_letter: bool) -> int:
    if first.isdigit():
        return int(first)
    if len(first) > 1 or not is_letter:
        values = [_ROMAN_DIGITS[letter] for letter in first]
        return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    return ord(first) - ord("A") + 1


def _is_roman(first: str) -> bool:
    return bool(_ROMAN.fullmatch(first))
