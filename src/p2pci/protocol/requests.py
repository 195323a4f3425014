"""Requests off the wire: the reader that the index server and the upload server feed with bytes.

`receive_data` only stores; `next_event` takes one request and then moves the state. A head is read line by
line within the limits of clause P-1.27, also before its end has come; once it is whole, `_parse` applies
rules 2 to 7 in their order. A pattern for the canonical form is tried before, for speed alone: the same
bytes fed one at a time take the long way and give the same events. May import `grammar` and `messages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import (
    BLANKS,
    FORBIDDEN_IN_HEAD,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_NUMBER,
    MAX_PORT,
    MAX_REQUEST_LINE_BYTES,
    VERSION,
    Status,
    parse_host,
    parse_number,
    parse_port,
    parse_title,
)
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Refusal, Request


class Conversation(Enum):
    """Which of the two conversations a reader serves; the value is the methods that it takes."""

    P2S = (b"ADD", b"LOOKUP", b"LIST")
    P2P = (b"GET",)


class Wait(Enum):
    """There is no event, and what would change that."""

    NEED_DATA = "feed more bytes"
    CLOSED = "nothing more will come"


_TOO_LONG = "The head is too long. A request line has at most 8 KiB, a head 16 KiB and 64 headers."
_BLANK_LINES = re.compile(rb"(?:\r?\n)++").match  # possessive: many of them take no memory


class _RuleBroken(Exception):  # noqa: N818 - never leaves this module
    """Carries a Refusal from the rule that found it to `next_event`."""

    def __init__(self, reason: str, *, status: Status = Status.BAD_REQUEST, closes: bool = False) -> None:
        super().__init__(reason)
        self.refusal = Refusal(status, reason, closes)


class RequestReader:
    """Turns the bytes of one connection into requests and refusals, in order.

    Attributes:
        sender: host and port of the last canonical request, and so of the ADDs of `take_adds`.
        lookup_tail: what came behind the number in the last canonical LOOKUP: the same between LOOKUP_START
            and this, with another number, is a LOOKUP too.
    """

    __slots__ = (
        "_add_middle",
        "_buffer",
        "_closed",
        "_conversation",
        "_ended",
        "_head",
        "_head_bytes",
        "_lines",
        "_position",
        "_sender_lines",
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
        self._ended = False  # the sender has half-closed
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
        except _RuleBroken as broken:
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
            answer: is given the key of each (see `read_add_key`), and gives answers to as many of them as
                it likes, from the first on; these ADDs are taken.

        Returns:
            What `answer` gave.
        """
        buffer, start, middle = self._buffer, self._position + len(_ADD), self._add_middle
        if not middle or self._lines or not buffer.startswith(_ADD, self._position):
            return []
        end = buffer.rfind(_BLANK_LINE, start, start + _MAX_RUN_BYTES)
        run = buffer[start : max(start, end)]
        if b"\0" in run:
            return []
        keys = b"\0".join(run.split(middle)).split(_BLANK_LINE + _ADD)
        answers = answer(keys)
        if len(answers) == len(keys):
            self._position = end + len(_BLANK_LINE)
            if self._position == len(buffer):
                self._buffer, self._position = b"", 0
        else:
            frame = len(_ADD) + len(middle) - len(b"\0") + len(_BLANK_LINE)
            self._position += len(answers) * frame + sum(map(len, keys[: len(answers)]))
        return answers

    def _take_canonical(self) -> Add | Lookup | ListAll | None:
        """Take a request in the canonical form; what is out of range is left to the rules."""
        found = _CANONICAL(self._buffer, self._position)
        if not found:
            return None
        method, digits, sender_lines, title = found.groups(b"")
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
            return Add(number, host, port, title.decode().strip(" "))
        if not method:
            return ListAll(host, port)
        self.lookup_tail = self._buffer[found.end(2) : self._position]
        return Lookup(number, host, port, title.decode().strip(" "))

    def _read_head(self) -> Request | Refusal | Wait:
        while not self._closed and (line := self._take_line()) is not None:
            if _content(line):
                self._keep(line)
            elif self._lines:
                return self._finish_head(line)
        if self._ended and self._lines:
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
        if not size or not (is_whole or self._ended):
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

    def _broken(self, reason: str, line: bytes) -> _RuleBroken:
        """Rule 1 (P-1.27 to P-1.31): end the head at the line that breaks it."""
        self._head = b"".join((*self._lines, line))
        return _RuleBroken(reason, closes=True)

    def _finish_head(self, last_line: bytes) -> Request:
        lines, self._lines, self._head_bytes = self._lines, [], 0
        self._head = b"".join((*lines, last_line))
        return _parse([_content(line) for line in lines], self._conversation)

    def _close(self) -> None:
        self._closed = True
        self._lines = []
        self._head_bytes = 0
        self._buffer = b""
        self._position = 0


