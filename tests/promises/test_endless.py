"""Rows 2 and 22: what never ends is refused at its limit, and takes no memory."""

from __future__ import annotations

from itertools import count

import pytest

from tests.promises.running import ANSWER, Served, codes_of, until
from tests.promises.watching import MIB
from tests.server.wire_client import BAD_REQUEST, WirePeer, add, answer

AT_ONCE = 16
MOST_BYTES = 16 * MIB  # what the kernels on both sides hold, and the lingering close, is much less

ENDLESS = {
    "line": (b"", b"A" * 65536),
    "number": (b"ADD RFC ", b"1" * 65536),
    "header": (b"LIST ALL P2P-CI/1.0\r\nHost: ", b"h" * 65536),
    "title": (b"ADD RFC 7 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nTitle: ", b"t" * 65536),
    "headers": (b"LIST ALL P2P-CI/1.0\r\n", b"X: y\r\n" * 10000),
    "nuls": (b"", b"\0" * 65536),
}


def test_endless_request_is_refused_at_the_limit(index: Served) -> None:
    for beginning, more in ENDLESS.values():
        _attack(index, beginning, more)


def test_endless_request_for_a_document_is_refused_at_the_limit(holder: Served) -> None:
    for beginning, more in ENDLESS.values():
        _attack(holder, beginning, more)


def _attack(served: Served, beginning: bytes, more: bytes) -> None:
    peers = served.peers(AT_ONCE)
    for peer in peers:
        peer.says(beginning)
    sent = dict.fromkeys(peers, 0)
    while sent:
        for peer in list(sent):
            sent[peer] += _send(peer, more)
            assert sent[peer] < MOST_BYTES
            if _is_closed(peer):
                del sent[peer]


def test_blank_lines_are_no_request_and_cost_nothing(index: Served) -> None:
    peer = index.peer()
    for _ in range(100):
        peer.says(b"\r\n" * 32768)
    index.is_good_to(peer)


@pytest.mark.slow
def test_documents_without_end_are_refused_and_others_stay(index: Served) -> None:
    """Row 22."""
    attacker, good, newcomer = index.peers(3)
    good.asks(add(7), answer("7 Seven h 5"))
    numbers = count(1000)
    codes = set[int]()
    while codes != {400}:
        batch = [add(next(numbers), "T" * 500, port=6) for _ in range(200)]
        attacker.says(b"".join(batch))
        codes = _codes(attacker, count=len(batch))
        index.is_good_to(good)
        assert index.grown_bytes < 512 * MIB
    taken = index.grown_bytes
    print(f"{taken / MIB:.0f} MiB for {next(numbers) - 1000} documents")
    index.at_first_bytes += taken
    newcomer.asks(add(7, port=8), answer("7 Seven h 8"))
    newcomer.asks(add(9, "T" * 500, port=8), BAD_REQUEST)  # a short one may still fit
    attacker.resets()
    until(lambda: len(index.records()) == 2)
    newcomer.asks(add(9, port=8), answer("9 Seven h 8"))


def _codes(peer: WirePeer, *, count: int) -> set[int]:
    """The codes of so many answers."""
    heard = b""
    while len(ANSWER.findall(heard)) < count:
        heard += peer.socket.recv(1 << 18)
    return set(codes_of(heard))


def _send(peer: WirePeer, data: bytes) -> int:
    peer.socket.settimeout(0)
    try:
        return peer.socket.send(data)
    except BlockingIOError:
        return 0
    except ConnectionError:
        return 0


def _is_closed(peer: WirePeer) -> bool:
    """Whether the end has come, behind a 400 if that was not lost in the flood."""
    try:
        came = peer.socket.recv(65536)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    assert came in (b"", b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n", b"P2P-CI/1.0 400 Bad Request\r\n\r\n")
    return not came
