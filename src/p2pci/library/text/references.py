"""Where a text names other RFCs and sections, its own and others', as places that a page can make links of.

    RFC 2119   [RFC2119]   RFC-793   RFCs 1034 and 1035
    Section 3.4   Sections 5 and 6   Section 3.4 of RFC 9293   [RFC9293], Section 3.4   Appendix A.1

The time is in proportion to the text. Imports nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_MAX_LISTED = 50
_GAP = r"(?:[ ]{1,2}|[ ]{0,2}\n[ ]{0,40})"  # a blank, or the end of a line and the next one's indentation
_AND = rf"(?:,?{_GAP}(?:and|or|through|to){_GAP}|,{_GAP})"
_NUMBER = r"[1-9]\d{0,4}\b"
_PART = r"(?:\d{1,3}(?:\.\d{1,3}){0,8}|[A-Z](?:\.\d{1,3}){0,8})\b"


def _rfc(name: str) -> str:
    return rf"\[?\bRFC(?:{_GAP}|-)?(?:#|no\. )?0{{0,4}}(?P<{name}>{_NUMBER})\]?"


def _sections(name: str) -> str:
    word = r"\b(?:[Ss]ections?|SECTIONS?|[Aa]ppendi(?:x|ces)|APPENDIX|[Aa]nnex)"
    return rf"{word}{_GAP}(?P<{name}>{_PART}(?:{_AND}{_PART}){{0,{_MAX_LISTED}}})"


_REFERENCE = re.compile(
    rf"{_sections('parts')}(?:,?{_GAP}(?:of|in){_GAP}{_rfc('of')})?"
    rf"|{_rfc('number')}(?:,?{_GAP}{_sections('parts_there')})?"
    rf"|\bRFCs{_GAP}(?P<numbers>{_NUMBER}(?:{_AND}{_NUMBER}){{0,{_MAX_LISTED}}})",
    re.ASCII,
)
_EACH = re.compile(rf"{_PART}|{_NUMBER}", re.ASCII)


class Reference(NamedTuple):
    """A place in a line that names a document or a section. One that runs over a line's end is two places.

    Attributes:
        line: counted from 0.
        start: the first character of it in the line.
        stop: the first one behind it.
        number: of the RFC; None for the one that is read.
        section: such as "3.4" or "A.1"; "" for the whole document.
    """

    line: int
    start: int
    stop: int
    number: int | None
    section: str = ""


def find_references(lines: Sequence[str]) -> Iterator[Reference]:
    """The references of a text, in order; none is in another."""
    text = "\n".join(lines)
    line, line_start = 0, 0  # the line that the last reference began in
    for start, stop, number, section in _spans(text):
        while line_start + len(lines[line]) < start:
            line_start += len(lines[line]) + 1
            line += 1
        row, row_start = line, line_start
        while row_start < stop:
            row_stop = row_start + len(lines[row])
            piece = lines[row][max(0, start - row_start) : stop - row_start]
            if piece.strip():
                indent = len(piece) - len(piece.lstrip())
                column = max(0, start - row_start) + indent
                yield Reference(row, column, column + len(piece.strip()), number, section)
            row, row_start = row + 1, row_stop + 1


def _spans(text: str) -> Iterator[tuple[int, int, int | None, str]]:
    """Where references are, and to which document and section; a list is one for each that is in it."""
    for match in _REFERENCE.finditer(text):
        number = match["number"] or match["of"]
        kind = next((name for name in ("parts", "parts_there", "numbers") if match[name]), "")
        if not kind:
            yield match.start(), match.end(), int(number), ""
            continue
        listed = list(_EACH.finditer(text, match.start(kind), match.end(kind)))
        for each in listed:
            start = match.start() if each is listed[0] else each.start()
            stop = match.end() if each is listed[-1] else each.end()
            if kind == "numbers":
                yield start, stop, int(each[0][:5]), ""
            else:
                yield start, stop, int(number) if number else None, each[0]
