"""Messages read without prejudice out of the bytes that came: as much as can be understood is.

Each function is given all that came so far, and gives the message and the number of its bytes, or None while
more must come; with `is_over` nothing more will, and what is there is taken as it is. What cannot be read at
all is a Deviation.
May import `cases`, `messages`, `symptoms` and the grammar.
"""

from __future__ import annotations

import re

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import (
    Header,
    HolderHead,
    IndexAnswer,
    Line,
    SeenRecord,
    SeenRequest,
    StatusLine,
)
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import BLANKS, VERSION, Status

MAX_LINE_BYTES = 64 * 1024  # of a line without an end: whoever sends more sends no line

_LINES = re.compile(rb"[^\n]*\n|[^\n]+").findall
_STATUS = re.compile(rb"(?:(P2P-CI/\S*)[ \t]+)?([0-9]{3})(?:[ \t]+(.*))?").fullmatch
_RECORD = re.compile(
    rb"(?:RFC[ \t]*:?[ \t]*)?([0-9]{1,18})(?:[ \t]+(.*\S))?[ \t]+(\S+)[ \t]+([0-9]{1,10})[ \t]*", re.DOTALL
).fullmatch
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*:").match


def split_lines(data: bytes) -> list[Line]:
    """Split at LF; a CR before it belongs to the line's end. The last line may have none: it was cut off."""
    return [_to_line(piece) for piece in _LINES(data)]


def _to_line(piece: bytes) -> Line:
    end = piece[-2:] if piece.endswith(b"\r\n") else piece[-1:] if piece.endswith(b"\n") else b""
    return Line(piece[: len(piece) - len(end)], end)


def read_index_answer(data: bytes, *, is_over: bool) -> tuple[IndexAnswer, int] | None:
    """Read an answer of an index server.

    Blank lines before it are passed over, as other programs end an answer with one more or less. One with an
    error ends at its first blank line, a 200 at the one after its records, or at the second without records.
    """
    found = _find_start(data, is_over=is_over)
    if found is None:
        return None
    status, lines, skipped = found
    taken, is_whole = _take_body(lines, code=status.code)
    if not (is_whole or is_over):
        return None
    return _make_answer(status, taken, is_closed=is_whole), skipped + _size(taken)


def _find_start(data: bytes, *, is_over: bool) -> tuple[StatusLine, list[Line], int] | None:
    """Give the status line, the whole lines from it on, and how many bytes stand before it."""
    lines, skipped = _whole_lines(data, is_over=is_over)
    return (read_status(lines[0]), lines, skipped) if lines else None


def _whole_lines(data: bytes, *, is_over: bool) -> tuple[list[Line], int]:
    """Give the lines from the first that is not blank on, and how many bytes stand before it."""
    lines = split_lines(data)
    if lines and not lines[-1].end and not is_over:
        _check_length(lines.pop())
    blanks = 0
    while blanks < len(lines) and lines[blanks].is_blank:
        blanks += 1
    return lines[blanks:], _size(lines[:blanks])


def _check_length(line: Line) -> None:
    if len(line.text) > MAX_LINE_BYTES:
        raise Deviation(f"a line of more than {MAX_LINE_BYTES // 1024} KiB", symptom=Symptom.ENDLESS)


def read_status(line: Line) -> StatusLine:
    """Read a status line in any of the forms that are about.

    Raises:
        Deviation: it is none.
    """
    found = _STATUS(line.text.strip(BLANKS))
    if not found:
        raise Deviation(
            "a line that is no status line",
            expected=VERSION + b" 200 OK\r\n",
            received=line.text + line.end,
            symptom=Symptom.GARBAGE,
        )
    version, code, phrase = found.groups(b"")
    return StatusLine(version=version, code=int(code), phrase=phrase, line=line)


def _take_body(lines: list[Line], *, code: int) -> tuple[list[Line], bool]:
    """Give the lines of the answer that begins here, and whether its last blank line is among them."""
    blanks, has_records = 0, False
    for count, line in enumerate(lines[1:], start=2):
        if line.is_blank:
            blanks += 1
            if code != Status.OK or has_records or blanks == 2:
                return lines[:count], True
        elif not is_header(line) or read_record(line):
            has_records = True
    return lines, False


def _make_answer(status: StatusLine, lines: list[Line], *, is_closed: bool) -> IndexAnswer:
    headers: list[Header] = []
    records: list[SeenRecord] = []
    strays: list[Line] = []
    has_blank_line = False
    for line in lines[1:]:
        record = read_record(line)
        if line.is_blank:
            has_blank_line |= not records
        elif record:
            records.append(record)
        elif is_header(line) and not records:
            headers.append(read_header(line))
        else:
            strays.append(line)
    return IndexAnswer(
        status=status,
        lines=tuple(lines),
        headers=tuple(headers),
        records=tuple(records),
        strays=tuple(strays),
        has_blank_line=has_blank_line,
        is_closed=is_closed,
    )


def read_record(line: Line) -> SeenRecord | None:
    """Read a record line in any of the forms that are about; None when it is none."""
    found = _RECORD(line.text.strip(BLANKS))
    if not found:
        return None
    digits, title, host, port = found.groups(b"")
    return SeenRecord(int(digits), title, host, int(port), line)


def is_header(line: Line) -> bool:
    return bool(_HEADER(line.text))


def read_header(line: Line) -> Header:
    name, _, value = line.text.partition(b":")
    return Header(name.strip(BLANKS), value.strip(BLANKS), line)


def read_holder_head(data: bytes, *, is_over: bool) -> tuple[HolderHead, int] | None:
    """Read the head of a holder's answer, up to its blank line."""
    found = _find_start(data, is_over=is_over)
    if found is None:
        return None
    status, lines, skipped = found
    taken, is_whole = _take_head(lines)
    if not (is_whole or is_over):
        return None
    headers, strays = _sort_headers(taken[1:])
    head = HolderHead(status=status, lines=tuple(taken), headers=headers, strays=strays)
    return head, skipped + _size(taken)


def read_request(data: bytes, *, is_over: bool) -> tuple[SeenRequest, int] | None:
    """Read a request of either conversation, up to its blank line; blank lines before it are passed over."""
    lines, skipped = _whole_lines(data, is_over=is_over)
    taken, is_whole = _take_head(lines)
    if not taken or not (is_whole or is_over):
        return None
    headers, strays = _sort_headers(taken[1:])
    request = SeenRequest(
        lines=tuple(taken),
        words=tuple(taken[0].text.split()),
        headers=headers,
        strays=strays,
        is_closed=is_whole,
    )
    return request, skipped + _size(taken)


def _take_head(lines: list[Line]) -> tuple[list[Line], bool]:
    for count, line in enumerate(lines, start=1):
        if line.is_blank:
            return lines[:count], True
    return lines, False


def _sort_headers(lines: list[Line]) -> tuple[tuple[Header, ...], tuple[Line, ...]]:
    written = [line for line in lines if not line.is_blank]
    headers = tuple(read_header(line) for line in written if is_header(line))
    return headers, tuple(line for line in written if not is_header(line))


def _size(lines: list[Line]) -> int:
    return sum(len(line.text) + len(line.end) for line in lines)
