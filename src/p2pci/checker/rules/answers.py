"""Rules of an index server's answer. May import `cases`, `lapses`, `lines`, `messages` and the grammar.

A phrase or a blank that differs weighs SHOULD: no program minds, and the course text spells them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from p2pci.checker.cases import Level
from p2pci.checker.messages import IndexAnswer, SeenRecord, StatusLine
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.rules.lines import lint_line_ends
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import VERSION, Status, encode_status_line

CODES = (Status.OK, Status.BAD_REQUEST, Status.NOT_FOUND, Status.VERSION_NOT_SUPPORTED)
LENGTHENING = frozenset((b"want", b"holders"))  # what makes record lines end in more than the port


def lint_answer(answer: IndexAnswer, *, asked: Collection[bytes] = ()) -> Iterator[Lapse]:
    """Say everything that is not as written, in the order of the message.

    Args:
        answer: as it came.
        asked: names, in small letters, of the headers that the request asked for; without, none belong here.
    """
    yield from lint_line_ends(answer.lines)
    yield from _lint_status(answer.status)
    yield from _lint_headers(answer, asked)
    if not LENGTHENING.intersection(asked):
        for record in answer.records:
            yield from _lint_record(record)
        yield from _lint_strays(answer)
    yield from _lint_blank_lines(answer)
    yield from _lint_error(answer)


def _lint_status(status: StatusLine) -> Iterator[Lapse]:
    """Hold the status line against P-2.8, and its phrase and blanks against B-21."""
    if status.version != VERSION:
        expected = VERSION + b" %d" % status.code
        what = "the status line does not begin with P2P-CI/1.0"
        yield Lapse("P-2.8", Level.MUST, what, expected, status.line.text)
    if status.code not in CODES:
        yield Lapse("P-2.8", Level.MUST, f"{status.code} is no code of the protocol", b"", status.line.text)
        return
    written = encode_status_line(Status(status.code)).rstrip()
    if status.version == VERSION and status.line.text != written:
        yield Lapse("B-21", Level.SHOULD, "the status line is worded differently", written, status.line.text)


def _lint_headers(answer: IndexAnswer, asked: Collection[bytes]) -> Iterator[Lapse]:
    unasked = [header for header in answer.headers if header.name.lower() not in asked]
    if unasked:
        yield Lapse(
            "B-16",
            Level.SHOULD,
            "headers that nobody asked for",
            b"",
            unasked[0].line.text,
            symptom=Symptom.HEADERS_UNASKED,
        )


def _lint_record(record: SeenRecord) -> Iterator[Lapse]:
    written = b"RFC %d %b %b %d" % (record.number, record.title, record.host, record.port)
    text = record.line.text
    if text.split() != written.split():
        what = "a record line is not RFC, number, title, host and port"
        yield Lapse("P-2.2", Level.MUST, what, written, text)
    elif text != written:
        yield Lapse("B-16", Level.SHOULD, "more or fewer blanks than one between words", written, text)


def _lint_strays(answer: IndexAnswer) -> Iterator[Lapse]:
    for line in answer.strays:
        what = "a line that is no record" if answer.code == Status.OK else "text behind the status line"
        yield Lapse("B-16", Level.MUST, what, b"", line.text)


def _lint_blank_lines(answer: IndexAnswer) -> Iterator[Lapse]:
    """Miss the blank lines around records (P-2.1, Q-2), and those of an answer without any (Q-3)."""
    if answer.records and not answer.has_blank_line:
        yield Lapse(
            "Q-2",
            Level.OPEN,
            "records right under the status line",
            b"\r\n",
            answer.records[0].line.text,
        )
    if answer.records and not answer.is_closed:
        last = answer.lines[-1].text + answer.lines[-1].end
        yield Lapse(
            "P-2.1",
            Level.MUST,
            "no blank line after the last record",
            last + b"\r\n",
            last,
            symptom=Symptom.NO_BLANK_LINE,
        )


def _lint_error(answer: IndexAnswer) -> Iterator[Lapse]:
    if answer.code != Status.OK and answer.records:
        yield Lapse("P-2.11", Level.MUST, "an error with records", b"", answer.records[0].line.text)
