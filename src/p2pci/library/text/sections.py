"""The sections of a document: which of the lines that look like headings are.

A heading goes on where the last one was: after 3.4 comes 3.5, 3.4.1 or 4, and an item 1 of a list does not.
What the document's own contents name needs no more proof; what stands as far in as the text is an item.
Headings without a number are known by words that every RFC has, or because they alone stand at the margin.
Imports its floor's `contents` and `headings`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from p2pci.library.text.contents import Contents, find_contents, is_entry
from p2pci.library.text.headings import MAX_HEADING_CHARS, Heading, heading_in

_USUAL = re.compile(
    r"abstract|status of th(?:is|e) (?:memo|document)|copyright(?: notice| and license notice)?|index"
    r"|(?:table of )?contents|introduction|preface|foreword|overview|summary|conclusions?|discussion"
    r"|acknowledge?ments?|(?:normative |informative |selected )?references|bibliography|contributors?"
    r"|(?:authors?|editors?|chairs?)['\u2019]?s?['\u2019]? (?:and \w+ )?address(?:es)?(?: and \w+)?"
    r"|(?:security|iana|privacy|internationalization) considerations|iesg note|background|purpose|scope"
    r"|intellectual property(?: statement| rights)?|full copyright statement|disclaimer(?: of validity)?"
    r"|change ?log|terminology|conventions|definitions|requirements language|footnotes|notes?|appendix"
    r"|glossary|authors?",
    re.IGNORECASE,
)
_UNLIKELY = re.compile(r"[{}|;=<>]|::|\s{3}|[,;:]$|\+--|\.{3}|^(?:FIGURE|Figure|TABLE|Table)\s\d")
_PROSE = re.compile(r"[,;:]$|[^.]\.$|[a-z]{4}\.\s{1,2}[A-Z]|^[A-Z]\. .*,")  # or who wrote a reference
_UNDERLINE = re.compile(r"\s*[-=_~]{3,}\s*")
_PAGE_COLUMNS = 72
_MAX_GAP = 2  # a heading may be lost or misspelt: 3.4 may be followed by 3.6


class Section(NamedTuple):
    """A section of a document.

    Attributes:
        number: such as "3.4", "A.1" or "IV"; "" when it has none.
        title: in the document's own letters; perhaps "".
        line: of its heading, counted from 0.
        stop: the first line that is in no part of it.
        level: 1 for those that are in no other.
        is_appendix: whether its heading says so.
    """

    number: str
    title: str
    line: int
    stop: int
    level: int
    is_appendix: bool = False

    @property
    def label(self) -> str:
        """How people call it: "3.4", "Appendix A", or "" without a number."""
        return f"Appendix {self.number}" if self.is_appendix else self.number


def find_sections(lines: Sequence[str]) -> list[Section]:
    """The sections of a text without pages, in order; each with all that is in it."""
    contents = find_contents(lines)
    shape = _Shape(lines, contents)
    numbered = {heading.line: heading for heading in _numbered(shape)}
    headings = dict(numbered)
    between = range(min(numbered), max(numbered)) if numbered else range(-1, -1)
    for heading in _unnumbered(shape, between):
        headings.setdefault(heading.line, heading)
    return _with_stops([headings[row] for row in sorted(headings)], lines)


class _Shape:
    """The lines, and how far in their text stands.

    Attributes:
        body_indent: blanks before most lines.
        tops: the short lines at the top of a paragraph, or numbered right below it, that are not in the
            contents: where, what, and the numbered heading that they may be.
    """

    def __init__(self, lines: Sequence[str], contents: Contents) -> None:
        self.lines = lines
        self.contents = contents
        indents = Counter(_indent(line) for line in lines if line)
        self.body_indent = indents.most_common(1)[0][0] if indents else 0
        self.tops = list(self._tops())

    def _tops(self) -> Iterator[tuple[int, str, Heading | None]]:
        near = 0
        for row, line in enumerate(self.lines):
            near = near + 1 if line else 0
            if not 0 < near <= 2 or len(line) > MAX_HEADING_CHARS or row in self.contents:
                continue
            heading = heading_in(line, row)
            if (heading or near == 1) and not is_entry(line):
                yield row, line, heading

    def before(self, row: int) -> str:
        return self.lines[row - 1] if row else ""

    def after(self, row: int) -> str:
        return self.lines[row + 1] if row + 1 < len(self.lines) else ""


def _numbered(shape: _Shape) -> Iterator[Heading]:
    last: dict[str, Heading] = {}
    indents: dict[str, int] = {}
    previous = -2
    for row, _, heading in shape.tops:
        if heading is None or (shape.before(row) and previous != row - 1):
            continue
        before = last.get(heading.kind)
        if not _follows(before, heading):
            continue
        is_named = shape.contents.names(heading)
        if not (is_named or _is_likely(heading, shape, indents)):
            continue
        indents.setdefault(heading.kind, heading.indent)
        last[heading.kind] = heading
        previous = row
        yield _with_title(heading, shape)


def _follows(before: Heading | None, heading: Heading) -> bool:
    """Whether a number is the next one after another: a part of it, its sibling, or that of what it is in."""
    path = heading.path
    if before is None or (heading.is_appendix and len(path) == 1):
        return path in {(0,), (1,), (1, 1)} or heading.is_appendix
    known = before.path
    depth = len(path)
    if depth > len(known):
        return path[: len(known)] == known and set(path[len(known) :]) <= {0, 1}
    return path[: depth - 1] == known[: depth - 1] and 1 <= path[-1] - known[depth - 1] <= _MAX_GAP


def _is_likely(heading: Heading, shape: _Shape, indents: dict[str, int]) -> bool:
    """Whether a heading that no contents name is one by its looks."""
    title, row = heading.title, heading.line
    if heading.is_appendix:
        return not title or not (title[0].islower() or _PROSE.search(title))
    if heading.indent > indents.get(heading.kind, heading.indent) and len(heading.path) == 1:
        return False
    if shape.body_indent and heading.indent >= shape.body_indent and len(heading.path) == 1:
        return False
    if not (title[0].isupper() or title[0].isdigit() or title[0] in "\"'`(<" or len(heading.path) > 1):
        return False
    after = shape.after(row)
    is_alone = not after or _indent(after) != heading.indent or bool(_UNDERLINE.fullmatch(after))
    return not _PROSE.search(title) if is_alone else title.isupper()


def _with_title(heading: Heading, shape: _Shape) -> Heading:
    """The heading with the rest of its title, which may go on, as far in, in the next line."""
    line, after = shape.lines[heading.line], shape.after(heading.line)
    if not heading.title:
        below = next(
            (text for text in (after, *shape.lines[heading.line + 2 : heading.line + 3]) if text), ""
        )
        is_title = below and len(below) <= MAX_HEADING_CHARS and not _PROSE.search(below)
        return heading._replace(title=below.strip() if is_title else "")
    column = len(line) - len(heading.title)
    ends_there = heading.line + 2 >= len(shape.lines) or not shape.lines[heading.line + 2]
    if (
        after
        and ends_there
        and _indent(after) == column != shape.body_indent
        and len(after) <= MAX_HEADING_CHARS
    ):
        return heading._replace(title=f"{heading.title} {after.strip()}")
    return heading


def _unnumbered(shape: _Shape, numbered: range) -> Iterator[Heading]:
    """Headings without a number; between numbered ones only those that contents name or every RFC has."""
    is_past_head = False  # the title itself stands at the margin, too
    for row, line, numbered_one in shape.tops:
        is_past_head = is_past_head or row == numbered.start
        if numbered_one or shape.before(row):
            continue
        heading = Heading("", line.strip(), row, _indent(line))
        if shape.contents.names(heading) or _USUAL.fullmatch(heading.title):
            if heading.indent < max(1, shape.body_indent) or _is_centred(line):
                is_past_head = True
                yield heading
        elif is_past_head and row not in numbered and _is_margin_title(heading, shape):
            yield heading


def _is_margin_title(heading: Heading, shape: _Shape) -> bool:
    """Whether a line is a heading because it alone stands at the margin, or in capitals, or underlined."""
    title, after = heading.title, shape.after(heading.line)
    if heading.indent or not title[0].isupper() or _UNLIKELY.search(title) or _PROSE.search(title):
        return False
    if _UNDERLINE.fullmatch(after):
        return True
    if after:  # a term, with what it means below it
        return False
    return shape.body_indent > 0 or (len(title) > 3 and (title.isupper() or title.istitle()))


def _with_stops(headings: list[Heading], lines: Sequence[str]) -> list[Section]:
    """Sections of headings: each reaches to the next one that is not below it."""
    stops = [len(lines)] * len(headings)
    levels = [len(heading.path) if heading.number else 1 for heading in headings]
    open_ones: list[int] = []
    for position, heading in enumerate(headings):
        while open_ones and levels[open_ones[-1]] >= levels[position]:
            stops[open_ones.pop()] = heading.line
        open_ones.append(position)
    return [
        Section(heading.number, heading.title, heading.line, stop, level, heading.is_appendix)
        for heading, stop, level in zip(headings, stops, levels, strict=True)
    ]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_centred(line: str) -> bool:
    return abs(_indent(line) - (_PAGE_COLUMNS - len(line))) <= 6
