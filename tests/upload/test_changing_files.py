"""Files that change under an upload: the old bytes, or too few of them; never others."""

from __future__ import annotations

import os
import select
from contextlib import closing
from pathlib import Path

import pytest

from tests.upload.caller import BIG_BYTES, Caller, body_of, exchange, get

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

PATTERN = os.urandom(1 << 16)
OLD = PATTERN * (BIG_BYTES // len(PATTERN))


@pytest.fixture(params=["in a thread", "in pieces"], autouse=True)
def sending(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as on a system where no thread can wait for a socket: what is large is read and written."""
    if request.param == "in pieces":
        monkeypatch.delattr(select, "poll", raising=False)


async def _body_across(folder: Path, port: int, change: str) -> tuple[int, bytes]:
    """Ask for OLD, change its file when the first bytes are here, and give the length and the body."""
    place = folder / "rfc7.txt"
    place.write_bytes(OLD)
    caller = await Caller.connect(port)
    with closing(caller):
        await caller.send(get(7))
        answer = await caller.read(2000)
        match change:
            case "truncate":
                os.truncate(place, BIG_BYTES // 2)
            case "empty":
                os.truncate(place, 0)
            case "grow":
                with place.open("ab") as file:
                    file.write(b"more")
            case "replace":
                (folder / "new").write_bytes(b"new\n" * (BIG_BYTES // 4))
                (folder / "new").replace(place)
            case "folder":
                place.unlink()
                place.mkdir()
            case _:
                place.unlink()
        answer += await caller.read_all()
    head = answer.partition(b"\r\n\r\n")[0].decode()
    return int(head.partition("Content-Length: ")[2].split()[0]), body_of(answer)


@pytest.mark.parametrize("change", ["remove", "replace", "grow", "folder"])
async def test_bytes_are_those_of_the_file_that_was_opened(folder: Path, port: int, change: str) -> None:
    size, body = await _body_across(folder, port, change)
    assert size == BIG_BYTES
    assert body == OLD


@pytest.mark.parametrize("change", ["truncate", "empty"])
async def test_file_that_shrinks_ends_in_a_short_body(folder: Path, port: int, change: str) -> None:
    size, body = await _body_across(folder, port, change)
    assert size == BIG_BYTES
    assert len(body) < BIG_BYTES
    assert OLD.startswith(body)


async def test_next_get_sees_what_is_there_now(folder: Path, port: int) -> None:
    place = folder / "rfc7.txt"
    place.write_bytes(b"first\n")
    assert body_of(await exchange(port, get(7))) == b"first\n"
    place.write_bytes(b"second one\n")
    assert body_of(await exchange(port, get(7))) == b"second one\n"
    place.unlink()
    assert await exchange(port, get(7)) == b"P2P-CI/1.0 404 Not Found\r\n\r\n"
    place.write_bytes(b"third\n")
    assert body_of(await exchange(port, get(7))) == b"third\n"


async def test_document_at_rest_is_served_twice_and_forgotten_with_its_file(folder: Path, port: int) -> None:
    """The second answer comes from memory, which may show in its speed alone."""
    place = folder / "rfc7.txt"
    for age, text in enumerate([b"first\n", b"other\n"]):
        place.write_bytes(text)
        os.utime(place, (1e9 + age, 1e9 + age))
        answers = [await exchange(port, get(7)) for _ in range(2)]
        assert [body_of(answer) for answer in answers] == [text] * 2
        assert all(b"Last-Modified: Sun, 09 Sep 2001 01:46:4%d GMT" % age in answer for answer in answers)
    place.unlink()
    assert await exchange(port, get(7)) == b"P2P-CI/1.0 404 Not Found\r\n\r\n"


async def test_folder_that_is_gone_is_404(folder: Path, port: int) -> None:
    (folder / "rfc7.txt").write_bytes(b"seven\n")
    (folder / "rfc7.txt").unlink()
    folder.rmdir()
    assert await exchange(port, get(7)) == b"P2P-CI/1.0 404 Not Found\r\n\r\n"
