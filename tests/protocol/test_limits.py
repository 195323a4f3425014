"""Whatever is sent, the readers keep little of it (P-1.27, P-1.28)."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from p2pci.errors import ProtocolError
from p2pci.protocol.answers import AnswerReader
from p2pci.protocol.documents import DocumentHeadReader
from p2pci.protocol.messages import ListAll
from p2pci.protocol.requests import RequestReader, Wait
from p2pci.protocol.rules import Conversation

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

MB = 1024 * 1024
SEGMENT_BYTES = 64 * 1024
# A head, two segments (what was unread and what came), and the objects around them.
MOST_KEPT_BYTES = 16 * 1024 + 3 * SEGMENT_BYTES

FLOODS = {
    "no line end": b"x",
    "NULs": b"\x00",
    "CRs": b"\r",
    "headers": b"X: y\r\n",
    "headers with LF": b"X:\n",
    "blank lines": b"\r\n",
    "blank lines with LF": b"\n",
    "lines of blanks": b" \r\n",
}


@pytest.fixture(params=FLOODS)
def segment(request: pytest.FixtureRequest) -> bytes:
    flood = FLOODS[request.param]
    return flood * (SEGMENT_BYTES // len(flood))


def feed_requests(reader: RequestReader, segment: bytes) -> None:
    reader.receive_data(segment)
    while not isinstance(reader.next_event(), Wait):
        pass


def peak_while(feed: Callable[[], None], *, total_bytes: int) -> int:
    """Give the most memory that was held at a time, above what was held before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(total_bytes // SEGMENT_BYTES):
            feed()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("start", [b"", b"LIST ALL P2P-CI/1.0\r\nHost: h\r\n", b"\r\nLIST ALL P2P"])
@pytest.mark.parametrize("conversation", Conversation)
def test_ten_megabytes_of_requests_are_not_kept(
    conversation: Conversation, start: bytes, segment: bytes
) -> None:
    reader = RequestReader(conversation)
    feed_requests(reader, start)
    assert peak_while(lambda: feed_requests(reader, segment), total_bytes=10 * MB) < MOST_KEPT_BYTES
    assert kept_bytes(reader) < (16 + 4) * 1024  # the head that was refused, for last_head


def test_nothing_is_kept_behind_a_refusal_that_closes() -> None:
    reader = RequestReader(Conversation.P2S)
    feed_requests(reader, b"POST / HTTP/1.1\r\n\r\n")
    for _ in range(20):
        feed_requests(reader, b"x" * SEGMENT_BYTES)
    assert kept_bytes(reader) < 4 * 1024


def test_what_was_read_is_not_kept_while_more_is_waited_for() -> None:
    """Else every idle connection would hold the last segment that it sent."""
    reader = RequestReader(Conversation.P2S)
    feed_requests(reader, b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n" * 1000 + b"LIST ALL")
    assert kept_bytes(reader) < 4 * 1024
    assert reader.head_started


def test_nothing_of_blank_lines_stays_unread() -> None:
    """P-1.28."""
    reader = RequestReader(Conversation.P2S)
    feed_requests(reader, b"\r\n" * MB + b"\n" * MB + b"\r")
    assert not reader.head_started
    assert reader._lines == []
    assert reader._buffer[reader._position :] == b"\r"


def kept_bytes(reader: RequestReader) -> int:
    """Give the size of all that the reader has stored."""
    values = [getattr(reader, name) for name in RequestReader.__slots__]
    return sum(map(sys.getsizeof, [*values, *reader._lines]))


def test_an_endless_answer_is_not_kept(segment: bytes) -> None:
    reader = AnswerReader()

    def feed() -> None:
        if reader.next_event() is Wait.CLOSED:
            reader.expect(ListAll("h", 5))
        reader.receive_data(segment)
        with_errors(reader)

    assert peak_while(feed, total_bytes=MB // 2) < MOST_KEPT_BYTES


def test_what_nobody_asked_for_is_not_kept(segment: bytes) -> None:
    """P-2.24."""
    reader = AnswerReader()
    assert peak_while(lambda: reader.receive_data(segment), total_bytes=10 * MB) < 1024


def with_errors(reader: AnswerReader) -> None:
    try:
        while not isinstance(reader.next_event(), Wait):
            pass
    except ProtocolError:
        pass


@pytest.mark.parametrize("start", [b"P2P-CI/1.0 200 OK\r\n", b""])
def test_head_of_a_document_ends_before_it_grows(start: bytes, segment: bytes) -> None:
    reader = DocumentHeadReader()
    reader.receive_data(start)
    reader.receive_data(segment)
    if not segment.startswith((b"\r\n", b"\n")):
        with pytest.raises(ProtocolError):
            reader.next_event()
    assert len(reader.head) <= 16 * 1024