def _content(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


LOOKUP_START = b"LOOKUP RFC "
_ADD = b"ADD RFC "
_BLANK_LINE = b"\r\n\r\n"
_MAX_RUN_BYTES = 16 * 1024
_CANONICAL = re.compile(
    rb"(?:(ADD|LOOKUP) RFC ([0-9]{1,10})|LIST ALL) P2P-CI/1\.0\r\n"
    rb"(Host: [\x21-\x7e]{1,255}\r\nPort: [0-9]{1,5})\r\n"
    rb"(?:Title: ([\x20-\x7e]{0,512})\r\n)?\r\n"
).match


_CANONICAL_GET = re.compile(
    rb"GET RFC ([0-9]{1,10}) P2P-CI/1\.0\r\n"
    rb"Host: [\x21-\x7e]{1,255}\r\n"
    rb"OS: [\x20-\x7e]{0,512}\r\n\r\n"
).match


_ADD_KEY = re.compile(rb"([0-9]{1,10})\0([\x20-\x7e]{0,512})").fullmatch


def read_add_key(key: bytes) -> tuple[int, str] | None:
    """Read a key of `take_adds`: digits, NUL, title; None when it is of no canonical ADD.

    Then `next_event` says what it is of.
    """
    found = _ADD_KEY(key)
    if not found or not 0 < (number := int(found[1])) <= MAX_NUMBER:
        return None
    return number, found[2].decode().strip(" ")


def read_get(data: bytes) -> int | None:
    """Read the number of a canonical GET at the start of some bytes, whatever follows; None for others.

    A short cut: a RequestReader would give a Get of the same number.
    """
    found = _CANONICAL_GET(data)
    return number if found and 0 < (number := int(found[1])) <= MAX_NUMBER else None


def _parse(lines: list[bytes], conversation: Conversation) -> Request:
    """Apply rules 2 to 7 to a whole head, in their order; the first that fails decides."""
    words = lines[0].split()
    _check_version(words)
    _check_words(words, conversation)
    headers = _parse_headers(lines[1:])
    try:
        return _parse_values(words, headers)
    except InvalidValueError as error:
        raise _RuleBroken(str(error)) from error


def _check_version(words: list[bytes]) -> None:
    """Rule 2 (P-1.32, P-1.33); what is no P2P-CI is cut off, so that no body behind it runs as requests."""
    version = words[-1] if words else b""
    if not version.startswith(b"P2P-CI/"):
        raise _RuleBroken("This is not P2P-CI. End the request line with P2P-CI/1.0.", closes=True)
    if version != VERSION:
        raise _RuleBroken("Only version 1.0 is spoken here.", status=Status.VERSION_NOT_SUPPORTED)


def _check_words(words: list[bytes], conversation: Conversation) -> None:
    """Rule 3 (P-1.34)."""
    method = words[0]
    if method not in conversation.value:
        served = ", ".join(name.decode() for name in conversation.value)
        raise _RuleBroken(f"The method is not served here. Served are {served}, in upper case.")
    fits = words[1:-1] == [b"ALL"] if method == b"LIST" else len(words) == 4 and words[1] == b"RFC"
    if not fits:
        raise _RuleBroken(
            "The request line has the wrong words. Write ADD, LOOKUP or GET RFC n, or LIST ALL."
        )


def _parse_headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """Rule 4 (P-1.35); names come back in lower case, values without the blanks around them."""
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if line[0] in BLANKS or not colon or not (name := name.rstrip(BLANKS).lower()):
            raise _RuleBroken("A header line is not `Name: value`. Start each with its name and a colon.")
        if name in headers and name in (b"host", b"port", b"title"):
            raise _RuleBroken("A header came twice. Send Host, Port and Title once.")
        headers[name] = value.strip(BLANKS)
    return headers


def _parse_values(words: list[bytes], headers: dict[bytes, bytes]) -> Request:
    """Rules 5 to 7 (P-1.36 to P-1.41): host, port, number, title."""
    method = words[0]
    host = parse_host(headers.get(b"host", b""))
    if method == b"GET":
        return Get(parse_number(words[2]), host, headers.get(b"os", b"").decode("utf-8", "replace"))
    port = parse_port(headers.get(b"port", b""))
    number = 0 if method == b"LIST" else parse_number(words[2])
    title = parse_title(headers.get(b"title", b""))
    if method == b"LIST":
        return ListAll(host, port)
    return Add(number, host, port, title) if method == b"ADD" else Lookup(number, host, port, title)
