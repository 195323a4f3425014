"""What the header lines of a document say of it: its category, and which documents it obsoletes or updates.

That is less than an index knows: what came later, no document can tell. Imports `library.entries`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from p2pci.library.entries import Entry, document_names

_MAX_LINES = 60
_LABELLED = re.compile(r"\s{0,8}(obsoletes|updates|category)\s?:\s{1,8}(\S.*)", re.IGNORECASE)
_COLUMN = re.compile(r"\s{3,}")
_NUMBER = re.compile(r"\d{1,5}", re.ASCII)


def entry_from_header(number: int, lines: Sequence[str]) -> Entry:
    """What a document says of itself above its title, as an entry without title."""
    found: dict[str, str] = {}
    for row, line in enumerate(lines[:_MAX_LINES]):
        if (match := _LABELLED.fullmatch(line[:200])) and match[1].lower() not in found:
            found[match[1].lower()] = _value(match[2], lines[row + 1 : row + 6])
    return Entry(
        number,
        status=found.get("category", "").upper(),
        obsoletes=_documents(found.get("obsoletes", "")),
        updates=_documents(found.get("updates", "")),
    )


def _value(beginning: str, below: Sequence[str]) -> str:
    """The left column of a header line, going on in the lines below after a comma."""
    value = _left_column(beginning)
    for line in below:
        if not value.endswith(","):
            break
        value += f" {_left_column(line[:200].strip())}"
    return value


def _left_column(text: str) -> str:
    return _COLUMN.split(text.strip(), maxsplit=1)[0].rstrip()


def _documents(value: str) -> tuple[str, ...]:
    """The documents in `793, 879` or `RFC 793, STD 7`: a number alone is an RFC's."""
    named = document_names(value)
    return named or tuple(f"RFC {int(number)}" for number in _NUMBER.findall(value))
