"""Answers of the index server: how we write them, and how our client reads anybody's.

The reader takes what dozens of other programs send (clauses P-2.13 to P-2.27, vectors A-1 to A-11), and
calls the rest a ProtocolError. It has no clock: the client tells it that an answer has fallen silent.
May import `grammar`, `messages` and, for `Wait`, `requests`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import InvalidValueError, ProtocolError
from p2pci.protocol.extensions import PLAIN, Copy
from p2pci.protocol.grammar import (
    BLANKS,
    Status,
    encode_status_line,
    parse_host,
    parse_number,
    parse_port,
)
from p2pci.protocol.messages import Add, IndexRequest, Record, Remove
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable

# Clause P-2.1: an answer is HEAD, then any number of record lines, then END.
OK_HEAD = encode_status_line(Status.OK) + b"\r\n"
END = b"\r\n"

MAX_LINE_BYTES = 8 * 1024
MAX_OTHER_LINES = 64  # headers of a 200, or lines of an error answer


def encode_ok_head(lines: Iterable[bytes]) -> bytes:
    """Write the head of a 200 with header lines that were asked for (clause P-5.2)."""
    return encode_status_line(Status.OK) + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def encode_error(status: Status, lines: Iterable[bytes] = ()) -> bytes:
    """Write an answer without records, with header lines that were asked for.

    It has its closing blank line too (clause P-2.12): clients that count blank lines hang on fewer.
    """
    return encode_status_line(status) + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + END


class AnswerStarted(NamedTuple):
    """The status line of an answer; `code` may be one that P2P-CI does not know."""

    code: int


class AnswerHeader(NamedTuple):
    """A header line of an answer; `name` in lower case."""

    name: bytes
    value: bytes


class AnswerEnded(NamedTuple):
    """The answer is over; not `complete` when only silence ended it."""

    complete: bool


class _State(Enum):
    IDLE = auto()  # nothing is asked
    STATUS = auto()  # a status line must come
    BODY = auto()  # lines of a 200
    ERROR = auto()  # lines of anything else, up to a blank one
    ENDING = auto()  # the answer is over, which `next_event` still has to say


_STATUS_LINE = re.compile(rb"(?:P2P-CI/\S*[ \t]+)?([0-9]{3})(?:[ \t]|$)").match
_RECORD = re.compile(rb"RFC[ \t]*:?[ \t]*([0-9]+)(.*)", re.DOTALL).match
_COPIES = AnswerHeader(b"want", b"digest")
_SIZE = re.compile(rb"[0-9]{1,15}").fullmatch
_DIGEST = re.compile(rb"[0-9a-fA-F]{64}").fullmatch
_PRINTABLE = bytes(range(0x20, 0x7F))
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*:").match


class AnswerReader:
    """Turns the bytes of one connection to an index server into answers, in the order of the requests.

    Call `expect` as a request is sent, then `next_event` until AnswerEnded. After a ProtocolError let the
    connection fall silent (clause P-2.23), then `expect` the next answer.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0  # where the unread bytes of _buffer begin
        self._state = _State.IDLE
        self._is_add = False  # of the answers under way or expected: they are ADD's
        self._options = PLAIN  # what was asked for beyond 1.0
        self._waiting = 0  # answers that are expected behind this one, of the same kind
        self._blank_lines = 0
        self._other_lines = 0
        self._has_records = False
        self._has_copies = False  # record lines tell of copies (clause P-5.8)
        self._has_counts = False  # and of the number of holders (clause P-5.12)
        self._closes_blocks = False  # learned: this server ends records with a blank line (clause P-2.25)
        self._skips_to_status = False  # silence ended the last answer; its rest may still come

    def expect(self, request: IndexRequest) -> None:
        """Begin to read the answer to `request`; what came unasked before is dropped (clause P-2.24)."""
        self._buffer = b""
        self._position = 0
        self._waiting = 0
        self._is_add = isinstance(request, Add)
        self._options = PLAIN if isinstance(request, Remove) else request.options
        self._begin()

    def expect_adds(self, count: int) -> None:
        """Expect answers to so many ADDs or REMOVEs more, which are in flight together (clause P-5.6)."""
        self._waiting += count
        if self._state is _State.IDLE:
            self._buffer = b""  # half a line end of the last answer, whose other half may be dropped already
            self._position = 0
            self._is_add = True
            self._waiting -= 1
            self._begin()

    def _begin(self) -> None:
        self._state = _State.STATUS
        self._blank_lines = self._other_lines = 0
        self._has_records = self._has_copies = self._has_counts = False

    def receive_data(self, data: bytes) -> None:
        """Store bytes; those that nobody asked for are dropped."""
        if self._state is not _State.IDLE:
            self._buffer = self._buffer[self._position :] + data
            self._position = 0

    @property
    def waiting_bytes(self) -> int:
        """How many bytes came that were not taken yet."""
        return len(self._buffer) - self._position

    @property
    def may_end_by_silence(self) -> bool:
        """Whether silence may end this answer: it began, and this server closed no block yet (P-2.26)."""
        return self._state in (_State.BODY, _State.ERROR) and not self._closes_blocks

    def end_by_silence(self) -> AnswerEnded:
        """End an answer that `may_end_by_silence`; its rest, should it still come, is dropped."""
        self._skips_to_status = True
        return self._end(complete=False)

    def next_event(self) -> AnswerStarted | AnswerHeader | Record | AnswerEnded | Wait:
        """Take the next part of the answer; `Wait.CLOSED` when none is expected.

        Raises:
            ProtocolError: a line that has no place in an answer.
        """
        while self._state not in (_State.IDLE, _State.ENDING):
            line = self._take_line()
            if line is None:
                return Wait.NEED_DATA
            event = self._read_line(line)
            if event is not None:
                return event
        return self._end(complete=True) if self._state is _State.ENDING else Wait.CLOSED

    def take_records(self) -> list[Record]:
        """Take usual records that come next, as `next_event` would give them one by one; perhaps none."""
        records: list[Record] = []
        if self._state is not _State.BODY or self._is_add:
            return records
        while (end := self._buffer.find(b"\r\n", self._position)) > 0:
            line = self._buffer[self._position : end]
            record = _read_usual(line, has_copies=self._has_copies, has_counts=self._has_counts)
            if record is None:
                break
            records.append(record)
            self._position = end + 2
        self._has_records |= bool(records)
        return records

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._position)
        if (end if end >= 0 else len(self._buffer)) - self._position > MAX_LINE_BYTES:
            raise self._broken(f"a line of more than {MAX_LINE_BYTES} bytes")
        if end < 0:
            return None
        line = self._buffer[self._position : end]
        self._position = end + 1
        return line.removesuffix(b"\r").strip(BLANKS)

    def _read_line(self, line: bytes) -> AnswerStarted | AnswerHeader | Record | AnswerEnded | None:
        match self._state:
            case _State.STATUS:
                return self._read_status(line)
            case _State.ERROR:
                return self._read_other(line) if line else self._end(complete=True)
            case _:
                return self._read_body(line) if line else self._read_blank()

    def _read_status(self, line: bytes) -> AnswerStarted | None:
        found = _STATUS_LINE(line)
        if found:
            self._skips_to_status = False
            code = int(found[1])
            self._state = _State.BODY if code == Status.OK else _State.ERROR
            return AnswerStarted(code)
        if line and not self._skips_to_status:
            raise self._broken("a line that is no status line")
        return None

    def _read_blank(self) -> AnswerEnded | None:
        """A blank line closes the records (P-2.21); without a record the second one ends (P-2.22)."""
        self._blank_lines += 1
        if self._has_records:
            self._closes_blocks = True
        return self._end(complete=True) if self._has_records or self._blank_lines == 2 else None

    def _read_body(self, line: bytes) -> AnswerHeader | Record | AnswerEnded | None:
        found = _RECORD(line)
        if not found and not self._has_records and _HEADER(line):
            return self._read_other(line)
        record = self._parse_record(found) if found else None
        if self._is_add:
            # 200 is the acknowledgement: whatever this line says, it completes the answer (clause P-2.19).
            self._state = _State.ENDING
        elif record is None:
            raise self._broken("a line that is neither record nor header")
        self._has_records = True
        return record

    def _read_other(self, line: bytes) -> AnswerHeader | None:
        """Read a header, or pass over a line of an error answer; there is an end to their number."""
        self._other_lines += 1
        if self._other_lines > MAX_OTHER_LINES:
            raise self._broken(f"more than {MAX_OTHER_LINES} lines that are no records")
        if not _HEADER(line):
            return None
        name, _, value = line.partition(b":")
        header = AnswerHeader(name.rstrip(BLANKS).lower(), value.strip(BLANKS))
        self._has_copies |= self._options.wants_copies and header == _COPIES
        self._has_counts |= self._options.holders > 0 and header.name == b"holders"
        self._closes_blocks |= header.name == b"features"
        return header

    def _end(self, *, complete: bool) -> AnswerEnded:
        self._state = _State.IDLE
        if self._waiting:
            self._waiting -= 1
            self._begin()
        return AnswerEnded(complete)

    def _broken(self, what: str) -> ProtocolError:
        self._state = _State.IDLE
        return ProtocolError(f"The index server sent {what}. It does not speak P2P-CI/1.0 there.")

    def _parse_record(self, found: re.Match[bytes]) -> Record | None:
        """Read `RFC n title host port`: the last two words, split at blanks alone (clause P-2.17).

        What was asked for and echoed stands behind them: size and SHA-256, and the number of holders.
        """
        digits, tail = found.groups()
        extra = 2 * self._has_copies + self._has_counts
        words, _, port, *rest = _split_right(tail.replace(b"\t", b" "), extra)
        title, _, host = words.rstrip(b" ").rpartition(b" ")
        try:
            return Record(
                parse_number(digits),
                title.strip(b" ").decode("utf-8", "replace"),
                parse_host(host),
                parse_port(port),
                _parse_copy(rest) if self._has_copies else None,
                parse_number(rest[-1]) if self._has_counts else 0,
            )
        except (IndexError, InvalidValueError):
            return None


