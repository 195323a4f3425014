"""Row 1: whatever is sent, there are well-formed answers or a clean close; no traceback, no long log."""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.promises.running import Served, codes_of
from tests.server.wire_client import LIST, add, lookup
from tests.upload.caller import get

SEED = 7734
REQUESTS = (
    add(7),
    add(8, "Tïtle ✓", host="fe80::1", port=65535),
    lookup(7),
    LIST,
    add(9).replace(b"\r\n\r\n", b"\r\nSize: 5\r\nRepr-Digest: sha-256=:AAAA:\r\nProbe: 0\r\n\r\n"),
    lookup(7).replace(
        b"\r\n\r\n", b"\r\nFeatures: pipeline, digest, holders, reason\r\nWant: digest\r\n\r\n"
    ),
    LIST.replace(b"\r\n\r\n", b"\r\nFeatures: digest, holders\r\nHolders: 3\r\nFrom: 7\r\nLimit: 2\r\n\r\n"),
    b"REMOVE RFC 7 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nFeatures: remove\r\n\r\n",
    get(7),
    get(8),
    get(7).replace(b"\r\n\r\n", b"\r\nRange: bytes=3-\r\nWant-Repr-Digest: sha-256=1\r\n\r\n"),
    get(7).replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n") * 2,
)
BYTES = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b":",
    b" ",
    b"\t",
    b"\x1b",
    b"\xff",
    b"\xc2\x85",
    b"9" * 5000,
)
DOCUMENT = re.compile(rb"P2P-CI/1\.0 ([0-9]{3}) [A-Z][^\r\n]*\r\n(?:[A-Z][A-Za-z-]*: [^\r\n]*\r\n)*\r\n")


def mutated(chance: Random) -> bytes:
    """A request, or two, with some of its bytes changed, taken away, doubled or put in."""
    data = bytearray(b"".join(chance.choices(REQUESTS, k=chance.choice((1, 1, 2)))))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 1, 2, 8, 40)))
        match chance.randrange(6):
            case 0:
                data[at:end] = chance.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.choice((1, 2, 300))
            case 3:
                data[at:at] = chance.choice(BYTES)
            case 4:
                data[at:end] = data[at:end].swapcase()
            case _:
                del data[at:]
    return bytes(data)


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)], ids=["some", "twenty thousand"]
)
def test_mutated_requests_have_well_formed_answers(index: Served, count: int) -> None:
    chance = Random(SEED)
    codes = {code for _ in range(count) for code in codes_of(index.says_all(mutated(chance)))}
    assert codes == {200, 400, 404, 505}
    assert index.records() == []


@pytest.mark.parametrize(
    "count", [1_000, pytest.param(20_000, marks=pytest.mark.slow)], ids=["some", "twenty thousand"]
)
def test_mutated_requests_for_documents_have_well_formed_answers(holder: Served, count: int) -> None:
    chance = Random(SEED)
    codes = set()
    for _ in range(count):
        answer = holder.says_all(mutated(chance))
        if answer:
            found = DOCUMENT.match(answer)
            assert found, answer
            codes.add(int(found[1]))
    assert {200, 206, 400, 404, 505} <= codes


def test_random_bytes_have_well_formed_answers(index: Served) -> None:
    chance = Random(SEED)
    for _ in range(500):
        codes_of(index.says_all(chance.randbytes(chance.randrange(1, 3000))))
