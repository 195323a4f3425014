"""The grammar of P2P-CI/1.0: its constants, its limits, and what each value may be.

Every value has one `parse_…` function, bytes from the wire in, a checked value out, and where we send it one
`encode_…` function that passes what it made through the same check: a message that we would refuse is
never sent. All of them raise InvalidValueError. May import only `errors`.
"""

from __future__ import annotations

import re
from enum import IntEnum

from p2pci.errors import InvalidValueError

VERSION = b"P2P-CI/1.0"
DEFAULT_PORT = 7734

# Clause P-1.27. HTTP servers stop at 8 KiB a line and 16 to 64 KiB a head; nothing here is longer than 3 KiB.
MAX_REQUEST_LINE_BYTES = 8 * 1024
MAX_HEAD_BYTES = 16 * 1024
MAX_HEADERS = 64
MAX_HEAD_SECONDS = 30.0

MAX_NUMBER = 2**32 - 1
MAX_PORT = 2**16 - 1
MAX_TITLE_CHARACTERS = 512

BLANKS = b" \t"
FORBIDDEN_IN_HEAD = re.compile(
    rb"[\x00-\x08\x0b-\x1f]"
)  # any C0 byte but tab and LF; a CR only as part of CR LF
_DIGITS = re.compile(rb"[0-9]{1,10}")
_HOST = re.compile(rb"[\x21-\x7e]{1,255}")
_FORBIDDEN_IN_TITLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Status(IntEnum):
    """The codes of P2P-CI/1.0 (clause P-2.8), and two of section 5 (clauses P-5.20, P-5.21)."""

    OK = 200
    PARTIAL_CONTENT = 206
    BAD_REQUEST = 400
    NOT_FOUND = 404
    RANGE_NOT_SATISFIABLE = 416
    VERSION_NOT_SUPPORTED = 505

    @property
    def phrase(self) -> str:
        return _PHRASES[self]


_PHRASES = {
    Status.OK: "OK",
    Status.PARTIAL_CONTENT: "Partial Content",
    Status.BAD_REQUEST: "Bad Request",
    Status.NOT_FOUND: "Not Found",
    Status.RANGE_NOT_SATISFIABLE: "Range Not Satisfiable",
    Status.VERSION_NOT_SUPPORTED: "P2P-CI Version Not Supported",
}


def encode_status_line(status: Status) -> bytes:
    return b"%b %d %b\r\n" % (VERSION, status, status.phrase.encode())


def parse_number(digits: bytes) -> int:
    """Read an RFC number: 1 to 10 ASCII digits, 1 to 4294967295 (clause P-1.38)."""
    return _parse_digits(digits, name="RFC number", highest=MAX_NUMBER)


def parse_port(digits: bytes) -> int:
    """Read a port: 1 to 10 ASCII digits, 1 to 65535 (clause P-1.37)."""
    return _parse_digits(digits, name="port", highest=MAX_PORT)


def _parse_digits(digits: bytes, *, name: str, highest: int) -> int:
    # int() alone is not the test: it takes 1_000, +5 and digits of other scripts.
    if _DIGITS.fullmatch(digits) and 1 <= (value := int(digits)) <= highest:
        return value
    raise InvalidValueError(f"{_shown(digits)} is no {name}. Give digits alone, from 1 to {highest}.")


def parse_host(host: bytes) -> str:
    """Read a host: 1 to 255 bytes, each 0x21 to 0x7E; nothing more is checked (clause P-1.36)."""
    if not _HOST.fullmatch(host):
        raise InvalidValueError(
            f"{_shown(host)} is no host. Give a name or address of at most 255 characters."
        )
    return host.decode("ascii")


def parse_title(title: bytes) -> str:
    """Read a title: UTF-8, at most 512 characters, no controls and no line separators (clause P-1.39)."""
    try:
        text = title.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValueError("The title is not UTF-8. Send it as UTF-8.") from error
    if len(text) > MAX_TITLE_CHARACTERS:
        raise InvalidValueError(
            f"The title has {len(text)} characters. At most {MAX_TITLE_CHARACTERS} are carried."
        )
    if _FORBIDDEN_IN_TITLE.search(text):
        raise InvalidValueError("The title has a control character or a line separator. Leave it out.")
    return text


def encode_number(number: int) -> bytes:
    return _encode_digits(number, name="RFC number", highest=MAX_NUMBER)


def encode_port(port: int) -> bytes:
    return _encode_digits(port, name="port", highest=MAX_PORT)


def _encode_digits(value: int, *, name: str, highest: int) -> bytes:
    # Compared before it is written: Python writes no integer of more than 4300 digits.
    if 1 <= value <= highest:
        return b"%d" % value
    shown = value if abs(value) < 10**20 else "That"
    raise InvalidValueError(f"{shown} is no {name}. Give one from 1 to {highest}.")


def encode_host(host: str) -> bytes:
    """Write a host; a name outside ASCII goes out as punycode (clause P-1.10)."""
    try:
        data = host.encode("ascii" if host.isascii() else "idna")
    except UnicodeError as error:
        raise InvalidValueError(f"{host!r} is not a host name. Give a name or an address.") from error
    parse_host(data)
    return data


def encode_title(title: str) -> bytes:
    """Write a title; blanks around it are no part of it."""
    try:
        data = title.strip(" \t").encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidValueError(
            f"{title!r} is no text that can be sent. Leave the lone surrogates out."
        ) from error
    parse_title(data)
    return data


def _shown(value: bytes) -> str:
    """Cut and quote a refused value, so that a reason of any size is never printed whole."""
    return repr(value[:40])[1:] + ("…" if len(value) > 40 else "")
