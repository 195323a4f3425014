"""The reader of requests, whatever the bytes and however they come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from unittest.mock import ANY

import pytest
from hypothesis import example, given, strategies as st

from p2pci.protocol.extensions import ALL_FEATURES, PLAIN
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Add, Get, ListAll, Lookup, Refusal, Remove, Request, encode_request
from p2pci.protocol.requests import RequestReader, Wait
from p2pci.protocol.rules import Conversation
from p2pci.protocol.shortcuts import read_add_key, read_get
from tests.protocol.strategies import (
    asking_gets,
    asking_requests,
    border_requests,
    gets,
    index_requests,
    request_bytes,
    segments_of,
)

LIST = b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n"
ADD = b"ADD RFC 7 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nTitle: Seven\r\n\r\n"
conversations = st.sampled_from(Conversation)


class Seen(NamedTuple):
    """An event, and the head that it came from."""

    event: Request | Refusal | Wait
    head: bytes


def read(reader: RequestReader, segments: Iterable[bytes]) -> list[Seen]:
    """Feed segments; give every event but the waits for more."""
    seen: list[Seen] = []
    for segment in segments:
        reader.receive_data(segment)
        seen += drain(reader)
    return seen


def drain(reader: RequestReader) -> list[Seen]:
    seen: list[Seen] = []
    while not isinstance(event := reader.next_event(), Wait):
        seen.append(Seen(event, reader.last_head))
    return seen


def one_by_one(data: bytes) -> Iterable[bytes]:
    return (bytes([byte]) for byte in data)


class State(NamedTuple):
    """All that decides how a reader goes on."""

    lines: list[bytes]
    head_bytes: int
    unread: bytes
    closed: bool
    head_started: bool


def state_of(reader: RequestReader) -> State:
    unread = reader._buffer[reader._position :]
    return State(reader._lines, reader._head_bytes, unread, reader._closed, reader.head_started)


@given(st.data(), conversations)
def test_any_segments_give_the_same_events(data: st.DataObject, conversation: Conversation) -> None:
    """P-1.22, and P-1.24 at the end."""
    wire = data.draw(request_bytes | st.lists(border_requests(), max_size=3).map(b"".join))
    whole, cut = RequestReader(conversation), RequestReader(conversation)
    assert read(whole, [wire]) == read(cut, data.draw(segments_of(wire)))
    assert state_of(whole) == state_of(cut)
    whole.receive_eof()
    cut.receive_eof()
    assert drain(whole) == drain(cut)
    assert whole.next_event() is cut.next_event() is Wait.CLOSED


@given(st.lists(border_requests(), min_size=1, max_size=3).map(b"".join), border_requests())
@example(LIST, LIST)
@example(ADD + b"\r\n" + ADD, ADD)
@example(ADD + b"\x00\r\n", ADD)
def test_canonical_pattern_and_full_parser_agree(wire: bytes, follow_up: bytes) -> None:
    """Fed at once the pattern may match, fed by bytes it never does (P-1.26)."""
    fast, full = RequestReader(Conversation.P2S), RequestReader(Conversation.P2S)
    assert read(fast, [wire]) == read(full, one_by_one(wire))
    assert state_of(fast) == state_of(full)
    assert read(fast, [follow_up]) == read(full, [follow_up])
    assert read(fast, [LIST]) == read(full, one_by_one(LIST))
    assert state_of(fast) == state_of(full)


def answer_all(keys: list[bytes]) -> list[bytes]:
    return keys


def take_adds(reader: RequestReader) -> list[bytes]:
    return list(reader.take_adds(answer_all))


def test_short_cut_takes_the_adds_that_are_like_the_last_one() -> None:
    reader = RequestReader(Conversation.P2S)
    reader.receive_data(ADD * 3 + LIST + ADD)
    assert take_adds(reader) == []  # there is no last one yet
    reader.next_event()
    assert reader.take_adds(lambda keys: keys[:1]) == [b"7\0Seven"]
    add = Add(7, "h", 5, "Seven")
    assert [seen.event for seen in drain(reader)] == [add, ListAll("h", 5), add]


def test_short_cut_gives_other_requests_in_keys_that_are_none() -> None:
    """What stands behind an ADD is in its key, and `read_add_key` reads none of these."""
    reader = RequestReader(Conversation.P2S)
    reader.receive_data(ADD + ADD + ADD + LIST)
    reader.next_event()
    assert [read_add_key(key) for key in take_adds(reader)] == [(7, "Seven", None), None]


def test_short_cut_waits_for_the_end_of_a_head_under_way() -> None:
    reader = RequestReader(Conversation.P2S)
    assert len(read(reader, [ADD, b"LIST ALL P2P-CI/1.0\r\n"])) == 1
    reader.receive_data(ADD)
    assert take_adds(reader) == []
    assert [seen.event for seen in drain(reader)] == [Refusal(Status.BAD_REQUEST, ANY, closes=False)]


def test_short_cut_takes_no_byte_that_stands_for_another() -> None:
    """A NUL in place of what the sender's requests have in common is refused (P-1.31)."""
    reader = RequestReader(Conversation.P2S)
    assert len(read(reader, [ADD])) == 1
    reader.receive_data(b"ADD RFC 8\0Eight\r\n\r\n")
    assert take_adds(reader) == []
    assert [seen.event for seen in drain(reader)] == [Refusal(Status.BAD_REQUEST, ANY, closes=True)]


