"""Answers of the index server: how we write them, and how our client reads anybody's.

The reader takes what dozens of other programs send (clauses P-2.13 to P-2.27, vectors A-1 to A-11), and
calls the rest a ProtocolError. It has no clock: the client tells it that an answer has fallen silent.
May import `grammar`, `messages` and, for `Wait`, `requests`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from p2pci.errors import InvalidValueError, ProtocolError
from p2pci.protocol.grammar import BLANKS, Status, encode_status_line, parse_host, parse_number, parse_port
from p2pci.protocol.messages import Add, Record, Request
from p2pci.protocol.requests import Wait

# Clause P-2.1: an answer is HEAD, then any number of record lines, then END.
OK_HEAD = encode_status_line(Status.OK) + b"\r\n"
END = b"\r\n"

MAX_LINE_BYTES = 8 * 1024
MAX_OTHER_LINES = 64  # headers of a 200, or lines of an error answer


def encode_error(status: Status) -> bytes:
    """Write an answer without records (clause P-2.12): clients that count blank lines hang on fewer."""
    return encode_status_line(status) + b"\r\n" + END


class AnswerStarted(NamedTuple):
    """The status line of an answer; `code` may be one that P2P-CI does not know."""

    code: int


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
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*:").match


class AnswerReader:
    """Turns the bytes of one connection to an index server into answers, one at a time.

    Call `expect` as a request is sent, then `next_event` until AnswerEnded. After a ProtocolError let the
    connection fall silent (clause P-2.23), then `expect` the next answer.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0  # where the unread bytes of _buffer begin
        self._state = _State.IDLE
        self._is_add = False
        self._blank_lines = 0
        self._other_lines = 0
        self._has_records = False
        self._closes_blocks = False  # learned: this server ends records with a blank line (clause P-2.25)
        self._skips_to_status = False  # silence ended the last answer; its rest may still come

    def expect(self, request: Request) -> None:
        """Begin to read the answer to `request`; what came unasked before is dropped (clause P-2.24)."""
        self._buffer = b""
        self._position = 0
        self._state = _State.STATUS
        self._is_add = isinstance(request, Add)
        self._blank_lines = self._other_lines = 0
        self._has_records = False

    def receive_data(self, data: bytes) -> None:
        """Store bytes; those that nobody asked for are dropped."""
        if self._state is not _State.IDLE:
            self._buffer = self._buffer[self._position :] + data
            self._position = 0

    @property
    def may_end_by_silence(self) -> bool:
        """Whether silence may end this answer: it began, and this server closed no block yet (P-2.26)."""
        return self._state in (_State.BODY, _State.ERROR) and not self._closes_blocks

    def end_by_silence(self) -> AnswerEnded:
        """End an answer that `may_end_by_silence`; its rest, should it still come, is dropped."""
        self._skips_to_status = True
        return self._end(complete=False)

    def next_event(self) -> AnswerStarted | Record | AnswerEnded | Wait:
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

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._position)
        if (end if end >= 0 else len(self._buffer)) - self._position > MAX_LINE_BYTES:
            raise self._broken(f"a line of more than {MAX_LINE_BYTES} bytes")
        if end < 0:
            return None
        line = self._buffer[self._position : end]
        self._position = end + 1
        return line.removesuffix(b"\r").strip(BLANKS)

    def _read_line(self, line: bytes) -> AnswerStarted | Record | AnswerEnded | None:
        match self._state:
            case _State.STATUS:
                return self._read_status(line)
            case _State.ERROR:
                return self._skip_line() if line else self._end(complete=True)
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

    def _read_body(self, line: bytes) -> Record | AnswerEnded | None:
        found = _RECORD(line)
        if not found and not self._has_records and _HEADER(line):
            return self._skip_line()
        record = _parse_record(found) if found else None
        if self._is_add:
            # 200 is the acknowledgement: whatever this line says, it completes the answer (clause P-2.19).
            self._state = _State.ENDING
        elif record is None:
            raise self._broken("a line that is neither record nor header")
        self._has_records = True
        return record

    def _skip_line(self) -> AnswerEnded | None:
        """Pass over a header, or a line of an error answer; there is an end to their number."""
        self._other_lines += 1
        if self._other_lines > MAX_OTHER_LINES:
            raise self._broken(f"more than {MAX_OTHER_LINES} lines that are no records")
        return None

    def _end(self, *, complete: bool) -> AnswerEnded:
        self._state = _State.IDLE
        return AnswerEnded(complete)

    def _broken(self, what: str) -> ProtocolError:
        self._state = _State.IDLE
        return ProtocolError(f"The index server sent {what}. It does not speak P2P-CI/1.0 there.")


def _parse_record(found: re.Match[bytes]) -> Record | None:
    """Read `RFC n title host port`: the last two words, split at blanks alone, are host and port (P-2.17)."""
    digits, tail = found.groups()
    words, _, port = tail.replace(b"\t", b" ").rpartition(b" ")
    title, _, host = words.rstrip(b" ").rpartition(b" ")
    shown_title = title.strip(b" ").decode("utf-8", "replace")
    try:
        return Record(parse_number(digits), shown_title, parse_host(host), parse_port(port))
    except InvalidValueError:
        return None
