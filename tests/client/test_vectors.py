"""What recorded index servers answer (annex A, 1 to 11), and what the client makes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from p2pci import Answer, ClientLimits, IndexClient, ProtocolError, Record, RefusedError, Status
from tests.client.fake_index import SHORT, FakeEnd, playing

OK = b"P2P-CI/1.0 200 OK\r\n"
SEVEN = Record(7, "Seven Seas", "h", 5)
EIGHT = Record(8, "Eight", "10.0.0.2", 65535)
LINES = b"RFC 7 Seven Seas h 5\r\nRFC 8 Eight 10.0.0.2 65535\r\n"
LINE = b"RFC 7 Seven Seas h 5\r\n"
BAD = b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"

Ask = Callable[[IndexClient], Awaitable[Answer]]


def add(client: IndexClient) -> Awaitable[Answer]:
    return client.add(7, "Seven Seas")


def lookup(client: IndexClient) -> Awaitable[Answer]:
    return client.lookup(7)


def list_all(client: IndexClient) -> Awaitable[Answer]:
    return client.list_all()


class Vector(NamedTuple):
    """A question, the bytes of the answer, and what the client makes of it: a number is a refusal's code."""

    about: str
    ask: Ask
    sent: bytes
    expected: Answer | int | type[ProtocolError]


def got(*records: Record, complete: bool = True, status: Status = Status.OK) -> Answer:
    return Answer(status, list(records), complete)


