"""A document read for people: its lines without pages, its sections, and the documents it names.

Imports `library.titles` and the rest of this package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from p2pci.library.text.headings import title_key
from p2pci.library.text.pages import without_pages
from p2pci.library.text.references import Reference, find_references
from p2pci.library.text.sections import Section, find_sections
from p2pci.library.titles import decode_document

_NUMBER = re.compile(r"[\d.]*")
_MAX_NEAR = 5
_MAX_TOPMOST = 24


class Text(NamedTuple):
    """A document as it is read.

    Attributes:
        lines: without page breaks, running heads and feet, and without line ends; the text is as it came, so
            it may act on a terminal or a page until it is escaped.
        sections: in order; `line` and `stop` of each count in `lines`.
        references: in order; `line`, `start` and `stop` of each count in `lines`.
    """

    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]

    def find(self, wanted: str) -> Section | None:
        """The section that somebody asks for: by number, `appendix A`, or a piece of its title.

        A number counts before a title, a whole title before a piece of one, and of several the first.
        """
        words = (
            " ".join(wanted.split()).casefold().removeprefix("section ").removeprefix("§").strip().rstrip(".")
        )
        letter = words.removeprefix("appendix ").removeprefix("annex ")
        appendices_first = sorted(self.sections, key=lambda section: not section.is_appendix)
        for section in appendices_first if letter != words else self.sections:
            if section.number and section.number.casefold() == letter:
                return section
        key = "" if _NUMBER.fullmatch(letter) else title_key(wanted)
        keys = [title_key(section.title) for section in self.sections] if key else []
        matches = [row for row, title in enumerate(keys) if title == key]
        matches += [row for row, title in enumerate(keys) if key in title]
        return self.sections[matches[0]] if matches else None

    def near(self, wanted: str) -> list[Section]:
        """The sections that somebody may have meant: around a number, or spelt in a similar way."""
        parent = wanted.strip().rpartition(" ")[2].rpartition(".")[0]
        while parent and not self._has(parent):
            parent = parent.rpartition(".")[0]
        if parent:
            around = [each for each in self.sections if each.number == parent or _is_in(each.number, parent)]
            return around[:1] + around[1:][-_MAX_NEAR:]
        by_key = {title_key(each.title): each for each in reversed(self.sections) if each.title}
        close = get_close_matches(title_key(wanted)[:200], list(by_key), n=_MAX_NEAR, cutoff=0.5)
        return [by_key[key] for key in close] or list(islice(self._topmost(), _MAX_TOPMOST))

    def _topmost(self) -> Iterator[Section]:
        return (section for section in self.sections if section.level == 1)

    def _has(self, number: str) -> bool:
        return any(section.number == number for section in self.sections)


def read_text(data: bytes | str) -> Text:
    """Read a document of any encoding and layout; never an error, in time proportional to its size."""
    text = decode_document(data) if isinstance(data, bytes) else data.removeprefix("\ufeff")
    lines = without_pages(text).lines
    return Text(tuple(lines), tuple(find_sections(lines)), tuple(find_references(lines)))


def _is_in(number: str, parent: str) -> bool:
    return number.rpartition(".")[0] == parent
