"""What an index says of one document, whichever file it stands in: plain values.

`rfc_index` and `rfc_index_xml` make them. Imports its floor's `titles`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from p2pci.library.titles import fit_title

MAX_ENTRIES = 100_000
"""More than that in one file is no index of RFCs: there are ten thousand."""

_NAME = re.compile(r"\b([A-Z]{2,8}) ?0*([1-9][0-9]{0,9})\b", re.ASCII)


class Entry(NamedTuple):
    """A document as the RFC Editor lists it. Documents are named `RFC 123`, `STD 5`, `BCP 14`, `FYI 1`.

    Attributes:
        number: of the RFC.
        title: fit to send; "" when the number was not issued.
        authors: their names; who edited it is no more than an author.
        date: as it is written there, such as "April 1969" or "1 April 2020".
        status: in the Editor's capitals, such as "PROPOSED STANDARD".
        obsoletes: what it takes the place of.
        obsoleted_by: what took its place.
        updates: what it changes or adds to.
        updated_by: what changed it or adds to it.
        also: its names in other series.
        is_issued: False for a number that never became a document.
    """

    number: int
    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    status: str = ""
    obsoletes: tuple[str, ...] = ()
    obsoleted_by: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    updated_by: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    is_issued: bool = True

    @classmethod
    def not_issued(cls, number: int) -> Entry:
        return cls(number, status="NOT ISSUED", is_issued=False)


EntryOf = Callable[[int], Entry | None]
"""Gives the entry of a number; None when there is none."""


class NoIndexError(ValueError):
    """A file has the name of an index and is none; the text says why, without a full stop."""


def document_names(text: str) -> tuple[str, ...]:
    """The documents that are named in a text: `RFC0066, STD0005` are `RFC 66` and `STD 5`."""
    return tuple(f"{series} {number}" for series, number in _NAME.findall(text)) if text else ()


def author_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names fit to show, without the marks of an editor; what belongs to the name before is put there."""
    authors: list[str] = []
    for name in filter(None, map(fit_title, names)):
        if _EDITOR.fullmatch(name):
            continue
        if authors and _SUFFIX.fullmatch(name):
            authors[-1] += f", {name}"
        else:
            authors.append(_EDITOR_BEHIND.sub("", name))
    return tuple(authors)


_EDITOR = re.compile(r"Eds?\.*", re.IGNORECASE)
_EDITOR_BEHIND = re.compile(r"\.* Eds?\.*$", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:Jr|Sr|Inc|II|III)\.?", re.IGNORECASE)