nearly_gets = st.builds(
    b"%b%bGET RFC %b P2P-CI/1.0\r\nHost: %b\r\nOS: %b\r\n%b\r\n%b".__mod__,
    st.tuples(
        st.sampled_from([b""] * 5 + [b"\r\n"]),
        st.sampled_from([b""] * 5 + [b"x"]),
        st.sampled_from(
            [b"7"] * 5 + [b"007", b"0", b"4294967295", b"4294967296", b"12345678901", b"", b"7 "]
        ),
        st.sampled_from([b"h"] * 5 + [b"", b"h h", b"h" * 255, b"h" * 256, b"h\x00"]),
        st.sampled_from([b"Mac"] * 5 + [b"", b"a\tb", b"\xff", b"x" * 512, b"x" * 513, b"a\x00b"]),
        st.sampled_from(
            [b""] * 5
            + [b"X: y\r\n", b"Host: h\r\n", b"Title: a\r\nTitle: b\r\n"]
            + [b"Connection: keep-alive\r\n", b"Want-Repr-Digest: sha-256=1\r\nConnection: keep-alive\r\n"]
        ),
        st.sampled_from([b"", b"GET RFC 8", b"\x00"]),
    ),
)


@given(nearly_gets | request_bytes)
def test_short_cut_reads_the_get_that_next_event_would_give(wire: bytes) -> None:
    usual = read_get(wire)
    reader = RequestReader(Conversation.P2P)
    reader.receive_data(wire)
    event = reader.next_event()
    if usual:
        assert isinstance(event, Get)
        assert usual == (event.number, event.options, len(reader.last_head))


@given(gets | asking_gets, st.binary(max_size=9))
def test_short_cut_reads_what_we_send(request: Get, before: bytes) -> None:
    wire = encode_request(request)
    is_usual = wire.isascii() and b"\x7f" not in wire and not request.options.span
    expected = (request.number, request.options, len(before + wire))
    assert read_get(before + wire, len(before)) == (expected if is_usual else None)


@given(conversations, st.binary(max_size=400) | request_bytes)
def test_arbitrary_bytes_give_requests_or_refusals(conversation: Conversation, wire: bytes) -> None:
    """P-1.26: nothing else comes out, no other exception either."""
    reader = RequestReader(conversation)
    seen = read(reader, [wire])
    reader.receive_eof()
    for event, _ in seen + drain(reader):
        if isinstance(event, Refusal):
            assert event.status in {Status.BAD_REQUEST, Status.VERSION_NOT_SUPPORTED}
            assert event.reason.endswith(".")
            assert event.reason.isprintable()
            assert len(event.reason) < 300
        elif not isinstance(event, Get):  # whose OS is read unchecked, clause P-1.41
            assert isinstance(event, Request)
            assert read(RequestReader(conversation), [encode_request(event)])[0].event == event
    assert reader.next_event() is Wait.CLOSED


@given(index_requests)
def test_index_requests_come_back_as_written(request: Request) -> None:
    """P-1.3."""
    wire = encode_request(request)
    reader = RequestReader(Conversation.P2S)
    assert read(reader, [wire]) == [(request, wire)]
    assert read(reader, one_by_one(wire)) == [(request, wire)]


@given(gets)
def test_gets_come_back_as_written(request: Get) -> None:
    """P-1.3."""
    wire = encode_request(request)
    assert read(RequestReader(Conversation.P2P), [wire]) == [(request, wire)]


@given(asking_requests)
def test_what_is_asked_beyond_1_0_comes_back_as_written(request: Request) -> None:
    """P-5.3 to P-5.16, once it is agreed."""
    wire = encode_request(request)
    for segments in ([wire], one_by_one(wire)):
        reader = RequestReader(Conversation.P2S)
        reader.agreed = ALL_FEATURES
        assert read(reader, segments) == [(request, wire)]


