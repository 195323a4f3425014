"""Row 16: an answer arrives whole, whatever its reader still sends behind the request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served
from tests.server.wire_client import BAD_REQUEST, add
from tests.upload.caller import get

TIMES = 30
DOCUMENT = bytes(range(256)) * 8192  # 2 MB
STRAY = {"one byte": b"x", "line end": b"\r\n", "second request": get(8), "much": b"z" * 200_000}


@pytest.fixture
def holder(start: Start, tmp_path: Path, on: tuple[str, ...]) -> Served:
    (tmp_path / "rfc7.txt").write_bytes(DOCUMENT)
    return start("holder", str(tmp_path), on=on)


@pytest.mark.parametrize("stray", STRAY)
def test_document_arrives_whole(holder: Served, stray: str) -> None:
    for turn in range(TIMES):
        peer = holder.peer()
        if turn % 2:
            peer.says(get(7) + STRAY[stray])
            answer = b""
        else:
            peer.says(get(7))
            answer = peer.socket.recv(1000)
            peer.says(STRAY[stray])
        while piece := peer.socket.recv(1 << 18):
            answer += piece
        assert answer.partition(b"\r\n\r\n")[2] == DOCUMENT


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("wrong", [b"GET\r\n\r\n", b"GET RFC 0 P2P-CI/1.0\r\nHost: h\r\n\r\n"])
def test_refusal_by_a_holder_arrives_whole(holder: Served, wrong: bytes, stray: str) -> None:
    for _ in range(TIMES):
        assert holder.answers_all(wrong + STRAY[stray]) == b"P2P-CI/1.0 400 Bad Request\r\n\r\n"


@pytest.mark.parametrize("stray", STRAY)
def test_refusal_by_the_index_arrives_whole(index: Served, stray: str) -> None:
    for _ in range(TIMES):
        assert index.answers_all(b"POST / HTTP/1.1\r\n\r\n" + STRAY[stray]) == BAD_REQUEST
        peer = index.peer()
        peer.says(add(7, "\0") + STRAY[stray])
        peer.hears(BAD_REQUEST)
        peer.hears_the_end()
