"""Titles of documents: read from their first page, and made fit to send.

A document opens with header lines (series, number, category, dates, a column of authors), then its
title, usually centred, then its text. The layout changed often since 1969, so a rule here is about
a kind of line, never about one document. `fit_title` is the last step of every title that goes out.
Titles listed in an index file come from `listing`. Imports nothing of the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice, takewhile

HEAD_BYTES = 16_384
"""How much of a document is read to find its title: its first four or five pages."""

MAX_TITLE_CHARS = 512
"""The longest title a message carries."""

_PAGE_COLUMNS = 72
_MAX_TITLE_LINES = 6
_MAX_HEADER_PARAGRAPHS = 12
_MAX_LABEL_LINES = 40
_SNIFFED_BYTES = 1024
_MAX_CONTROL_SHARE = 20  # of a text's bytes one in so many, at most, is a control
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))

# C0 and C1 controls and DEL, without those that are white space and so become a blank; lone surrogates.
_UNFIT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")

_GAP = r"(?=\s{2,}|\s*$)"
_COLUMNS = re.compile(r"\S {3,}\S")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    rf"(?:\d{{1,2}}[ -])?{_MONTH}[ -]*(?:\d{{1,2}}(?:st|nd|rd|th)?)?,?[ -]*(?:\d{{4}}|\d{{2}})"
    r"|\d{1,2}[/-]\d{1,2}[/-]\d{2,4}",
    re.IGNORECASE,
)
_NUMBER_LINE = re.compile(  # its own number, perhaps beside an author: "NWG/RFC# 123", "RFC: 791"
    r"(?:network working group\s+)?(?:nwg ?/ ?)?(?:rfc|requests? for comments?(?: \(rfc\))?)"
    rf"[ :#.-]*(?:no\.?|number)?[ :#.]*[\dx]{{1,5}}{_GAP}",
    re.IGNORECASE,
)
_PUBLISHER_LINE = re.compile(
    r"(?:network working group|internet engineering task force|internet architecture board"
    rf"|internet research task force|independent submission)(?: \(\w+\))?{_GAP}",
    re.IGNORECASE,
)
_RELATION_LINE = re.compile(  # what it is to other documents, and the heads of a memo
    r"(?:nic|(?:functional )?categor(?:y|ies)|obsolete[sd]?(?: by)?|updates?(?:d by)?|supersedes|replaces"
    r"|references?|related(?: rfcs?)?|see also|std|bcp|fyi|ien|inwg|rtr|issn|doi"
    r"|author|installation|date|from|to|cc)\s*(?:no\.? ?)?[:#]"
    rf"|(?:nic|std|bcp|fyi|ien|inwg|rtr) ?(?:no\.?)? ?\d+(?:, \d+)*{_GAP}",
    re.IGNORECASE,
)
_NUMBERS_LINE = re.compile(r"(?:(?:rfcs?|ien|nic|and)\b|[\d,;#&()\s-])+$", re.IGNORECASE)
_PAGE_FOOT = re.compile(r".*\[page \w+\]$", re.IGNORECASE)
_HEADER = (_NUMBER_LINE, _PUBLISHER_LINE, _RELATION_LINE, _NUMBERS_LINE, _PAGE_FOOT)
_SECTION = re.compile(
    r"(?:\d+\.?\s+|[IA]\.\s+)?(?:status of this (?:memo|document)|abstract|introduction|preface|summary"
    r"|overview|(?:table of )?contents|copyright notice|(?:iesg|editor'?s?) note)\s*:?",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"\s*(?:title|subject)\s*:\s+(?=\S)", re.IGNORECASE)
_QUOTED = re.compile(r'\s*RFC[- ]?\d+,? "([^"]{1,400})"')
_DRAFT_NAME = re.compile(r"(?:^| )(?:<draft-[^>]{1,100}>|draft-[\w.-]{1,100}-\d\d(?:\.txt)?)$", re.IGNORECASE)
_BYLINE = re.compile(r"by|by [a-z]\..*|(?:edited|written|prepared) (?:by|for)\b.*", re.IGNORECASE)
_HANGING = re.compile(r".*(?:[:,&/]|\s(?:-+|of|for|the|and|to|in|on|with|a|an|or|from|using))", re.IGNORECASE)


def decode_document(data: bytes) -> str:
    """The text of a document, or of its head: UTF-8 without byte order mark, else Latin-1; never an error."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A head may end in the middle of a character; that alone does not make it Latin-1.
        cut_short = error.end == len(data) and error.reason == "unexpected end of data"
        text = data[: error.start].decode("utf-8") if cut_short else data.decode("latin-1")
    return text.removeprefix("\ufeff")


def fit_title(text: str) -> str:
    """Make any text fit for a Title line (clause 7 of the checks on requests in `docs/protocol.md`).

    White space of any kind and length becomes one blank, none is left at the ends; controls and lone
    surrogates go; what is over MAX_TITLE_CHARS characters is cut. A fit title comes back unchanged.
    """
    words = _UNFIT.sub("", text).split()
    return " ".join(words)[:MAX_TITLE_CHARS].rstrip()