@given(asking_requests)
def test_what_is_asked_beyond_1_0_is_ignored_before_it_is_agreed(request: Request) -> None:
    """P-5.18: except for what the request itself proposes."""
    wire = encode_request(request)
    at_once, by_bytes = RequestReader(Conversation.P2S), RequestReader(Conversation.P2S)
    seen = read(at_once, [wire])
    assert seen == read(by_bytes, one_by_one(wire))
    if isinstance(request, Remove):
        assert isinstance(seen[0].event, Refusal)
    elif isinstance(request, Add | Lookup | ListAll) and not request.options.features:
        assert seen[0].event == request._replace(options=PLAIN)


@given(asking_gets)
def test_gets_that_ask_for_more_come_back_as_written(request: Get) -> None:
    """P-5.20, P-5.24, P-5.25."""
    wire = encode_request(request)
    assert read(RequestReader(Conversation.P2P), [wire]) == [(request, wire)]


@given(st.lists(index_requests, max_size=6), st.data())
def test_requests_come_in_order(requests: list[Request], data: st.DataObject) -> None:
    """P-1.23."""
    wire = b"".join(map(encode_request, requests))
    segments = data.draw(segments_of(wire))
    assert [event for event, _ in read(RequestReader(Conversation.P2S), segments)] == requests


@pytest.mark.parametrize(
    "wire,head",
    [
        (LIST + ADD, LIST),
        (b"\r\n\n" + LIST, LIST),
        (b"LIST ALL P2P-CI/1.0\nHost: h\n\nrest", b"LIST ALL P2P-CI/1.0\nHost: h\n\n"),
        (b"QUIT\r\n\r\n" + LIST, b"QUIT\r\n\r\n"),
        (b"LIST ALL P2P-CI/1.0\r\nHost: \x00\r\n" + LIST, b"LIST ALL P2P-CI/1.0\r\nHost: \x00\r\n"),
        (
            b"LIST ALL P2P-CI/1.0\r\n" + b"x" * 20_000,
            (b"LIST ALL P2P-CI/1.0\r\n" + b"x" * 20_000)[: 16 * 1024],
        ),
        (b"x" * 10_000 + b"\r\n", b"x" * 8 * 1024),
        (b"X: y\r\n" * 70, b"X: y\r\n" * 66),
    ],
)
def test_last_head_is_what_the_event_came_from(wire: bytes, head: bytes) -> None:
    """A head over the limits of P-1.27 is shown as far as it was read."""
    for segments in ([wire], one_by_one(wire)):
        reader = RequestReader(Conversation.P2S)
        read(reader, [ADD])
        assert read(reader, segments)[0].head == head


def test_last_head_of_a_head_that_was_cut_off_is_not_the_one_before() -> None:
    reader = RequestReader(Conversation.P2S)
    read(reader, [b"LIST ALL P2P-CI/1.0\nHost: h\nPort: 5\n\n"])
    assert read(reader, [b"LIST \x01\n"])[0].head == b"LIST \x01\n"


@pytest.mark.parametrize("wire", [b"L", b" ", b"\rL", b"\r\nL", LIST + b"L", LIST[:-2], LIST[:-1]])
def test_head_starts_with_the_first_byte_of_its_request_line(wire: bytes) -> None:
    """P-1.27."""
    for segments in ([wire], one_by_one(wire)):
        reader = RequestReader(Conversation.P2S)
        read(reader, segments)
        assert reader.head_started


@pytest.mark.parametrize(
    "wire",
    [b"", b"\r", b"\r\n", b"\n\r\n\r", LIST, LIST + b"\r\n\r", b"QUIT\r\n\r\nLIST"],
)
def test_no_head_has_started_between_requests(wire: bytes) -> None:
    """P-1.28: blank lines start no clock, and behind the last answer none runs."""
    for segments in ([wire], one_by_one(wire)):
        reader = RequestReader(Conversation.P2S)
        read(reader, segments)
        assert not reader.head_started


def test_nothing_is_read_behind_a_refusal_that_closes() -> None:
    """P-1.33."""
    reader = RequestReader(Conversation.P2S)
    events = [event for event, _ in read(reader, [b"POST / HTTP/1.1\r\n\r\n" + LIST, LIST])]
    assert [(event.status, event.closes) for event in events if isinstance(event, Refusal)] == [(400, True)]
    assert len(events) == 1
    assert reader.next_event() is Wait.CLOSED
