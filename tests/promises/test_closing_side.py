"""Row 16: an answer arrives whole, whatever its reader still sends behind the request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.conftest import Start
from tests.promises.running import Served, read_to_the_end
from tests.server.wire_client import BAD_REQUEST, add
from tests.upload.caller import get

TIMES = 30
DOCUMENT = bytes(range(256)) * 8192  # 2 MB
STRAY = {"one byte": b"x", "line end": b"\r\n", "second request": get(8), "much": b"z" * 200_000}


@pytest.fixture
def holder(start: Start, tmp_path: Path, on: tuple[str, ...]) -> Served:
    (tmp_path / "rfc7.txt").write_bytes(DOCUMENT)
    return start("holder", str(tmp_path), on=on)


def test_document_arrives_whole(holder: Served) -> None:
    for turn in range(TIMES):
        for stray in STRAY.values():
            peer = holder.peer()
            if turn % 2:
                peer.says(get(7) + stray)
                answer = b""
            else:
                peer.says(get(7))
                answer = peer.socket.recv(1000)
                peer.says(stray)
            assert (answer + read_to_the_end(peer)).partition(b"\r\n\r\n")[2] == DOCUMENT
            peer.close()


@pytest.mark.parametrize("wrong", [b"GET\r\n\r\n", b"GET RFC 0 P2P-CI/1.0\r\nHost: h\r\n\r\n"])
def test_refusal_by_a_holder_arrives_whole(holder: Served, wrong: bytes) -> None:
    for _ in range(TIMES):
        for kind, stray in STRAY.items():
            answer = holder.answers_all(wrong + stray)
            assert answer == b"P2P-CI/1.0 400 Bad Request\r\n\r\n", kind


def test_refusal_by_the_index_arrives_whole(index: Served) -> None:
    for _ in range(TIMES):
        for kind, stray in STRAY.items():
            for wrong in (b"POST / HTTP/1.1\r\n\r\n", add(7, "\0")):
                assert index.answers_all(wrong + stray) == BAD_REQUEST, kind
