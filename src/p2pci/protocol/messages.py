"""The messages of both conversations as immutable values, and requests as the bytes that we send.

Requests: Add, Lookup, ListAll and Remove go to the index server (P2S), Get goes to a holder (P2P).
A Record is one line of an answer. May import `grammar`, `extensions` and `errors`.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from p2pci.protocol.extensions import (
    PLAIN,
    PLAIN_GET,
    Copy,
    GetOptions,
    Options,
    encode_copy,
    encode_get_options,
    encode_options,
)
from p2pci.protocol.grammar import VERSION, Status, encode_host, encode_number, encode_port, encode_title


class Add(NamedTuple):
    """The sender at `host`:`port` holds a document; `title` may be empty."""

    number: int
    host: str
    port: int
    title: str
    options: Options = PLAIN


class Lookup(NamedTuple):
    """Who holds a document? `title` may be empty and selects nothing."""

    number: int
    host: str
    port: int
    title: str
    options: Options = PLAIN


class ListAll(NamedTuple):
    """What does everybody hold?"""

    host: str
    port: int
    options: Options = PLAIN


class Remove(NamedTuple):
    """The sender at `host`:`port` holds a document no longer (clause P-5.9)."""

    number: int
    host: str
    port: int


class Get(NamedTuple):
    """Send me a document; `host` is the holder that is asked, `os` the asker's system (may be empty)."""

    number: int
    host: str
    os: str
    options: GetOptions = PLAIN_GET


IndexRequest = Add | Lookup | ListAll | Remove
Request = IndexRequest | Get


class Record(NamedTuple):
    """A document and one holder of it: what ADD registers and LOOKUP and LIST answer with.

    `copy` is what the holder said of its copy, if that was asked for and it did (clause P-5.8); `holders` is
    how many hold the document, if that was asked for, else 0 (clause P-5.12).
    """

    number: int
    title: str
    host: str
    port: int
    copy: Copy | None = None
    holders: int = 0


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
        case Add(number, host, port, title, options):
            return _encode(
                b"ADD RFC %b" % encode_number(number), host=host, port=port, rest=_encode_rest(title, options)
            )
        case Lookup(number, host, port, title, options):
            return _encode(
                b"LOOKUP RFC %b" % encode_number(number),
                host=host,
                port=port,
                rest=_encode_rest(title, options),
            )
        case ListAll(host, port, options):
            return _encode(b"LIST ALL", host=host, port=port, rest=encode_options(options))
        case Remove(number, host, port):
            return _encode(b"REMOVE RFC %b" % encode_number(number), host=host, port=port, rest=b"")
        case Get(number, host, os, get_options):
            return b"GET RFC %b %b\r\nHost: %b\r\nOS: %b\r\n%b\r\n" % (
                encode_number(number),
                VERSION,
                encode_host(host),
                encode_title(os),
                encode_get_options(get_options),
            )
        case _:
            assert_never(request)


def _encode(words: bytes, *, host: str, port: int, rest: bytes) -> bytes:
    lines = (words, VERSION, encode_host(host), encode_port(port), rest)
    return b"%b %b\r\nHost: %b\r\nPort: %b\r\n%b\r\n" % lines


def _encode_rest(title: str, options: Options) -> bytes:
    return b"Title: %b\r\n%b" % (encode_title(title), encode_options(options))


def encode_record(record: Record, options: Options = PLAIN) -> bytes:
    """Write the line of a record (clause P-2.2), with what was asked for (clauses P-5.8, P-5.12).

    Raises:
        InvalidValueError: a value is none that the protocol carries.
    """
    words = [
        encode_number(record.number),
        encode_title(record.title),
        encode_host(record.host),
        encode_port(record.port),
    ]
    if options.wants_copies:
        words.append(encode_copy(record.copy))
    if options.holders:
        words.append(b"%d" % record.holders)
    return b"RFC %b\r\n" % b" ".join(words)