VECTORS = [
    Vector("canonical", list_all, OK + b"\r\n" + LINES + b"\r\n", got(SEVEN, EIGHT)),
    Vector("canonical", lookup, OK + b"\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("canonical", add, OK + b"\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("canonical", lookup, b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n", got(status=Status.NOT_FOUND)),
    Vector("A-1", list_all, OK + b"\r\n" + LINES, got(SEVEN, EIGHT, complete=False)),
    Vector("A-1", lookup, OK + b"\r\n" + LINE, got(SEVEN, complete=False)),
    Vector("A-1", add, OK + b"\r\n" + LINE, got(SEVEN)),
    Vector("A-1 and A-2", lookup, OK + LINE, got(SEVEN, complete=False)),
    Vector("A-2", list_all, OK + LINES + b"\r\n", got(SEVEN, EIGHT)),
    Vector("A-2", add, OK + LINE, got(SEVEN)),
    Vector("A-3", list_all, OK + b"\r\n", got(complete=False)),
    Vector("A-3", lookup, OK + b"\r\n\r\n", got()),
    Vector("A-3", list_all, OK + b"\r\n\r\n", got()),
    Vector("A-3", add, OK + b"\r\n\r\n", got()),
    Vector("A-3", add, OK + b"\r\n", got(complete=False)),
    Vector("A-3", add, OK, got(complete=False)),
    Vector("A-3", list_all, b"P2P-CI/1.0 404 Not Found\r\n\r\n", got(status=Status.NOT_FOUND)),
    Vector("A-4", list_all, OK + b"\r\n" + LINES.replace(b"RFC ", b"RFC:") + b"\r\n", got(SEVEN, EIGHT)),
    Vector("A-4", list_all, OK + b"\r\n" + LINES.replace(b"RFC ", b"RFC: ") + b"\r\n", got(SEVEN, EIGHT)),
    Vector("A-4", lookup, OK + b"\r\nRFC7 Seven Seas h 5\r\n\r\n", got(SEVEN)),
    Vector("A-4", lookup, OK + b"\r\nRFC  7   Seven Seas  h   5  \r\n\r\n", got(SEVEN)),
    Vector("A-4", lookup, OK + b"\r\n7 Seven Seas h 5\r\n\r\n", ProtocolError),
    Vector("A-4", add, OK + b"\r\n7 Seven Seas h 5\r\n\r\n", got()),
    Vector("A-4", add, OK + b"\r\nRFC 7 Other Title h 5\r\n\r\n", got(Record(7, "Other Title", "h", 5))),
    Vector("A-5", lookup, b"P2P-CI/1.0 404 NOT FOUND\r\n\r\n", got(status=Status.NOT_FOUND)),
    Vector("A-5", lookup, b"P2P-CI/1.0  200  OK\r\n\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("A-5", lookup, b"200 OK\r\n\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("A-5", add, b"P2P-CI/1.0 505 Version Not Supported\r\n\r\n", 505),
    Vector("A-6", list_all, BAD, 400),
    Vector("A-6", list_all, BAD * 3, 400),
    Vector("A-6", add, b"P2P-CI/1.0 400 Bad Request\r\n\r\n" * 2, 400),
    Vector("A-9", list_all, (OK + b"\r\n" + LINES + b"\r\n").replace(b"\r", b""), got(SEVEN, EIGHT)),
    Vector("A-9", add, b"P2P-CI/1.0 400 Bad Request\n\n\n", 400),
    Vector("P-2.13", lookup, b"\r\n\n \r\n" + OK + b"\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("P-2.14", lookup, b"Hello, this is not it\r\n\r\n", ProtocolError),
    Vector("P-2.14", lookup, b"P2P-CI/1.0 2000 OK\r\n\r\n", ProtocolError),
    Vector("P-2.14", lookup, b"\x16\x03\x01\x00\xff\n\x00\n", ProtocolError),
    Vector("P-2.15", list_all, b"P2P-CI/1.0 400 Bad Request\r\nReason: none\r\nRFC 7 x h 5\r\n\r\n", 400),
    Vector("P-2.17", lookup, OK + b"\r\nRFC 7 h 5\r\n\r\n", got(Record(7, "", "h", 5))),
    Vector("P-2.17", lookup, OK + b"\r\nRFC 7  h 5\r\n\r\n", got(Record(7, "", "h", 5))),
    Vector("P-2.17", lookup, OK + "RFC 7 é\u00a0b h\t5\r\n\r\n".encode(), got(Record(7, "é\u00a0b", "h", 5))),
    Vector("P-2.17", lookup, OK + b"\r\nRFC 7 Seven Seas h 70000\r\n\r\n", ProtocolError),
    Vector("P-2.17", lookup, OK + b"\r\nRFC 7 Seven Seas h five\r\n\r\n", ProtocolError),
    Vector("P-2.17", lookup, OK + b"\r\nRFC 4294967296 Seven h 5\r\n\r\n", ProtocolError),
    Vector("P-2.18", lookup, OK + b"Features: none\r\nX-Y : z\r\n\r\n" + LINE + b"\r\n", got(SEVEN)),
    Vector("P-2.18", lookup, OK + b"\r\n" + LINE + b"Features: none\r\n\r\n", ProtocolError),
    Vector("P-2.19", list_all, OK + b"\r\nSorry, nothing here\r\n\r\n", ProtocolError),
    Vector("P-2.19", add, OK + b"\r\nThank you!\r\n\r\n", got()),
    Vector("P-2.19", add, OK + b"Thank: you\r\nThank you!\r\n", got()),
    Vector("P-2.19", list_all, OK + b"\r\n" + b"A: b\r\n" * 65, ProtocolError),
    Vector("P-2.19", list_all, OK + b"\r\n" + b"x" * 8200, ProtocolError),
]  # fmt: skip


def _in_segments() -> Iterator[ParameterSet]:
    for vector in VECTORS:
        name = f"{vector.about}-{vector.ask.__name__}"
        yield pytest.param(vector, len(vector.sent), id=name)
        # What follows an answer is dropped only when it has come before the next request (P-2.24).
        if vector.about != "A-6" and len(vector.sent) < 1000:
            yield pytest.param(vector, 1, id=f"{name} A-10")


def _limits(vector: Vector, step: int) -> ClientLimits:
    """Silences as short as they may be: where none ends the answer, a busy machine makes none either."""
    if isinstance(vector.expected, int) or (isinstance(vector.expected, Answer) and vector.expected.complete):
        return ClientLimits()
    in_danger = step == 1 and isinstance(vector.expected, Answer)
    return replace(SHORT, silence_seconds=0.3) if in_danger else SHORT


@pytest.mark.parametrize("vector,step", list(_in_segments()))
async def test_answer_is_read_as_meant_and_the_next_one_too(vector: Vector, step: int) -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(*(vector.sent[at : at + step] for at in range(0, len(vector.sent), step)))
        await server.answer(OK + b"\r\nRFC 9 Nine h 5\r\n\r\n")

    async with playing(script, limits=_limits(vector, step)) as client:
        match vector.expected:
            case Answer():
                assert await vector.ask(client) == vector.expected
            case int(code):
                with pytest.raises(RefusedError) as refused:
                    await vector.ask(client)
                assert refused.value.code == code
            case error:
                with pytest.raises(error):
                    await vector.ask(client)
        assert await client.list_all() == got(Record(9, "Nine", "h", 5))
