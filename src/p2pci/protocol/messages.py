"""The messages of both conversations as immutable values, and requests as the bytes that we send.

Requests: Add, Lookup and ListAll go to the index server (P2S), Get goes to a holder (P2P).
A Record is one line of an answer. May import `grammar` and `errors`.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from p2pci.protocol.grammar import VERSION, Status, encode_host, encode_number, encode_port, encode_title


class Add(NamedTuple):
    """The sender at `host`:`port` holds a document; `title` may be empty."""

    number: int
    host: str
    port: int
    title: str


class Lookup(NamedTuple):
    """Who holds a document? `title` may be empty and selects nothing."""

    number: int
    host: str
    port: int
    title: str


class ListAll(NamedTuple):
    """What does everybody hold?"""

    host: str
    port: int


class Get(NamedTuple):
    """Send me a document; `host` is the holder that is asked, `os` the asker's system (may be empty)."""

    number: int
    host: str
    os: str


Request = Add | Lookup | ListAll | Get


class Record(NamedTuple):
    """A document and one holder of it: what ADD registers and LOOKUP and LIST answer with."""

    number: int
    title: str
    host: str
    port: int


class Refusal(NamedTuple):
    """A request that is answered with an error; with `closes` the connection ends after that answer."""

    status: Status
    reason: str
    closes: bool


def encode_request(request: Request) -> bytes:
    """Write a request in the canonical form (clauses P-1.3 to P-1.8).

    Raises:
        InvalidValueError: a value is none that the protocol carries.
    """
    match request:
        case Add(number, host, port, title):
            return _encode_titled(b"ADD", number, host=host, port=port, title=title)
        case Lookup(number, host, port, title):
            return _encode_titled(b"LOOKUP", number, host=host, port=port, title=title)
        case ListAll(host, port):
            return b"LIST ALL %b\r\nHost: %b\r\nPort: %b\r\n\r\n" % (
                VERSION,
                encode_host(host),
                encode_port(port),
            )
        case Get(number, host, os):
            return b"GET RFC %b %b\r\nHost: %b\r\nOS: %b\r\n\r\n" % (
                encode_number(number),
                VERSION,
                encode_host(host),
                encode_title(os),
            )
        case _:
            assert_never(request)


def _encode_titled(method: bytes, number: int, *, host: str, port: int, title: str) -> bytes:
    return b"%b RFC %b %b\r\nHost: %b\r\nPort: %b\r\nTitle: %b\r\n\r\n" % (
        method,
        encode_number(number),
        VERSION,
        encode_host(host),
        encode_port(port),
        encode_title(title),
    )


def encode_record(record: Record) -> bytes:
    """Write the line of a record (clause P-2.2).

    Raises:
        InvalidValueError: a value is none that the protocol carries.
    """
    return b"RFC %b %b %b %b\r\n" % (
        encode_number(record.number),
        encode_title(record.title),
        encode_host(record.host),
        encode_port(record.port),
    )
