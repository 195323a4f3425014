"""Messages as they came: plain values that keep every byte, so that it can be said what is not as written.

May import `p2pci.protocol.grammar`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from p2pci.protocol.grammar import BLANKS


class Line(NamedTuple):
    """A line and the bytes that end it: CR LF, LF, or nothing when it was cut off."""

    text: bytes
    end: bytes

    @property
    def is_blank(self) -> bool:
        return not self.text.strip(BLANKS)


class Header(NamedTuple):
    """A header as it was written; `value` without the blanks around it."""

    name: bytes
    value: bytes
    line: Line


class SeenRecord(NamedTuple):
    """A record line; the title is what is between number and host, as bytes."""

    number: int
    title: bytes
    host: bytes
    port: int
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLine:
    """The parts of a status line; `version` is empty when there is none."""

    version: bytes
    code: int
    phrase: bytes
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages have.

    Attributes:
        lines: all of it, from the request line or status line on.
        strays: lines that have no place in it.
    """

    lines: tuple[Line, ...]
    headers: tuple[Header, ...] = ()
    strays: tuple[Line, ...] = ()

    @property
    def raw(self) -> bytes:
        return b"".join(line.text + line.end for line in self.lines)

    def values_of(self, name: bytes) -> list[bytes]:
        return [header.value for header in self.headers if header.name.lower() == name.lower()]

    def first_value_of(self, name: bytes) -> bytes:
        """Give the value of a header, the first of several; empty when it is not there."""
        return next(iter(self.values_of(name)), b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexAnswer(Message):
    """An answer of an index server (clause P-2.1).

    Attributes:
        has_blank_line: between status line (or headers) and records.
        is_closed: its closing blank line came.
    """

    status: StatusLine
    records: tuple[SeenRecord, ...] = ()
    has_blank_line: bool = False
    is_closed: bool = False

    @property
    def code(self) -> int:
        return self.status.code


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderHead(Message):
    """The head of a holder's answer (clause P-3.1), up to its blank line."""

    status: StatusLine

    @property
    def code(self) -> int:
        return self.status.code


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest(Message):
    """A request of either conversation, up to its blank line.

    Attributes:
        words: of the request line.
        is_closed: its blank line came.
    """

    words: tuple[bytes, ...]
    is_closed: bool = False

    @property
    def method(self) -> bytes:
        return self.words[0] if self.words else b""
