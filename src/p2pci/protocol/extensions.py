"""What section 5 adds to 1.0, as values: features, copies, options of a request, and their header lines.

Each option is a header of its own. It means something once its feature is agreed on the connection, and
then a malformed one is refused; before, it is a header like any other, and ignored (clause P-5.18).
May import `grammar` and `errors`.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import parse_number


class Feature(Enum):
    """What two sides of P2S may agree on (clauses P-5.3 to P-5.17), by its word on the wire."""

    PIPELINE = b"pipeline"
    DIGEST = b"digest"
    REMOVE = b"remove"
    HOLDERS = b"holders"
    PROBE = b"probe"
    REASON = b"reason"


Features = frozenset[Feature]
NO_FEATURES: Features = frozenset()
ALL_FEATURES: Features = frozenset(Feature)


class Copy(NamedTuple):
    """A holder's copy of a document: its size in bytes, and its SHA-256, 32 bytes (clause P-5.7)."""

    size: int
    digest: bytes


class Options(NamedTuple):
    """What a P2S request asks for beyond 1.0.

    Attributes:
        features: that the sender knows and wants to agree on; empty when it does not say.
        copy: on ADD, the sender's copy.
        wants_probe: on ADD, whether the index server shall try to reach the sender.
        wants_copies: on LOOKUP and LIST, whether records tell of the copies.
        holders: on LOOKUP and LIST, at most so many records of each number, with their count; 0 for all.
        first: on LIST, the number to begin at; 0 for the lowest.
        limit: on LIST, after how many numbers to end; 0 for all.
    """

    features: Features = NO_FEATURES
    copy: Copy | None = None
    wants_probe: bool = False
    wants_copies: bool = False
    holders: int = 0
    first: int = 0
    limit: int = 0


PLAIN = Options()


class Span(NamedTuple):
    """A part of a document: from the byte `first` to `last`, or to the end (clause P-5.20)."""

    first: int
    last: int | None = None


class GetOptions(NamedTuple):
    """What a GET asks for beyond 1.0 (clauses P-5.20 to P-5.25).

    Attributes:
        span: the part that is wanted; None for all.
        wants_digest: whether the answer shall tell the SHA-256 of the whole document.
        keeps_alive: whether more GETs will come on this connection.
    """

    span: Span | None = None
    wants_digest: bool = False
    keeps_alive: bool = False


PLAIN_GET = GetOptions()

_SIZE = re.compile(rb"[0-9]{1,15}").fullmatch
_DIGEST = re.compile(rb"(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?:;[^,]*)?(?=,|$)").search
_MEMBERS = re.compile(rb"[!-~ \t]+").fullmatch  # of a structured field, roughly (RFC 9651)
_SPAN = re.compile(rb"bytes=([0-9]{1,15})-([0-9]{1,15})?").fullmatch
_CONTENT_RANGE = re.compile(rb"bytes (?:([0-9]{1,15})-([0-9]{1,15})|\*)/([0-9]{1,15})").fullmatch


def parse_features(value: bytes) -> Features:
    """Read the features of a Features header that we know; words that we don't are passed over."""
    words = {word.strip(b" \t").lower() for word in value.split(b",")}
    return frozenset(feature for feature in Feature if feature.value in words)


def encode_features(features: Features) -> bytes:
    return b", ".join(feature.value for feature in Feature if feature in features)


def parse_options(headers: Mapping[bytes, bytes], agreed: Features) -> Options:
    """Read the options of a P2S request.

    Args:
        headers: values by names in lower case.
        agreed: on this connection before; what the request itself asks for counts from now on.

    Raises:
        InvalidValueError: a malformed value of a feature that is agreed (clause P-5.18).
    """
    features = parse_features(headers[b"features"]) if b"features" in headers else NO_FEATURES
    agreed |= features
    has_holders = Feature.HOLDERS in agreed
    return Options(
        features=features,
        copy=_parse_copy(headers) if Feature.DIGEST in agreed else None,
        wants_probe=Feature.PROBE in agreed and _parse_flag(headers, b"probe", b"1"),
        wants_copies=Feature.DIGEST in agreed and _parse_flag(headers, b"want", b"digest"),
        holders=_parse_count(headers, b"holders") if has_holders else 0,
        first=_parse_count(headers, b"from") if has_holders else 0,
        limit=_parse_count(headers, b"limit") if has_holders else 0,
    )


