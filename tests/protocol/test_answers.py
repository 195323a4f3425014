"""The client's reader of answers, whatever the bytes and however they come."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, strategies as st

from p2pci.errors import ProtocolError
from p2pci.protocol.answers import (
    END,
    OK_HEAD,
    AnswerEnded,
    AnswerHeader,
    AnswerReader,
    AnswerStarted,
    encode_error,
    encode_ok_head,
)
from p2pci.protocol.extensions import Options, encode_selection
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Add, IndexRequest, ListAll, Lookup, Record, encode_record
from p2pci.protocol.requests import Wait
from tests.protocol.strategies import answer_bytes, records, segments_of, told_records

ADD = Add(7, "h", 5, "Seven")
LOOKUP = Lookup(7, "h", 5, "")
LIST = ListAll("h", 5)
questions = st.sampled_from([ADD, LOOKUP, LIST])
Seen = AnswerStarted | AnswerHeader | Record | AnswerEnded | str


def read(reader: AnswerReader, segments: Iterable[bytes]) -> list[Seen]:
    """Feed segments; give every event but the waits, and a ProtocolError as its text."""
    seen: list[Seen] = []
    for segment in segments:
        reader.receive_data(segment)
        while not isinstance(event := _next(reader), Wait):
            seen.append(event)
    return seen


def _next(reader: AnswerReader) -> Seen | Wait:
    try:
        return reader.next_event()
    except ProtocolError as error:
        return str(error)


def answer(reader: AnswerReader, question: IndexRequest, *segments: bytes) -> list[Seen]:
    reader.expect(question)
    return read(reader, segments)


@given(st.data(), questions, answer_bytes, answer_bytes)
def test_any_segments_give_the_same_answer(
    data: st.DataObject, question: IndexRequest, wire: bytes, next_wire: bytes
) -> None:
    """P-2.20, with what was learned for the next answer."""
    whole, cut = AnswerReader(), AnswerReader()
    assert answer(whole, question, wire) == answer(cut, question, *data.draw(segments_of(wire)))
    assert whole.may_end_by_silence is cut.may_end_by_silence
    if whole.may_end_by_silence:
        assert whole.end_by_silence() == cut.end_by_silence() == AnswerEnded(complete=False)
    assert answer(whole, LIST, next_wire) == answer(cut, LIST, *data.draw(segments_of(next_wire)))
    assert whole.may_end_by_silence is cut.may_end_by_silence


@given(questions, answer_bytes | st.binary(max_size=300))
def test_arbitrary_bytes_give_an_answer_or_a_protocol_error(question: IndexRequest, wire: bytes) -> None:
    """P-2.14, P-2.19: a code, then records, then one end; and at most one error, which is the last event."""
    seen = answer(AnswerReader(), question, b"P2P-CI/1.0 200 OK\r\n" + wire)
    assert seen[0] == AnswerStarted(200)
    for event in seen[1:-1]:
        assert isinstance(event, AnswerHeader | Record)
    if len(seen) > 1:
        assert isinstance(seen[-1], AnswerHeader | Record | AnswerEnded | str)


@given(st.lists(records, max_size=5), st.data())
def test_records_come_back_as_written(lines: list[Record], data: st.DataObject) -> None:
    """P-2.1, P-2.2."""
    wire = OK_HEAD + b"".join(map(encode_record, lines)) + END
    seen = answer(AnswerReader(), LIST, *data.draw(segments_of(wire)))
    assert seen == [AnswerStarted(200), *lines, AnswerEnded(complete=True)]


@given(st.lists(told_records, max_size=5), st.booleans(), st.booleans(), st.data())
def test_records_that_tell_more_come_back_as_written(
    lines: list[Record],
    wants_copies: bool,  # noqa: FBT001 - drawn
    wants_counts: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    """P-5.8, P-5.12, P-5.14."""
    options = Options(wants_copies=wants_copies, holders=3 if wants_counts else 0)
    lines = [
        line._replace(copy=line.copy if wants_copies else None, holders=line.holders if wants_counts else 0)
        for line in lines
    ]
    wire = (
        encode_ok_head(encode_selection(options))
        + b"".join(encode_record(line, options) for line in lines)
        + END
    )
    seen = answer(AnswerReader(), LIST._replace(options=options), *data.draw(segments_of(wire)))
    assert [event for event in seen if not isinstance(event, AnswerHeader)] == [
        AnswerStarted(200),
        *lines,
        AnswerEnded(complete=True),
    ]


@given(st.data(), st.booleans(), st.booleans())
def test_records_that_are_taken_at_once_are_those_that_would_come_one_by_one(
    data: st.DataObject,
    wants_copies: bool,  # noqa: FBT001 - drawn
    wants_counts: bool,  # noqa: FBT001 - drawn
) -> None:
    options = Options(wants_copies=wants_copies, holders=3 if wants_counts else 0)
    lines = [encode_record(record, options) for record in data.draw(st.lists(told_records, max_size=6))]
    wire = encode_ok_head(encode_selection(options)) + b"".join(lines) + END
    at = data.draw(st.integers(0, len(wire)))
    put_in = data.draw(
        st.binary(max_size=2) | st.sampled_from([b"", b" ", b"  ", b"0", b"9" * 11, b"\t", b"\n"])
    )
    changed = wire[:at] + put_in + wire[data.draw(st.integers(at, min(len(wire), at + 2))) :]
    one_by_one, at_once = AnswerReader(), AnswerReader()
    expected = answer(one_by_one, ListAll("h", 5, options), changed)
    at_once.expect(ListAll("h", 5, options))
    at_once.receive_data(changed)
    seen: list[Seen] = []
    while not isinstance(event := _next(at_once), Wait):
        seen.append(event)
        seen += at_once.take_records()
    assert seen == expected


def test_what_was_not_asked_for_changes_no_record() -> None:
    """P-5.2: neither does a header of that name from a server that means something else by it."""
    wire = b"P2P-CI/1.0 200 OK\r\nWant: digest\r\nHolders: 2\r\n\r\nRFC 7 Seven h 5\r\n\r\n"
    assert Record(7, "Seven", "h", 5) in answer(AnswerReader(), LIST, wire)


def test_answers_of_adds_in_flight_come_in_order() -> None:
    """P-5.6, also with errors among them (P-2.12), and when more are sent meanwhile."""
    reader = AnswerReader()
    reader.expect_adds(2)
    echo = OK_HEAD + b"RFC 7 Seven h 5\r\n" + END
    ended, record = AnswerEnded(complete=True), Record(7, "Seven", "h", 5)
    assert read(reader, [echo + encode_error(Status.BAD_REQUEST)[:-3]]) == [
        *(AnswerStarted(200), record, ended),
        AnswerStarted(400),
    ]
    reader.expect_adds(1)
    assert read(reader, [encode_error(Status.BAD_REQUEST)[-3:] + echo + echo]) == [
        *(ended, AnswerStarted(200), record, ended)
    ]
    assert reader.next_event() is Wait.CLOSED


def test_half_a_line_end_of_an_answer_spoils_no_later_one() -> None:
    """The echo ends with its record: the CR of its blank line may come with it, and the LF not (P-2.19)."""
    reader = AnswerReader()
    echo = OK_HEAD + b"RFC 7 Seven h 5\r\n" + END
    right = [AnswerStarted(200), Record(7, "Seven", "h", 5), AnswerEnded(complete=True)]
    for is_dropped in (True, False):
        reader.expect(ADD)
        assert read(reader, [echo[:-1]]) == right
        if is_dropped:
            reader.receive_data(echo[-1:])
        reader.expect_adds(1)
        assert read(reader, [echo if is_dropped else echo[-1:] + echo]) == right


@given(records)
def test_the_echo_of_an_add_comes_back_as_written(record: Record) -> None:
    """P-2.3."""
    seen = answer(AnswerReader(), ADD, OK_HEAD + encode_record(record) + END)
    assert seen == [AnswerStarted(200), record, AnswerEnded(complete=True)]


@given(st.sampled_from([Status.BAD_REQUEST, Status.NOT_FOUND, Status.VERSION_NOT_SUPPORTED]), questions)
def test_errors_come_back_as_written(status: Status, question: IndexRequest) -> None:
    """P-2.12, also when the last CRLF comes with the answer behind it (P-2.13)."""
    reader = AnswerReader()
    for wire in (encode_error(status), encode_error(status)[:-2], END + encode_error(status)):
        assert answer(reader, question, wire) == [AnswerStarted(status), AnswerEnded(complete=True)]


def test_nothing_is_read_before_anything_is_asked() -> None:
    """P-2.24."""
    reader = AnswerReader()
    assert read(reader, [OK_HEAD, END]) == []
    assert reader.next_event() is Wait.CLOSED


def test_silence_ends_nothing_before_the_status_line() -> None:
    """P-2.27."""
    reader = AnswerReader()
    reader.expect(LIST)
    assert not reader.may_end_by_silence
    read(reader, [b"\r\nP2P-CI/1.0 200 OK"])
    assert not reader.may_end_by_silence
    read(reader, [b"\r\n"])
    assert reader.may_end_by_silence
