"""Row 17: an evil holder or index costs a client little, and leaves no wrong file."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, answering, member
from tests.promises.conftest import Start
from tests.promises.evil import Ended, endless, run_measured
from tests.promises.running import Served
from tests.promises.watching import MORE_BYTES
from tests.server.wire_client import NOT_FOUND, OK, add

pytestmark = pytest.mark.slow  # many processes, or much waiting

HEAD = b"P2P-CI/1.0 200 OK\r\n"
PIECE = b"x" * 65536
NETWORK, PROTOCOL = 4, 5
DATED = HEAD + b"Date: Sun, 26 Apr 2026 21:30:16 GMT\r\nOS: Evil 1\r\nLast-Modified: never\r\n"

HOLDERS = {
    "endless status line": (b"P2P-CI/1.0 200 ", PIECE),
    "endless header": (HEAD + b"OS: ", PIECE),
    "endless headers": (HEAD, b"X: y\r\n" * 10_000),
    "endless blank lines": (b"", b"\r\n" * 30_000),
    "no length": (HEAD + b"\r\n", PIECE),
    "enormous length": (DATED + b"Content-Length: 99999999999\r\n\r\n", PIECE),
    "length of 5,000 digits": (DATED + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", PIECE),
    "negative length": (DATED + b"Content-Length: -1\r\n\r\n", PIECE),
    "another protocol": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000),
    "nothing but bytes": (b"", bytes(range(256)) * 256),
}
INDEXES = {
    "endless status line": (b"P2P-CI/1.0 200 ", PIECE),
    "endless headers": (HEAD, b"X: y\r\n" * 10_000),
    "endless records": (OK, b"RFC 7 Seven 10.0.0.1 1\r\n" * 2500),
    "endless records of copies": (
        HEAD + b"Features: digest, holders\r\nWant: digest\r\nHolders: 32\r\n\r\n",
        b"RFC 3457 Req 10.0.0.1 63237 12345678 %b 40000\r\n" % (b"ab" * 32) * 600,
    ),
    "endless wide records": (OK, b"RFC 300 \xf0\x9f\x99\x82%b h 300\r\n" % (b"t" * 8000) * 8),
    "endless record": (OK + b"RFC 7 ", PIECE),
    "endless host": (OK + b"RFC 7 Seven ", PIECE),
    "endless digits": (OK + b"RFC ", b"7" * 65536),
    "nothing but bytes": (b"", bytes(range(256)) * 256),
    "endless refusals": (b"", b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n" * 2000),
}


@pytest.fixture
def index(start: Start) -> Served:
    return start("index")


@pytest.fixture(scope="module")
def usual_bytes(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The memory of a `get` to which nothing evil happens."""
    with answering(NOT_FOUND) as port:
        usual = run_measured(
            (*P2PCI, "get", "7", "--server", f"{LOOPBACK}:{port}"), cwd=tmp_path_factory.mktemp("usual")
        )
    assert usual.code == 3
    return usual.peak_bytes


def test_evil_holders(index: Served, tmp_path: Path, usual_bytes: int) -> None:
    def get(number: int, answer: tuple[bytes, bytes]) -> tuple[int, Ended]:
        with endless(*answer) as port, member(index.port, add(number, host=LOOPBACK, port=port)):
            words = ("get", str(number), "--server", f"{LOOPBACK}:{index.port}")
            return port, run_measured((*P2PCI, *words), cwd=tmp_path)

    with ThreadPoolExecutor(len(HOLDERS)) as pool:  # most of the time is pauses between rounds
        results = list(pool.map(get, range(1, len(HOLDERS) + 1), HOLDERS.values()))
    for kind, (port, ended) in zip(HOLDERS, results, strict=True):
        assert ended.code in (NETWORK, PROTOCOL), (kind, ended)
        assert f"{LOOPBACK}:{port}" in ended.output + ended.errors, kind
        assert len(ended.output + ended.errors) < 10_000, kind
        assert ended.peak_bytes - usual_bytes < MORE_BYTES, kind
    assert list(tmp_path.glob("rfc*")) == []
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= MORE_BYTES


