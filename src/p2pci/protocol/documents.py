"""Answers of a holder: the head before a document's bytes, as we write it and as we read anybody's.

The reader believes Content-Length and nothing else about the end, and two of them only when they say
the same (clause P-3.7). May import `grammar`, `extensions` and, for `Wait`, `requests`.
"""

from __future__ import annotations

import binascii
import re
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import InvalidValueError, ProtocolError
from p2pci.protocol.extensions import ContentRange, parse_content_range, parse_digest
from p2pci.protocol.grammar import BLANKS, MAX_HEAD_BYTES, Status, encode_status_line, encode_title
from p2pci.protocol.requests import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST_DATE = -2208988800  # 1 January 1900, in seconds since the epoch
_LAST_DATE = 253402300799  # 31 December 9999


@lru_cache(maxsize=2)
def encode_head_start(date: int, status: Status = Status.OK) -> bytes:
    """Write the beginning of a document's head, the same for all that are sent in a second.

    Start and end are the status line and five headers, in this order (clauses P-3.1 to P-3.3).

    Args:
        date: now, in whole seconds since the epoch.
        status: OK, or PARTIAL_CONTENT.
    """
    return b"%bDate: %b\r\n" % (encode_status_line(status), _encode_date(date))


def encode_head_end(size: int, *, modified: float, os: str, lines: Iterable[bytes] = ()) -> bytes:
    """Write the rest of it, which belongs to the document.

    Args:
        size: bytes of the body that follows.
        modified: when the document's file was last changed, in seconds since the epoch.
        os: our system and release.
        lines: more header lines, which were asked for (clauses P-5.20 to P-5.25).
    """
    return b"OS: %b\r\nLast-Modified: %b\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n%b\r\n" % (
        encode_title(os),
        _encode_date(modified),
        size,
        _join(lines),
    )


def _join(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def _encode_date(seconds: float) -> bytes:
    """Write a moment, or the nearest one that readers of dates understand: file systems know others."""
    return formatdate(int(max(_FIRST_DATE, min(seconds, _LAST_DATE))), usegmt=True).encode()


def encode_document_error(status: Status, lines: Iterable[bytes] = ()) -> bytes:
    """Write a holder's error: status line and blank line (clause P-3.5), with lines that were asked for."""
    return encode_status_line(status) + _join(lines) + b"\r\n"


class DocumentHead(NamedTuple):
    """What a holder said before the bytes.

    Attributes:
        code: of the status line; may be one that P2P-CI does not know.
        size: bytes that follow; None when it gave no usable Content-Length.
        modified: its Last-Modified, as it came.
        content: which part it is; None when it does not say.
        digest: the SHA-256 of the whole document; None when it does not say.
        keeps_alive: whether more can be asked on this connection.
    """

    code: int
    size: int | None
    modified: bytes = b""
    content: ContentRange | None = None
    digest: bytes | None = None
    keeps_alive: bool = False


_STATUS_LINE = re.compile(rb"(?:P2P-CI/\S*[ \t]+)?([0-9]{3})(?:[ \t]|$)").match
_LENGTH = re.compile(rb"[0-9]{1,15}").fullmatch


# The head as our own upload server writes it, behind an answer that asked for it or not.
_USUAL_HEAD = re.compile(
    rb"P2P-CI/1\.0 200 OK\r\nDate: [^\r\n]*\r\nOS: [^\r\n]*\r\n"
    rb"Last-Modified: ([!-~][ -~]*[!-~])\r\n"
    rb"Content-Length: ([0-9]{1,15})\r\nContent-Type: text/plain\r\n"
    rb"(?:Repr-Digest: sha-256=:([A-Za-z0-9+/]{43}=):\r\n)?(Connection: keep-alive\r\n)?\r\n"
).match


def match_head(data: bytes) -> tuple[DocumentHead, bytes] | None:
    """Read a usual head that data begins with, and give it with its bytes; None leaves it to the reader."""
    found = _USUAL_HEAD(data)
    if not found:
        return None
    modified, size, digest, keeps_alive = found.groups()
    head = DocumentHead(
        200,
        int(size),
        modified=modified,
        digest=binascii.a2b_base64(digest) if digest else None,
        keeps_alive=keeps_alive is not None,
    )
    return head, found[0]


class DocumentHeadReader:
    """Reads the head of one answer; `body` then holds what came behind it (clauses P-3.10 to P-3.12)."""

    def __init__(self) -> None:
        self.body = b""
        self._buffer = b""
        self._lines: list[bytes] = []
        self._head_bytes = 0

    def receive_data(self, data: bytes) -> None:
        """Store bytes of the head, and what follows it."""
        self._buffer += data

    @property
    def is_begun(self) -> bool:
        """Whether anything of the head has come."""
        return bool(self._lines or self._buffer)

    @property
    def head(self) -> bytes:
        """The lines of the head so far, as received."""
        return b"".join(self._lines)

    def next_event(self) -> DocumentHead | Wait:
        """Take the head once it is whole.

        Raises:
            ProtocolError: it is too long, does not begin with a status line, or contradicts itself.
        """
        while (end := self._buffer.find(b"\n") + 1) and self._head_bytes + end <= MAX_HEAD_BYTES:
            line, self._buffer = self._buffer[:end], self._buffer[end:]
            self._lines.append(line)
            self._head_bytes += end
            if not line.strip(b"\r\n"):
                self.body, self._buffer = self._buffer, b""
                return self.parse()
        if self._head_bytes + len(self._buffer) > MAX_HEAD_BYTES:
            raise ProtocolError(
                f"The holder sent a head of more than {MAX_HEAD_BYTES} bytes. Try another holder."
            )
        return Wait.NEED_DATA

    def parse(self) -> DocumentHead:
        """Read the lines that there are, also of a head that ended with the connection.

        Raises:
            ProtocolError: it does not begin with a status line, or has Content-Lengths that differ.
        """
        first = self._lines[0] if self._lines else self._buffer
        found = _STATUS_LINE(first.rstrip(b"\r\n"))
        if not found:
            raise ProtocolError("The holder's answer does not begin with a status line. Try another holder.")
        lines = [_split_header(line) for line in self._lines[1:] if b":" in line]
        if len({value for name, value in lines if name == b"content-length"}) > 1:
            raise ProtocolError("The holder sent Content-Lengths that differ. Try another holder.")
        headers = dict(lines)
        length = headers.get(b"content-length", b"")
        return DocumentHead(
            int(found[1]),
            int(length) if _LENGTH(length) else None,
            modified=headers.get(b"last-modified", b""),
            content=parse_content_range(headers.get(b"content-range", b"")),
            digest=_read_digest(headers.get(b"repr-digest")),
            keeps_alive=headers.get(b"connection", b"").lower() == b"keep-alive",
        )


def _split_header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip(BLANKS).lower(), value.strip(b" \t\r\n")


def _read_digest(value: bytes | None) -> bytes | None:
    """Read a Repr-Digest; a malformed one tells nothing."""
    try:
        return None if value is None else parse_digest(value)
    except InvalidValueError:
        return None
