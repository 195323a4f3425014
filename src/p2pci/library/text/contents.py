"""The table of contents that a document has of its own: where it stands, and what it promises.

Its lines look like headings and are none; the headings it names are looked for with more trust.
Imports its floor's `headings`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from p2pci.library.text.headings import Heading, heading_in, title_key

_TITLE = re.compile(r"(?:\d[.\d]{0,6}\s{1,8})?(?:table\s{1,4}of\s{1,4})?contents\s?[.:]?", re.IGNORECASE)
_LEADER = re.compile(
    r"(?:\s{0,3}\.){3,}\s{0,40}(?:page\s{0,4})?[\divxlc]{0,5}$|\s{2,}[\divxlc]{1,5}$",
    re.IGNORECASE | re.ASCII,
)
_MAX_LINE_CHARS = 200
_MAX_TRIES = 8  # a page may have the heading and be empty otherwise
_MAX_LINES = 4000  # a longer one is no table of contents


class Contents(NamedTuple):
    """A table of contents.

    Attributes:
        start: the line of its own heading.
        stop: the first line behind it.
        titles: what it names, as `title_key` makes them, by number.
        unnumbered: the keys of what it names without a number.
    """

    start: int
    stop: int
    titles: dict[str, str]
    unnumbered: frozenset[str]

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and self.start < row < self.stop

    def names(self, heading: Heading) -> bool:
        """Whether it has an entry for a heading; either may be cut short by a line's end."""
        key = title_key(heading.title)
        if not heading.number:
            return key in self.unnumbered
        entry = self.titles.get(heading.number)
        return bool(key and entry) and (str(entry).startswith(key) or key.startswith(str(entry)))


NO_CONTENTS = Contents(-1, -1, {}, frozenset())


def find_contents(lines: Sequence[str]) -> Contents:
    """The first table of contents that has entries; NO_CONTENTS when there is none."""
    titled = (row for row, line in enumerate(lines) if len(line) <= 80 and _TITLE.fullmatch(line.strip()))
    for row in islice(titled, _MAX_TRIES):
        found = _read(lines, row)
        if found.titles or found.unnumbered:
            return found
    return NO_CONTENTS


def is_entry(line: str) -> bool:
    """Whether a line ends as only entries do: in dots, or far from its text in a page number."""
    return bool(_LEADER.search(line[-_MAX_LINE_CHARS:]))


def _read(lines: Sequence[str], start: int) -> Contents:
    titles: dict[str, str] = {}
    unnumbered: set[str] = set()
    named: set[str] = set()
    for row in range(start + 1, min(start + _MAX_LINES, len(lines))):
        line = lines[row][:_MAX_LINE_CHARS]
        if not line.strip():
            continue
        entry = heading_in(_without_leader(line)) or Heading("", _without_leader(line).strip(), row)
        if not lines[row - 1] and not is_entry(line) and _ends(entry, line, named=named):
            return Contents(start, row, titles, frozenset(unnumbered))
        key = title_key(entry.title)
        if entry.number:
            titles.setdefault(entry.number, key)
        else:
            unnumbered.add(key)
        named.add(entry.number or key)
    return NO_CONTENTS


def _ends(entry: Heading, line: str, *, named: set[str]) -> bool:
    """Whether a line behind a blank one is the first that is no entry: the beginning of what was named."""
    if entry.number:
        return entry.number in named
    return bool(named) and (title_key(entry.title) in named or not line.startswith(" "))


def _without_leader(line: str) -> str:
    return _LEADER.sub("", line)
