"""A document without its pages: running heads, feet and form feeds taken out, what they parted joined again.

Furniture is known by its form (`[Page 7]`, `RFC 793   Title   May 1999`) or because it comes back page after
page. All else stays, line by line, as it was. The time is in proportion to the text. Imports nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple

_MIN_REPEATS = 3  # a line that begins or ends fewer pages is no running head
_MIN_REPEATED_SHARE = 10  # one page in so many
_MAX_HEAD_LINES = 3
_MAX_FURNITURE_CHARS = 200  # longer lines are text, whatever they look like
_FULL_COLUMNS = 60  # a line at least so long may go on in the next one
_HEAD = re.compile(r"RFC[ -]{0,3}\d{1,5}(?: {2,}\S.*|\s.*\b\d{4})?", re.ASCII)
_FOOT = re.compile(
    r"(?:.*\s)?\[\s*Page\s+[-\w.]{1,12}\s*\]|\[Page [\w]{1,12}\](?:\s.*)?", re.IGNORECASE | re.ASCII
)
_DIGITS = re.compile(r"\d+", re.ASCII)
_SENTENCE_END = re.compile(r"[.:;!?][\"')\]]{0,2}$")
_ITEM = re.compile(r"(?:[-*o+•]|\(?\w{1,3}[.)])\s")
_DRAWN = re.compile(r"[|+]|[-=_]{3,}")


class Unpaged(NamedTuple):
    """A text without its pages.

    Attributes:
        lines: the text, without line ends.
        furniture: the lines that were taken out, none of them blank.
    """

    lines: list[str]
    furniture: list[str]


def without_pages(text: str) -> Unpaged:
    """Take the pages out of a text: blank lines around a page break, and furniture, are all that goes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pages = [_Page(page.expandtabs().split("\n")) for page in text.split("\f") if page and not page.isspace()]
    pages = [part for page in pages for part in page.parts()]
    if len(pages) > 1:
        _strip_furniture(pages)
    lines: list[str] = []
    furniture: list[str] = []
    before: _Page | None = None
    for page in filter(None, pages):
        lines += _between(before, page) if before else []
        lines += page.lines
        before = page
    for page in pages:
        furniture += page.furniture
    return Unpaged(lines, furniture)


class _Page:
    """The lines of one page, without blank ones at either end; false when none are left."""

    __slots__ = ("furniture", "lines")

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.rstrip() for line in lines]
        self.furniture: list[str] = []
        self._trim()

    def __bool__(self) -> bool:
        return bool(self.lines)

    def parts(self) -> Iterable[_Page]:
        """The pages that this is when form feeds were lost: a foot and then a head, as nothing else has."""
        start = 0
        for row, line in enumerate(self.lines):
            if _is_foot(line) and _is_head(_first_text(self.lines, row + 1)):
                yield _Page(self.lines[start : row + 1])
                start = row + 1
        if start:
            yield _Page(self.lines[start:])
        else:
            yield self

    def head(self) -> list[str]:
        """The lines that may be a running head: those before the first blank one, when they are few."""
        top = self.lines[: _MAX_HEAD_LINES + 1]
        block = list(takewhile(bool, top))
        return block if len(block) <= _MAX_HEAD_LINES else block[:1]

    def drop_head(self, count: int) -> None:
        self.furniture += self.lines[:count]
        del self.lines[:count]
        self._trim()

    def drop_foot(self) -> None:
        self.furniture.append(self.lines.pop())
        self._trim()

    def _trim(self) -> None:
        first = next((row for row, line in enumerate(self.lines) if line), len(self.lines))
        del self.lines[:first]
        while self.lines and not self.lines[-1]:
            self.lines.pop()


def _first_text(lines: list[str], start: int) -> str:
    """The next line that is not blank, when it is near."""
    return next(filter(None, lines[start : start + 8]), "")


def _is_head(line: str) -> bool:
    return len(line) <= _MAX_FURNITURE_CHARS and bool(_HEAD.fullmatch(line.strip()))


def _is_foot(line: str) -> bool:
    return len(line) <= _MAX_FURNITURE_CHARS and bool(_FOOT.fullmatch(line.strip()))


def _strip_furniture(pages: list[_Page]) -> None:
    heads = Counter(key for page in pages[1:] for key in {_key(line) for line in page.head()})
    feet = Counter(_key(page.lines[-1]) for page in pages if page)
    least = max(_MIN_REPEATS, len(pages) // _MIN_REPEATED_SHARE)
    for page in filter(None, pages):
        if _is_foot(page.lines[-1]) or _comes_back(page.lines[-1], feet, least):
            page.drop_foot()
    for page in filter(None, pages[1:]):
        page.drop_head(_head_lines(page.head(), heads, least))


def _head_lines(head: list[str], heads: Counter[str], least: int) -> int:
    """How many lines of a page's top are its running head."""
    known = [_is_head(line) or _comes_back(line, heads, least) for line in head]
    if sum(known) >= 2:
        return len(head)  # with the name of a chapter, which is too short to come back often
    return len(list(takewhile(bool, known)))


def _comes_back(line: str, seen: Counter[str], least: int) -> bool:
    key = _key(line)
    return bool(key) and seen[key] >= least


def _key(line: str) -> str:
    """What is the same of a running head on every page; "" for what is none."""
    if len(line) > _MAX_FURNITURE_CHARS or not any(map(str.isalnum, line)):
        return ""
    return _DIGITS.sub("#", " ".join(line.split()))


def _between(before: _Page, after: _Page) -> list[str]:
    """The blank lines in place of a page break: none where a paragraph, a table or a drawing goes on."""
    last, first = before.lines[-1], after.lines[0]
    return [] if _goes_on(last, first) else [""]


def _goes_on(last: str, first: str) -> bool:
    text = first.strip()
    if len(_DRAWN.findall(last[:200])) > 1 and len(_DRAWN.findall(first[:200])) > 1:
        return True
    if _ITEM.match(text):
        return False
    if _SENTENCE_END.search(last[-4:]):
        return text[0].islower() and len(last) >= _FULL_COLUMNS and _indent(first) == _indent(last)
    in_line = _indent(first) == _indent(last) or (
        _indent(first) > _indent(last) and bool(_ITEM.match(last.strip()))
    )
    return in_line and (text[0].islower() or len(last) + 1 + len(text.split(None, 1)[0]) > _FULL_COLUMNS)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