def _read_usual(line: bytes, *, has_copies: bool, has_counts: bool) -> Record | None:
    """Read a record line as our own index server writes it; None leaves it to `_parse_record`."""
    start, *words = line.rsplit(b" ", 2 + 2 * has_copies + has_counts)
    digits, _, title = start[4:].partition(b" ")
    is_usual = (
        start.startswith(b"RFC ")
        and title.strip(b" ") == title != b""
        and len(line) <= MAX_LINE_BYTES
        and not line.translate(None, _PRINTABLE)
    )
    if not is_usual or not all(words) or len(words) < 2:
        return None
    try:
        return Record(
            parse_number(digits),
            title.decode(),
            parse_host(words[0]),
            parse_port(words[1]),
            _parse_copy(words[2:4]) if has_copies else None,
            parse_number(words[-1]) if has_counts else 0,
        )
    except (IndexError, InvalidValueError):
        return None


def _split_right(line: bytes, extra: int) -> tuple[bytes, ...]:
    """Split the last word off, and so many more behind it: what is before, b"", the word, the others."""
    words = line.split()
    rest = words[len(words) - extra :] if extra else []
    for _ in rest:
        line = line.rstrip(b" ").rpartition(b" ")[0]
    before, _, last = line.rstrip(b" ").rpartition(b" ")
    return before, b"", last, *rest


def _parse_copy(words: list[bytes]) -> Copy | None:
    """Read size and SHA-256; None when they are unknown.

    Raises:
        InvalidValueError: they are neither.
    """
    size, digest = words[0], words[1]
    if size == digest == b"-":
        return None
    if not _SIZE(size) or not _DIGEST(digest):
        raise InvalidValueError("A record has a malformed size or SHA-256.")
    return Copy(int(size), bytes.fromhex(digest.decode()))