def title_from_text(text: str | bytes) -> str:
    """The title of a document, fit to send; "" when it has no text.

    Args:
        text: the document, or at least its first pages (HEAD_BYTES are plenty).

    Returns:
        The title in the document's own capitals; without one, the first line that is not blank; "" when
        the bytes are those of no text.
    """
    if isinstance(text, bytes):
        if _is_binary(text[:_SNIFFED_BYTES]):
            return ""
        text = decode_document(text)
    text = text.removeprefix("\ufeff")
    lines = _lines(text)
    title = _quoted_title(text) or _labelled_title(lines) or _placed_title(lines)
    return fit_title(title or next(filter(str.strip, lines), ""))


def _is_binary(beginning: bytes) -> bool:
    """Whether more of this is controls than of any text: of random bytes every tenth is."""
    controls = len(beginning) - len(beginning.translate(None, _CONTROLS))
    return controls * _MAX_CONTROL_SHARE > len(beginning)


def _lines(text: str) -> list[str]:
    """The lines, whatever ends them; with the blanks at their ends, for most are never looked at."""
    text = (text.expandtabs() if "\t" in text else text).replace("\r\n", "\n")
    for end in "\r\f\v":
        text = text.replace(end, "\n")
    return text.split("\n")


def _quoted_title(text: str) -> str:
    """The title in a note that only says where the document is: `RFC-1119 "…" is available …`."""
    match = _QUOTED.match(text)
    return match[1] if match else ""


def _labelled_title(lines: list[str]) -> str:
    """The title of a form: `Title: …`, going on in the lines that start in the same column."""
    head = [line.rstrip() for line in lines[:_MAX_LABEL_LINES]]
    for row, line in enumerate(head):
        if match := _LABELLED.match(line):
            if any(map(_is_section, head[:row])):
                return ""
            below = takewhile(lambda line: not _is_section(line), head[row + 1 :])
            return _joined([line[match.end() :], *takewhile(partial(_starts_at, match.end()), below)])
    return ""


def _placed_title(lines: list[str]) -> str:
    """The title known by its place: what stands first below the header lines."""
    paragraphs = islice(_paragraphs(map(str.rstrip, lines)), _MAX_HEADER_PARAGRAPHS)
    header_seen = False
    for paragraph in paragraphs:
        body = _without_header(paragraph)
        header_seen = header_seen or len(body) < len(paragraph)
        if body and _is_section(body[0]):
            return ""
        if body:
            title = _title_lines(body, centred_only=not header_seen)
            return _joined([*title, *_continued(title, next(paragraphs, []))])
    return ""


def _paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    paragraph: list[str] = []
    for line in chain(lines, [""]):
        if line:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def _without_header(paragraph: list[str]) -> list[str]:
    """What is left of a paragraph below its last header line."""
    body = 0
    for row, line in enumerate(paragraph, 1):
        beside_header = body > 0 and _COLUMNS.search(line.strip())
        # A date in the left column is the header's only directly below it; else it stands below the title.
        date_of_header = body == row - 1 and _DATE.fullmatch(line.strip())
        if beside_header or date_of_header or _is_header(line):
            body = row
    return paragraph[body:]


def _is_header(line: str) -> bool:
    return _is_right_column(line) or any(kind.match(line.strip()) for kind in _HEADER)


def _is_section(line: str) -> bool:
    return bool(_SECTION.fullmatch(line.strip()))


def _is_right_column(line: str) -> bool:
    """Whether a line stands alone in the column of authors and dates: far to the right, not in the middle."""
    indent = _indent(line)
    return indent >= 24 and indent - (_PAGE_COLUMNS - len(line)) > 12


def _is_centred(line: str) -> bool:
    indent = _indent(line)
    return indent > 0 and abs(indent - (_PAGE_COLUMNS - len(line))) <= 12


def _title_lines(body: list[str], *, centred_only: bool) -> list[str]:
    """The title at the start of a paragraph: up to a section, a date or the authors; of prose, one line."""
    ends = next((row for row, line in enumerate(body) if row and _ends_title(line)), len(body))
    lines = body[:ends]
    if len(lines) > _MAX_TITLE_LINES or (centred_only and not all(map(_is_centred, lines))):
        return lines[:1]
    return lines


def _ends_title(line: str) -> bool:
    return any(kind.fullmatch(line.strip()) for kind in (_SECTION, _DATE, _BYLINE))


def _continued(title: list[str], paragraph: list[str]) -> list[str]:
    """What the next paragraph adds to the title: a remark in parentheses, or what it hangs on."""
    if len(title) + len(paragraph) > _MAX_TITLE_LINES or not all(map(_is_centred, paragraph)):
        return []
    remark = " ".join(line.strip() for line in paragraph)
    in_parentheses = remark.startswith("(") and remark.endswith(")")
    hanging = _HANGING.fullmatch(title[-1]) and not any(
        _is_header(line) or _ends_title(line) for line in paragraph
    )
    return paragraph if in_parentheses or hanging else []


def _joined(lines: list[str]) -> str:
    """One line of many: a blank between, none after a hyphen, and no name of the draft it was."""
    title = ""
    for line in filter(None, (_DRAFT_NAME.sub("", " ".join(line.split())) for line in lines)):
        apart = "" if re.search(r"\w-$", title) and not re.match(r"(?:and|or)\b", line) else " "
        title = f"{title}{apart}{line}" if title else line
    return title


def _starts_at(column: int, line: str) -> bool:
    return _indent(line) == column


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