@pytest.mark.parametrize("kind", INDEXES)
def test_evil_index(tmp_path: Path, usual_bytes: int, kind: str) -> None:
    _ask_evil_index("get", "7", answer=INDEXES[kind], folder=tmp_path, usual_bytes=usual_bytes)


@pytest.mark.parametrize("words", [("list",), ("lookup", "7")], ids=" ".join)
def test_evil_index_that_is_asked_for_records(
    tmp_path: Path, usual_bytes: int, words: tuple[str, ...]
) -> None:
    answer = INDEXES["endless record"]
    _ask_evil_index(*words, answer=answer, folder=tmp_path, usual_bytes=usual_bytes)


@pytest.mark.slow  # the two deadlines of an answer, with features and without
def test_evil_index_of_blank_lines_is_given_up(tmp_path: Path, usual_bytes: int) -> None:
    answer = (b"", b"\r\n" * 500)
    _ask_evil_index("list", answer=answer, folder=tmp_path, usual_bytes=usual_bytes)


@pytest.mark.parametrize("kind", INDEXES)
def test_evil_index_of_a_mirror(tmp_path: Path, usual_bytes: int, kind: str) -> None:
    answer = INDEXES[kind]
    _ask_evil_index("mirror", "--all", answer=answer, folder=tmp_path, usual_bytes=usual_bytes)


def test_index_of_more_numbers_than_a_mirror_can_keep(tmp_path: Path, usual_bytes: int) -> None:
    records = b"".join(
        b"RFC %d A Title of Some Words 10.0.0.1 5\r\n" % number for number in range(1, 600_000)
    )
    with answering(OK + records + b"\r\n") as port:
        words = ("mirror", "--all", "--server", f"{LOOPBACK}:{port}")
        ended = run_measured((*P2PCI, *words), cwd=tmp_path)
    assert ended.code == PROTOCOL
    assert "Ask for a --range" in ended.errors
    assert ended.peak_bytes - usual_bytes < MORE_BYTES


def _ask_evil_index(*words: str, answer: tuple[bytes, bytes], folder: Path, usual_bytes: int) -> None:
    with endless(*answer) as port:
        ended = run_measured((*P2PCI, *words, "--server", f"{LOOPBACK}:{port}"), cwd=folder)
    assert ended.code in (NETWORK, PROTOCOL), ended
    assert len(ended.output + ended.errors) < 10_000
    assert ended.peak_bytes - usual_bytes < MORE_BYTES
    assert not any(path.is_file() for path in folder.rglob("*"))


@pytest.mark.parametrize("words", [("list",), ("list", "--json"), ("lookup", "7")], ids=" ".join)
def test_answer_of_a_large_swarm_comes_whole_and_costs_little(
    tmp_path: Path, usual_bytes: int, words: tuple[str, ...]
) -> None:
    count = 400_000
    records = b"".join(b"RFC 7 Seven h%d %d\r\n" % divmod(number, 65535) for number in range(1, count + 1))
    records = records.replace(b" 0\r\n", b" 65535\r\n")
    with answering(OK + records + b"\r\n") as port:
        ended = run_measured((*P2PCI, *words, "--server", f"{LOOPBACK}:{port}"), cwd=tmp_path)
    assert (ended.code, ended.errors) == (0, "")
    told = json.loads(ended.output) if "--json" in words else ended.output.splitlines()
    assert len(told) == count
    assert ended.peak_bytes - usual_bytes < MORE_BYTES


def test_index_that_names_thousands_of_dead_holders(tmp_path: Path, usual_bytes: int) -> None:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        dead = held.getsockname()[1]
        records = b"".join(
            b"RFC 7 Seven 127.0.0.%d %d\r\n" % (number % 250 + 2, dead) for number in range(5000)
        )
        with answering(OK + records + b"\r\n") as port:
            ended = run_measured((*P2PCI, "get", "7", "--server", f"{LOOPBACK}:{port}"), cwd=tmp_path)
    assert ended.code == NETWORK
    assert ended.peak_bytes - usual_bytes < MORE_BYTES
    assert list(tmp_path.iterdir()) == []