def _parse_copy(headers: Mapping[bytes, bytes]) -> Copy | None:
    size, digest = headers.get(b"size"), headers.get(b"repr-digest")
    if size is not None and not _SIZE(size):
        raise InvalidValueError("Size is no number of bytes. Give up to 15 digits.")
    value = None if digest is None else parse_digest(digest)
    return None if size is None or value is None else Copy(int(size), value)


def _parse_flag(headers: Mapping[bytes, bytes], name: bytes, word: bytes) -> bool:
    value = headers.get(name)
    if value is not None and value.lower() != word:
        raise InvalidValueError(f"{name.decode().title()} has a value that is not known here.")
    return value is not None


def _parse_count(headers: Mapping[bytes, bytes], name: bytes) -> int:
    value = headers.get(name)
    if value is None:
        return 0
    try:
        return parse_number(value)
    except InvalidValueError as error:
        raise InvalidValueError(f"{name.decode().title()} is no count. Give digits alone.") from error


def encode_options(options: Options) -> bytes:
    """Write the header lines of options, in the order in which we send them."""
    lines = []
    if options.copy:
        lines += [b"Size: %d" % options.copy.size, b"Repr-Digest: " + encode_digest(options.copy.digest)]
    if options.wants_probe:
        lines.append(b"Probe: 1")
    lines += encode_selection(options)
    if options.features:
        lines.append(b"Features: " + encode_features(options.features))
    return b"".join(line + b"\r\n" for line in lines)


def encode_selection(options: Options) -> list[bytes]:
    """Give the header lines that say which records come and how; an answer echoes them (clause P-5.14)."""
    lines = [b"Want: digest"] if options.wants_copies else []
    counts = ((b"Holders", options.holders), (b"From", options.first), (b"Limit", options.limit))
    return lines + [b"%b: %d" % (name, count) for name, count in counts if count]


def parse_digest(value: bytes) -> bytes | None:
    """Read the SHA-256 of a Repr-Digest header (RFC 9530); None when it has others alone.

    Raises:
        InvalidValueError: it is no such header.
    """
    found = _DIGEST(value)
    if found:
        return binascii.a2b_base64(found[1])
    if b"sha-256=" in value or b"=:" not in value or not _MEMBERS(value):
        raise InvalidValueError("Repr-Digest is malformed. Write sha-256=:BASE64: as RFC 9530 does.")
    return None


def encode_digest(digest: bytes) -> bytes:
    return b"sha-256=:%b:" % binascii.b2a_base64(digest, newline=False)


def encode_copy(copy: Copy | None) -> bytes:
    """Write what a record line tells of a copy (clause P-5.8)."""
    return b"%d %b" % (copy.size, copy.digest.hex().encode()) if copy else b"- -"


def parse_get_options(headers: Mapping[bytes, bytes]) -> GetOptions:
    """Read the options of a GET; other forms of them are ignored (clause P-5.22)."""
    return GetOptions(
        span=_parse_span(headers.get(b"range", b"")),
        wants_digest=b"sha-256" in headers.get(b"want-repr-digest", b""),
        keeps_alive=headers.get(b"connection", b"").lower() == b"keep-alive",
    )


def _parse_span(value: bytes) -> Span | None:
    found = _SPAN(value)
    if not found:
        return None
    span = Span(int(found[1]), int(found[2]) if found[2] else None)
    return span if span.last is None or span.first <= span.last else None


def encode_get_options(options: GetOptions) -> bytes:
    lines = []
    if options.span:
        last = b"" if options.span.last is None else b"%d" % options.span.last
        lines.append(b"Range: bytes=%d-%b" % (options.span.first, last))
    if options.wants_digest:
        lines.append(b"Want-Repr-Digest: sha-256=1")
    if options.keeps_alive:
        lines.append(b"Connection: keep-alive")
    return b"".join(line + b"\r\n" for line in lines)


class ContentRange(NamedTuple):
    """Which bytes of a document came, and how many it has; no `span` in the answer 416."""

    span: Span | None
    size: int


def parse_content_range(value: bytes) -> ContentRange | None:
    """Read a Content-Range header; None when it is malformed or makes no sense."""
    found = _CONTENT_RANGE(value)
    if not found:
        return None
    size = int(found[3])
    if found[1] is None:
        return ContentRange(None, size)
    span = Span(int(found[1]), int(found[2]))
    return ContentRange(span, size) if span.first <= int(found[2]) < size else None


def encode_content_range(content: ContentRange) -> bytes:
    if content.span is None:
        return b"bytes */%d" % content.size
    return b"bytes %d-%d/%d" % (content.span.first, content.span.last or 0, content.size)
