"""What stands before a document's bytes, by what was asked for (clauses P-3.1 to P-3.6, P-5.20 to P-5.25)."""

from __future__ import annotations

import platform
import time
from typing import NamedTuple

from p2pci.protocol.documents import encode_document_error, encode_head_end, encode_head_start
from p2pci.protocol.extensions import ContentRange, GetOptions, Span, encode_content_range, encode_digest
from p2pci.protocol.grammar import Status


class Facts(NamedTuple):
    """What a head tells of a document: its size, when it was changed (seconds since 1970), its SHA-256."""

    size: int
    modified: float
    digest: bytes | None


def span_of(options: GetOptions, size: int) -> range | None:
    """Give the bytes that were asked for; None when the document ends before them (clause P-5.21)."""
    if options.span is None:
        return range(size)
    first, last = options.span
    if first >= size:
        return None
    return range(first, size if last is None else min(last + 1, size))


def end_of_whole(options: GetOptions, facts: Facts) -> bytes:
    """Write the part of a head that belongs to the document, all of which was asked for."""
    return encode_head_end(facts.size, modified=facts.modified, os=_OS, lines=_lines(options, facts))


def _lines(options: GetOptions, facts: Facts) -> list[bytes]:
    """Write what was asked for beyond 1.0, but for the part."""
    lines = []
    if options.wants_digest and facts.digest:
        lines.append(b"Repr-Digest: " + encode_digest(facts.digest))
    if options.keeps_alive:
        lines.append(_KEEP_ALIVE)
    return lines


def head_of(options: GetOptions, facts: Facts) -> tuple[bytes, bytes]:
    """Write the head of the answer to a GET whose bytes are there, in two parts."""
    if options.span is None:
        return head_start(), end_of_whole(options, facts)
    span = span_of(options, facts.size) or range(facts.size)
    content = ContentRange(Span(span.start, span.stop - 1), facts.size)
    lines = [b"Content-Range: " + encode_content_range(content), *_lines(options, facts)]
    end = encode_head_end(len(span), modified=facts.modified, os=_OS, lines=lines)
    return head_start(Status.PARTIAL_CONTENT), end


def head_start(status: Status = Status.OK) -> bytes:
    """Write the part of a head that is the same for all that are sent in a second."""
    return encode_head_start(int(time.time()), status)


def error_of(status: Status, options: GetOptions, *, size: int | None = None) -> bytes:
    """Write an error; `size` is that of a document which has no such part."""
    lines = [] if size is None else [b"Content-Range: " + encode_content_range(ContentRange(None, size))]
    return encode_document_error(status, [*lines, _KEEP_ALIVE] if options.keeps_alive else lines)


_KEEP_ALIVE = b"Connection: keep-alive"
_OS = f"{platform.system()} {platform.release()}".strip()
