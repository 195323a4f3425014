"""Going on where a download broke off, with holders of every kind."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from p2pci import DeadlineError, DownloadLimits, NetworkError, Shelf, UploadServer, fetch
from p2pci.download import Manner
from p2pci.errors import WrongDocumentError
from p2pci.library import Incoming, Version
from tests.download.fake_holder import SHORT, End, FakeHolder, document_answer, serving

TEXT = os.urandom(300_000)
DIGEST = hashlib.sha256(TEXT).digest()
HALF = 150_000
VERIFIED = Manner(digest=DIGEST)
MODIFIED = b"Fri, 17 Apr 2026 16:08:18 GMT"  # as the fakes answer


def begin(shelf: Shelf, data: bytes = TEXT[:HALF], *, version: Version | None = None) -> None:
    """Leave a part behind, as a download that broke off does."""
    with shelf.receive(7, version=version or Version(len(TEXT), DIGEST)) as incoming:
        incoming.write(data)


def parts(shelf: Shelf) -> list[Path]:
    return [path for path in shelf.path.iterdir() if path.suffix == ".part"]


@pytest_asyncio.fixture
async def holder(tmp_path: Path) -> AsyncIterator[UploadServer]:
    """A real one, which has the document."""
    with Shelf(tmp_path / "theirs") as theirs:
        (theirs.path / "rfc7.txt").write_bytes(TEXT)
        async with UploadServer(theirs, host="127.0.0.1") as server:
            yield server


# P-5.20, P-5.21
@pytest.mark.parametrize("there", [1, HALF, len(TEXT) - 1, len(TEXT)])
async def test_real_holder_sends_the_rest_alone(shelf: Shelf, holder: UploadServer, there: int) -> None:
    begin(shelf, TEXT[:there])
    requests: list[bytes] = []
    downloaded = await fetch(
        7,
        ("127.0.0.1", holder.port),
        shelf=shelf,
        manner=VERIFIED,
        trace=lambda event: requests.append(event.data),  # type: ignore[union-attr]
        limits=SHORT,
    )
    assert downloaded.path.read_bytes() == TEXT
    assert f"\r\nRange: bytes={there}-\r\n".encode() in requests[0]
    assert len(requests) == 2  # one request, one head
    assert requests[1].startswith(b"P2P-CI/1.0 206 " if there < len(TEXT) else b"P2P-CI/1.0 416 ")
    assert parts(shelf) == []


async def test_part_that_was_begun_without_a_digest_is_known_by_its_date(shelf: Shelf) -> None:
    begin(shelf, version=Version(len(TEXT), modified=MODIFIED))
    rest = _part_answer(TEXT[HALF:], f"bytes {HALF}-{len(TEXT) - 1}/{len(TEXT)}")
    async with serving(FakeHolder(rest)) as fake:
        downloaded = await fetch(7, fake.address, shelf=shelf, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
    assert not downloaded.is_verified


# Found by simulation: the whole was written behind the part of the same date, and kept.
async def test_whole_that_is_asked_for_in_spite_of_a_part_is_begun_anew(shelf: Shelf) -> None:
    begin(shelf, version=Version(len(TEXT), modified=MODIFIED))
    async with serving(FakeHolder(document_answer(TEXT))) as fake:
        downloaded = await fetch(7, fake.address, shelf=shelf, manner=Manner(resumes=False), limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
    assert parts(shelf) == []


async def test_holder_of_1_0_sends_the_whole_which_is_begun_anew(shelf: Shelf) -> None:
    begin(shelf)
    async with serving(FakeHolder(document_answer(TEXT))) as fake:
        assert (await fetch(7, fake.address, shelf=shelf, limits=SHORT)).path.read_bytes() == TEXT
    assert len(fake.requests) == 1
    assert parts(shelf) == []


async def test_holder_that_answers_400_to_what_it_does_not_know_is_asked_plainly(shelf: Shelf) -> None:
    begin(shelf)

    class Strict(FakeHolder):
        def answer(self, request: bytes) -> tuple[bytes, ...]:
            plain = request.count(b"\r\n") == 4  # the request line, Host, OS, and the blank line
            return (document_answer(TEXT) if plain else b"P2P-CI/1.0 400 Bad Request\r\n\r\n",)

    async with serving(Strict()) as fake:
        assert (await fetch(7, fake.address, shelf=shelf, limits=SHORT)).path.read_bytes() == TEXT
        assert [b"Range" in request for request in fake.requests] == [True, False]
        (shelf.path / "rfc7.txt").unlink()
        await fetch(7, fake.address, shelf=shelf, manner=Manner(asks_digest=True), limits=SHORT)
        assert [b"Want" in request for request in fake.requests[2:]] == [True, False]


def _part_answer(body: bytes, content_range: str, *, length: int | None = None) -> bytes:
    whole = document_answer(body, length=length)
    head = whole.replace(b"200 OK", b"206 Partial Content", 1)
    return head.replace(b"\r\n\r\n", f"\r\nContent-Range: {content_range}\r\n\r\n".encode(), 1)


WRONG_PARTS = {
    "another place": _part_answer(TEXT[HALF:], f"bytes 0-{HALF - 1}/{len(TEXT)}"),
    "another size": _part_answer(TEXT[HALF:], f"bytes {HALF}-{len(TEXT)}/{len(TEXT) + 1}"),
    "not to the end": _part_answer(b"x", f"bytes {HALF}-{HALF}/{len(TEXT)}"),
    "another length": _part_answer(TEXT[HALF:], f"bytes {HALF}-{len(TEXT) - 1}/{len(TEXT)}", length=9),
    "nonsense": _part_answer(TEXT[HALF:], "bytes all"),
    "nothing more": b"P2P-CI/1.0 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\n\r\n",
    "nothing more of nothing": b"P2P-CI/1.0 416 Range Not Satisfiable\r\n\r\n",
    "other bytes": _part_answer(bytes(HALF), f"bytes {HALF}-{len(TEXT) - 1}/{len(TEXT)}"),
}


@pytest.mark.parametrize("answer", WRONG_PARTS.values(), ids=WRONG_PARTS.keys())
async def test_wrong_part_is_not_taken_and_the_document_asked_for_anew(shelf: Shelf, answer: bytes) -> None:
    begin(shelf)

    class Confused(FakeHolder):
        def answer(self, request: bytes) -> tuple[bytes, ...]:
            return (answer if b"Range" in request else document_answer(TEXT),)

    async with serving(Confused()) as fake:
        downloaded = await fetch(7, fake.address, shelf=shelf, manner=VERIFIED, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
    assert [b"Range" in request for request in fake.requests] == [True, False]
    assert parts(shelf) == []


async def test_part_with_wrong_bytes_costs_one_more_request_and_no_wrong_document(
    shelf: Shelf, holder: UploadServer
) -> None:
    begin(shelf, bytes(HALF))
    downloaded = await fetch(7, ("127.0.0.1", holder.port), shelf=shelf, manner=VERIFIED, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT


async def test_206_that_nobody_asked_for_is_refused(shelf: Shelf) -> None:
    async with serving(FakeHolder(_part_answer(TEXT, f"bytes 0-{len(TEXT) - 1}/{len(TEXT)}"))) as fake:
        with pytest.raises(Exception, match="answered with 206"):
            await fetch(7, fake.address, shelf=shelf, limits=SHORT)
    assert list(shelf.path.iterdir()) == []


async def test_digest_in_the_head_that_is_not_the_announced_one_ends_it_before_the_body(shelf: Shelf) -> None:
    announced = b"Repr-Digest: sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:\r\n"
    head = document_answer(b"", length=len(TEXT)).replace(b"Content-Type", announced + b"Content-Type")
    async with serving(FakeHolder(head, end=End.STAY_OPEN)) as fake:
        with pytest.raises(WrongDocumentError):
            await fetch(7, fake.address, shelf=shelf, manner=VERIFIED, limits=SHORT)


async def test_two_downloads_at_once_do_not_share_a_part(shelf: Shelf, holder: UploadServer) -> None:
    begin(shelf)
    fetching = [
        fetch(7, ("127.0.0.1", holder.port), shelf=shelf, manner=VERIFIED, limits=SHORT) for _ in "123"
    ]
    for downloaded in await asyncio.gather(*fetching):
        assert downloaded.path.read_bytes() == TEXT
    assert [path.name for path in shelf.path.iterdir()] == ["rfc7.txt"]


async def test_part_that_is_begun_while_another_is_named_is_left_alone(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = Version(len(TEXT), DIGEST)
    second: list[Incoming] = []
    with shelf.receive(7, version=version) as first:
        first.write(TEXT)
        monkeypatch.setattr(shelf._folder, "sync", lambda: second.append(shelf.receive(7, version=version)))
        first.commit()
    monkeypatch.undo()
    with second[0] as incoming:
        incoming.write(TEXT)
        assert incoming.commit().read_bytes() == TEXT


async def test_broken_download_goes_on_with_another_holder(shelf: Shelf, holder: UploadServer) -> None:
    answer = document_answer(TEXT)
    async with serving(FakeHolder(answer[: len(answer) - 1000])) as broken:
        with pytest.raises(NetworkError, match="of 300000 bytes"):
            await fetch(7, broken.address, shelf=shelf, manner=VERIFIED, limits=SHORT)
    (part,) = parts(shelf)
    assert part.read_bytes() == TEXT[:-1000]
    downloaded = await fetch(7, ("127.0.0.1", holder.port), shelf=shelf, manner=VERIFIED, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
    assert downloaded.is_verified


async def test_holder_that_drips_is_given_up(shelf: Shelf) -> None:
    answer = document_answer(TEXT[:1000])
    limits = DownloadLimits(stall_seconds=0.3, min_bytes_per_second=1000)
    segments = [answer[:300], *(answer[at : at + 1] for at in range(300, len(answer)))]
    async with serving(FakeHolder(*segments, pause_seconds=0.01)) as fake:
        with pytest.raises(DeadlineError, match="sends too slowly: "):
            await fetch(7, fake.address, shelf=shelf, limits=limits)


async def test_head_that_drips_is_given_up(shelf: Shelf) -> None:
    answer = document_answer(b"")
    segments = [answer[at : at + 1] for at in range(len(answer))]
    async with serving(FakeHolder(*segments, pause_seconds=0.01)) as fake:
        with pytest.raises(DeadlineError, match="did not answer within"):
            await fetch(7, fake.address, shelf=shelf, limits=DownloadLimits(head_seconds=0.3))


async def test_holder_that_chokes_on_one_thing_after_another_is_asked_plainly_in_the_end(
    shelf: Shelf,
) -> None:
    begin(shelf)

    class Choking(FakeHolder):
        def answer(self, request: bytes) -> tuple[bytes, ...]:
            if b"Range" in request:
                return (_part_answer(b"x", f"bytes 0-0/{len(TEXT)}"),)
            if b"Want" in request:
                return (b"P2P-CI/1.0 400 Bad Request\r\n\r\n",)
            return (document_answer(TEXT),)

    async with serving(Choking()) as fake:
        downloaded = await fetch(7, fake.address, shelf=shelf, manner=Manner(asks_digest=True), limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
    assert len(fake.requests) == 3


async def test_larger_part_of_another_version_is_passed_over(shelf: Shelf, holder: UploadServer) -> None:
    begin(shelf, TEXT[:1000])
    begin(shelf, bytes(HALF), version=Version(HALF * 3, modified=b"some day"))
    downloaded = await fetch(7, ("127.0.0.1", holder.port), shelf=shelf, manner=VERIFIED, limits=SHORT)
    assert downloaded.path.read_bytes() == TEXT
