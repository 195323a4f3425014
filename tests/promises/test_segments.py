"""Row 3: the same answers in the same order, however the requests are cut, joined or ended."""

from __future__ import annotations

import pytest

from tests.promises.running import Served, codes_of, read_to_the_end
from tests.server.wire_client import LIST, WirePeer, add, lookup
from tests.upload.caller import get

CONVERSATION = (
    add(7)
    + lookup(7).replace(b"\r\n", b"\n")
    + b"\r\n"
    + add(7, "Séven")
    + lookup(8)
    + lookup(7).replace(b"1.0", b"2.0")
    + LIST
    + b"EXIT P2P-CI/1.0\r\nHost: h\r\n\r\n"
    + lookup(7)
)
CODES = [200, 200, 200, 404, 505, 200, 400, 200]


@pytest.fixture
def expected(index: Served) -> bytes:
    answers = index.says_all(CONVERSATION)
    assert codes_of(answers) == CODES
    return answers


def test_split_at_every_offset(index: Served, expected: bytes) -> None:
    witness = index.peer()
    for offset in range(1, len(CONVERSATION)):
        peer = index.peer()
        peer.says(CONVERSATION[:offset])
        index.is_good_to(witness)  # who comes later was answered: the first part has been read
        peer.says(CONVERSATION[offset:])
        peer.half_closes()
        assert read_to_the_end(peer) == expected, offset
        peer.close()


def test_one_byte_at_a_time(index: Served, expected: bytes) -> None:
    witness, peer = index.peers(2)
    for offset in range(len(CONVERSATION)):
        peer.says(CONVERSATION[offset : offset + 1])
        index.is_good_to(witness)
    peer.half_closes()
    assert read_to_the_end(peer) == expected


def test_two_hundred_pipelined_are_answered_in_order(index: Served) -> None:
    peer = index.peer()
    peer.says(b"".join(add(number, f"T{number}") + lookup(number) for number in range(1, 101)))
    for number in range(1, 101):
        for _ in range(2):
            peer.hears(b"P2P-CI/1.0 200 OK\r\n\r\nRFC %d T%d h 5\r\n\r\n" % (number, number))


@pytest.mark.parametrize("missing", [b"\r\n", b"\r\n\r\n"], ids=["blank line", "both line ends"])
def test_half_closed_without_the_blank_line_is_answered(index: Served, missing: bytes) -> None:
    answers = index.says_all(add(7) + LIST.removesuffix(missing))
    assert answers == b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 Seven h 5\r\n\r\n" * 2


def test_get_split_at_every_offset_gives_the_document(holder: Served) -> None:
    request = get(7)
    (head, _, body) = holder.says_all(request).partition(b"\r\n\r\n")
    assert head.startswith(b"P2P-CI/1.0 200 OK\r\n")
    for offset in range(1, len(request)):
        peer = holder.peer()
        peer.says(request[:offset])
        assert _body(holder.peer(), request) == body
        assert _body(peer, request[offset:]) == body, offset
    assert _body(holder.peer(), request.removesuffix(b"\r\n"), half_closes=True) == body


def _body(peer: WirePeer, request: bytes, *, half_closes: bool = False) -> bytes:
    peer.says(request)
    if half_closes:
        peer.half_closes()
    answer = read_to_the_end(peer)
    peer.close()
    return answer.partition(b"\r\n\r\n")[2]
