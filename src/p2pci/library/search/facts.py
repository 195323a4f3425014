"""Year and status of a document, as its own first page tells them: where no index file does.

Imports nothing of the project.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD_CHARS = 4_000
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    rf"\b{_MONTH}[ -]{{1,3}}(?:\d{{1,2}},?[ -]+)?(?:(19[6-9]\d|20\d\d)|([6-9]\d))\b", re.IGNORECASE
)
_CATEGORY = re.compile(r"^Category:[ \t]*([A-Za-z]+(?: [A-Za-z]+){0,3})", re.MULTILINE)


class Facts(NamedTuple):
    """What a document says of itself; 0 and "" for what it does not say."""

    year: int = 0
    status: str = ""


def facts_in(text: str) -> Facts:
    head = text[:_HEAD_CHARS]
    date, category = _DATE.search(head), _CATEGORY.search(head)
    year = int(date[1] or f"19{date[2]}") if date else 0
    return Facts(year, category[1].upper() if category else "")


def year_of(date: str) -> int:
    """The year in a date such as "April 1969"; 0 for none."""
    found = re.search(r"\b(?:19|20)\d\d\b", date)
    return int(found[0]) if found else 0
