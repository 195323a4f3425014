"""Requests off the wire: the reader that the index server and the upload server feed with bytes.

`receive_data` only stores; `next_event` takes one request and then moves the state. A head is read line by
line within the limits of clause P-1.27, also before its end has come; once it is whole, `rules` makes a
request of it. `shortcuts` has patterns that are tried before, for speed alone: the same bytes fed one at a
time take the long way and give the same events. May import those two, `grammar`, `messages`, `extensions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from p2pci.protocol.extensions import NO_FEATURES, PLAIN, Feature, Features, Options
from p2pci.protocol.grammar import (
    FORBIDDEN_IN_HEAD,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_NUMBER,
    MAX_PORT,
    MAX_REQUEST_LINE_BYTES,
)
from p2pci.protocol.messages import Add, ListAll, Lookup, Refusal, Request
from p2pci.protocol.rules import Conversation, RuleBroken, parse_head
from p2pci.protocol.shortcuts import ADD_START, BLANK_LINE, COPY_MARK, PLAIN_MARK, match_request, read_copy


class Wait(Enum):
    """There is no event, and what would change that."""

    NEED_DATA = "feed more bytes"
    CLOSED = "nothing more will come"


_TOO_LONG = "The head is too long. A request line has at most 8 KiB, a head 16 KiB and 64 headers."
_MAX_RUN_BYTES = 16 * 1024
_BLANK_LINES = re.compile(rb"(?:\r?\n)++").match  # possessive: many of them take no memory


class RequestReader:
    """Turns the bytes of one connection into requests and refusals, in order.

    Attributes:
        sender: host and port of the last canonical request, and so of the ADDs of `take_adds`.
        lookup_tail: what came behind the number in the last canonical LOOKUP: the same between LOOKUP_START
            and this, with another number, is a LOOKUP too.
        agreed: the features that count on this connection (clause P-5.4); a request may add to them.
    """

    __slots__ = (
        "_add_middle",
        "_buffer",
        "_closed",
        "_conversation",
        "_ended",
        "_ends_head",
        "_head",
        "_head_bytes",
        "_lines",
        "_position",
        "_sender_lines",
        "agreed",
        "lookup_tail",
        "sender",
    )

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._buffer = b""
        self._position = 0  # where the unread bytes of _buffer begin
        self._lines: list[bytes] = []  # of the head under way, as received
        self._head_bytes = 0  # their length
        self._head: bytes | slice = b""  # of the last event; a slice of _buffer after the canonical pattern
        self._sender_lines = b""  # the header lines of the last canonical request that name its sender
        self.sender = ("", 0)
        self._add_middle = b""  # what came between number and title in the last canonical ADD
        self.lookup_tail = b""
        self.agreed: Features = NO_FEATURES
        self._ended = False  # no more comes
        self._ends_head = False  # and what has begun is whole: the sender has half-closed
        self._closed = False

    def receive_data(self, data: bytes) -> None:
        """Store bytes behind those that are still unread; behind a refusal that closes they are dropped."""
        if self._closed:
            return
        unread = self._buffer[self._position :]
        self._buffer = unread + data if unread else data
        self._position = 0

    def receive_eof(self) -> None:
        """Note that the sender will send no more: a head without its blank line is whole (clause P-1.24)."""
        self._ended = self._ends_head = True

    def stop(self) -> None:
        """Take no more than the heads that are whole: nobody said that one that has begun is."""
        self._ended = True

    @property
    def head_started(self) -> bool:
        """Whether a head has begun and is not whole: only then the clock of clause P-1.27 runs."""
        return bool(self._lines) or self._buffer[self._position : self._position + 2] not in (b"", b"\r")

    @property
    def last_head(self) -> bytes:
        """The head that the last event came from, as received; ask before the next call of any method.

        Of a head that broke rule 1 this is what was read of it, within the limits.
        """
        return self._buffer[self._head] if isinstance(self._head, slice) else self._head

    def next_event(self) -> Request | Refusal | Wait:
        """Take the next request or refusal; after a refusal that closes only `Wait.CLOSED` follows."""
        if not self._lines and self._position == len(self._buffer) and not self._ended:
            self._buffer, self._position = b"", 0  # else an idle connection would hold what it sent last
            return Wait.CLOSED if self._closed else Wait.NEED_DATA
        if not self._lines and self._conversation is Conversation.P2S and (request := self._take_canonical()):
            return request
        try:
            return self._read_head()
        except RuleBroken as broken:
            if broken.refusal.closes:
                self._close()
            return broken.refusal

    @property
    def is_drained(self) -> bool:
        """Whether nothing of what came is left, and more may come."""
        return not (self._buffer or self._lines or self._ended or self._closed)

    def take_adds(self, answer: Callable[[list[bytes]], list[bytes]]) -> list[bytes]:
        """Take the ADDs that come next and differ from the last one in nothing but number and title.

        A short cut for whole shelves: `next_event` would give the same requests.

        Args:
            answer: is given the key of each (see `shortcuts.read_add_key`), and gives answers to as many of
                them as it likes, from the first on; these ADDs are taken.

        Returns:
            What `answer` gave.
        """
        buffer, start, middle = self._buffer, self._position + len(ADD_START), self._add_middle
        if not middle or self._lines or not buffer.startswith(ADD_START, self._position):
            return []
        end = buffer.rfind(BLANK_LINE, start, start + _MAX_RUN_BYTES)
        run = buffer[start : max(start, end)]
        if PLAIN_MARK in run or COPY_MARK in run:
            return []
        mark = COPY_MARK if Feature.DIGEST in self.agreed else PLAIN_MARK
        keys = mark.join(run.split(middle)).split(BLANK_LINE + ADD_START)
        answers = answer(keys)
        if len(answers) == len(keys):
            self._position = end + len(BLANK_LINE)
            if self._position == len(buffer):
                self._buffer, self._position = b"", 0
        else:
            frame = len(ADD_START) + len(middle) - len(mark) + len(BLANK_LINE)
            self._position += len(answers) * frame + sum(map(len, keys[: len(answers)]))
        return answers

    def _take_canonical(self) -> Add | Lookup | ListAll | None:
        """Take a request in the canonical form; what is out of range is left to the rules."""
        found = match_request(self._buffer, self._position)
        if not found:
            return None
        method, digits, sender_lines, title, copy_lines = found.groups(b"")
        number = int(digits or b"1")
        if sender_lines != self._sender_lines:  # hardly ever: a connection's requests name one host and port
            name, digits_of_port = sender_lines[len(b"Host: ") :].split(b"\r\nPort: ")
            self._sender_lines, self.sender = sender_lines, (name.decode(), int(digits_of_port))
            self._add_middle = b""
        host, port = self.sender
        if not (0 < number <= MAX_NUMBER and 0 < port <= MAX_PORT):
            return None
        start, self._position = self._position, found.end()
        self._head = slice(start, self._position)
        if method == b"ADD":
            self._add_middle = self._buffer[found.end(2) : found.end(3)] + b"\r\nTitle: "
            return Add(number, host, port, title.decode().strip(" "), self._copy_options(copy_lines))
        if not method:
            return ListAll(host, port)
        self.lookup_tail = self._buffer[found.end(2) : self._position]
        return Lookup(number, host, port, title.decode().strip(" "))

    def _copy_options(self, lines: bytes) -> Options:
        return Options(copy=read_copy(lines)) if lines and Feature.DIGEST in self.agreed else PLAIN

    def _read_head(self) -> Request | Refusal | Wait:
        while not self._closed and (line := self._take_line()) is not None:
            if _content(line):
                self._keep(line)
            elif self._lines:
                return self._finish_head(line)
        if self._ends_head and self._lines:
            return self._finish_head(b"")
        if self._ended:
            self._close()
        if self._closed:
            return Wait.CLOSED
        self._buffer, self._position = self._buffer[self._position :], 0
        return Wait.NEED_DATA

    def _take_line(self) -> bytes | None:
        """Take a line off the buffer if it is there, and refuse it as soon as it is too long."""
        if not self._lines and (blank := _BLANK_LINES(self._buffer, self._position)):
            self._position = blank.end()
        end = self._buffer.find(b"\n", self._position) + 1
        is_whole = end > 0
        end = end or len(self._buffer)
        size = end - self._position
        room = MAX_HEAD_BYTES - self._head_bytes if self._lines else MAX_REQUEST_LINE_BYTES
        if size > room:
            raise self._broken(_TOO_LONG, self._buffer[self._position : self._position + room])
        if not size or not (is_whole or self._ends_head):
            return None
        line = self._buffer[self._position : end]
        self._position = end
        if FORBIDDEN_IN_HEAD.search(_content(line)):
            raise self._broken("The head has a control byte. Send text, with CR LF at line ends.", line)
        return line

    def _keep(self, line: bytes) -> None:
        """Store a line of the head, unless it is a header line too many."""
        if len(self._lines) > MAX_HEADERS:
            raise self._broken(_TOO_LONG, line)
        self._lines.append(line)
        self._head_bytes += len(line)

    def _broken(self, reason: str, line: bytes) -> RuleBroken:
        """Rule 1 (P-1.27 to P-1.31): end the head at the line that breaks it."""
        self._head = b"".join((*self._lines, line))
        return RuleBroken(reason, closes=True)

    def _finish_head(self, last_line: bytes) -> Request:
        lines, self._lines, self._head_bytes = self._lines, [], 0
        self._head = b"".join((*lines, last_line))
        request = parse_head([_content(line) for line in lines], self._conversation, self.agreed)
        if isinstance(request, Add | Lookup | ListAll):
            self.agreed |= request.options.features
        return request

    def _close(self) -> None:
        self._closed = True
        self._lines = []
        self._head_bytes = 0
        self._buffer = b""
        self._position = 0


def _content(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")
