"""The head before a document, as we write it and as our downloader reads anybody's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given, strategies as st

from p2pci.errors import InvalidValueError, ProtocolError
from p2pci.protocol.documents import (
    DocumentHead,
    DocumentHeadReader,
    encode_document_error,
    encode_head_end,
    encode_head_start,
    match_head,
)
from p2pci.protocol.extensions import ContentRange, Span, encode_content_range, encode_digest
from p2pci.protocol.grammar import Status
from p2pci.protocol.requests import Wait
from tests.protocol.strategies import document_bytes, segments_of, sizes, spans, titles

MOMENT = int(datetime(2026, 4, 26, 21, 30, 16, tzinfo=UTC).timestamp())
CHANGED = datetime(2026, 4, 17, 16, 8, 18, tzinfo=UTC).timestamp()


def document_head(size: int, *, modified: float, os: str) -> bytes:
    return encode_head_start(MOMENT) + encode_head_end(size, modified=modified, os=os)


class Result:
    """What a downloader has read: the head or the text of an error, and the bytes behind the head."""

    def __init__(self, segments: Iterable[bytes]) -> None:
        self.reader = DocumentHeadReader()
        self.head: DocumentHead | str | None = None
        self.body = b""
        for segment in segments:
            self._take(segment)

    def _take(self, segment: bytes) -> None:
        if self.head is not None:
            self.body += segment
            return
        self.reader.receive_data(segment)
        try:
            event = self.reader.next_event()
        except ProtocolError as error:
            self.head = str(error)
            return
        if not isinstance(event, Wait):
            self.head, self.body = event, self.reader.body


def test_head_is_written_to_the_byte() -> None:
    """P-3.1, P-3.2, P-3.3."""
    head = document_head(1839, modified=CHANGED, os="Darwin 24.3.0")
    assert head == (
        b"P2P-CI/1.0 200 OK\r\n"
        b"Date: Sun, 26 Apr 2026 21:30:16 GMT\r\n"
        b"OS: Darwin 24.3.0\r\n"
        b"Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\n"
        b"Content-Length: 1839\r\n"
        b"Content-Type: text/plain\r\n"
        b"\r\n"
    )


def test_head_of_an_empty_file_says_zero() -> None:
    """P-3.6."""
    head = document_head(0, modified=CHANGED, os="")
    assert b"\r\nContent-Length: 0\r\n" in head
    assert b"\r\nOS: \r\n" in head


@pytest.mark.parametrize(
    "status,wire",
    [
        (Status.BAD_REQUEST, b"P2P-CI/1.0 400 Bad Request\r\n\r\n"),
        (Status.NOT_FOUND, b"P2P-CI/1.0 404 Not Found\r\n\r\n"),
        (Status.VERSION_NOT_SUPPORTED, b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n"),
    ],
)
def test_error_is_a_status_line_and_a_blank_line(status: Status, wire: bytes) -> None:
    """P-3.5."""
    assert encode_document_error(status) == wire
    assert Result([wire]).head == DocumentHead(status, None)


@pytest.mark.parametrize("os", ["a\r\nb", "a\nb", "a\x00b", "a\tb", "\u2028", "x" * 513, "\ud800"])
def test_os_that_would_break_the_head_is_refused(os: str) -> None:
    with pytest.raises(InvalidValueError):
        document_head(5, modified=CHANGED, os=os)


@pytest.mark.parametrize(
    "modified", [-1e30, -62135596801.0, 253402300800.0, 1e18, float("inf"), float("nan")]
)
def test_date_that_no_calendar_has_does_not_stop_an_upload(modified: float) -> None:
    """P-3.3: file systems keep times that HTTP dates cannot say; the nearest one is sent."""
    head = Result([document_head(5, modified=modified, os="Mac")]).head
    assert isinstance(head, DocumentHead)
    assert (head.code, head.size) == (200, 5)
    assert parsedate_to_datetime(head.modified.decode()) is not None


@given(st.floats(-2208988800, 253402300799), st.integers(0, 10**15 - 1), titles, st.data())
def test_head_comes_back_as_written(modified: float, size: int, os: str, data: st.DataObject) -> None:
    head = document_head(size, modified=modified, os=os)
    result = Result(data.draw(segments_of(head + b"body")))
    assert isinstance(result.head, DocumentHead)
    assert result.head[:2] == (200, size)
    assert result.head[3:] == (None, None, False)
    assert abs(parsedate_to_datetime(result.head.modified.decode()).timestamp() - modified) <= 1
    assert (result.reader.head, result.body) == (head, b"body")


@given(
    spans.filter(lambda span: span.first < 10**15 - 1), sizes, st.binary(min_size=32, max_size=32), st.data()
)
def test_what_was_asked_for_comes_back_as_written(
    span: Span, more: int, digest: bytes, data: st.DataObject
) -> None:
    """P-5.20, P-5.24, P-5.25."""
    last = span.first if span.last is None else min(span.last, 10**15 - 2)
    content = ContentRange(Span(span.first, last), min(last + 1 + more, 10**15 - 1))
    lines = [
        b"Content-Range: " + encode_content_range(content),
        b"Repr-Digest: " + encode_digest(digest),
        b"Connection: keep-alive",
    ]
    end = encode_head_end(last + 1 - span.first, modified=CHANGED, os="Mac", lines=lines)
    wire = encode_head_start(MOMENT, Status.PARTIAL_CONTENT) + end
    head = Result(data.draw(segments_of(wire))).head
    assert isinstance(head, DocumentHead)
    assert (head.code, head.content, head.digest, head.keeps_alive) == (206, content, digest, True)


def test_part_that_is_not_there_is_said_with_the_size() -> None:
    """P-5.21."""
    lines = [b"Content-Range: " + encode_content_range(ContentRange(None, 9))]
    wire = encode_document_error(Status.RANGE_NOT_SATISFIABLE, lines)
    assert wire == b"P2P-CI/1.0 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\n\r\n"
    head = Result([wire]).head
    assert isinstance(head, DocumentHead)
    assert (head.code, head.content) == (416, ContentRange(None, 9))


@pytest.mark.parametrize(
    "value", [b"bytes 5-4/9", b"bytes 5-9/9", b"bytes 0-1/*", b"lines 0-1/9", b"0-1/9", b"bytes -1-1/9", b"x"]
)
def test_content_range_that_makes_no_sense_tells_nothing(value: bytes) -> None:
    head = Result([b"P2P-CI/1.0 206 OK\r\nContent-Range: %b\r\nRepr-Digest: sha-256=x\r\n\r\n" % value]).head
    assert isinstance(head, DocumentHead)
    assert (head.content, head.digest) == (None, None)


@given(st.data(), document_bytes)
def test_any_segments_give_the_same_head_and_body(data: st.DataObject, wire: bytes) -> None:
    """P-3.12."""
    wire = data.draw(st.sampled_from([b"P2P-CI/1.0 200 OK\r\n", b""])) + wire
    whole, cut = Result([wire]), Result(data.draw(segments_of(wire)))
    assert whole.head == cut.head
    if isinstance(whole.head, DocumentHead):
        assert whole.body == cut.body
        assert whole.reader.head == cut.reader.head


@given(st.binary(max_size=300) | document_bytes)
def test_arbitrary_bytes_give_a_head_or_a_protocol_error(wire: bytes) -> None:
    result = Result([wire])
    if result.head is None:
        with suppress(ProtocolError):  # the holder closed in the middle of it
            assert isinstance(result.reader.parse(), DocumentHead)
    elif isinstance(result.head, DocumentHead):
        assert 0 <= result.head.code <= 999
        assert wire == result.reader.head + result.body


def read_both_ways(data: bytes) -> tuple[tuple[DocumentHead, bytes] | None, tuple[object, bytes]]:
    """Read a head by the short cut, and by the reader: the head with the bytes that it took."""
    reader = DocumentHeadReader()
    reader.receive_data(data)
    return match_head(data), (reader.next_event(), reader.head)


@given(
    size=sizes,
    os=titles,
    digest=st.none() | st.binary(min_size=32, max_size=32),
    keeps_alive=st.booleans(),
    body=st.binary(max_size=20),
)
def test_usual_head_is_read_by_the_short_cut_as_by_the_reader(
    *, size: int, os: str, digest: bytes | None, keeps_alive: bool, body: bytes
) -> None:
    lines = [b"Repr-Digest: " + encode_digest(digest)] if digest else []
    lines += [b"Connection: keep-alive"] if keeps_alive else []
    head = encode_head_start(MOMENT) + encode_head_end(size, modified=CHANGED, os=os, lines=lines)
    quick, slow = read_both_ways(head + body)
    assert quick == slow
    assert quick is not None
    assert quick[1] == head


@given(st.data())
def test_any_other_head_is_left_to_the_reader_or_read_alike(data: st.DataObject) -> None:
    head = document_head(data.draw(sizes), modified=CHANGED, os="Darwin 24.3.0")
    at = data.draw(st.integers(0, len(head)))
    end = data.draw(st.integers(at, min(len(head), at + 4)))
    put_in = data.draw(
        st.binary(max_size=3) | st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b":", b"1", b"\t"])
    )
    changed = head[:at] + put_in + head[end:]
    quick = match_head(changed)
    with suppress(ProtocolError):
        assert quick is None or quick == read_both_ways(changed)[1]
        return
    assert quick is None
