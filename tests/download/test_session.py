"""Which holders are asked, which bytes are right, and what is done about those who lie or fail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from p2pci import DownloadLimits, NetworkError, Record, Shelf
from p2pci.download import Downloads
from p2pci.errors import DisagreementError
from p2pci.events import Disagreement, Downloading, Event, SourceFailed
from p2pci.protocol.extensions import Copy
from tests.download.fake_holder import SHORT, End, FakeHolder, document_answer, serving

TEXT = b"Some text.\n" * 1000
OTHER = b"Same text!\n" * 1000
RIGHT, WRONG = hashlib.sha256(TEXT).digest(), hashlib.sha256(OTHER).digest()


def record(host: str, port: int, digest: bytes | None = None, *, number: int = 7) -> Record:
    return Record(number, "", host, port, Copy(len(TEXT), digest) if digest else None)


class Session:
    """Downloads, and what they told."""

    def __init__(self, shelf: Shelf, *, accepts: bytes | None = None, is_foreign: bool = False) -> None:
        self.events: list[Event] = []
        self.accepts = accepts
        self.downloads = Downloads(shelf, is_foreign=is_foreign, watch=self.events.append, limits=SHORT)

    async def get(self, records: Iterable[Record], *, number: int = 7) -> bytes:
        downloaded = await self.downloads.get(
            number, list(records), knows_features=False, accepts=self.accepts
        )
        assert downloaded.is_verified == any(record.copy for record in records)
        return downloaded.path.read_bytes()


async def test_liar_is_left_out_and_its_bytes_are_not_kept(shelf: Shelf) -> None:
    liar, honest = FakeHolder(document_answer(OTHER)), FakeHolder(document_answer(TEXT))
    async with serving(liar), serving(honest):
        session = Session(shelf)
        for _ in range(20):
            assert await session.get([record(*liar.address, RIGHT), record(*honest.address, RIGHT)]) == TEXT
            assert [path.name for path in shelf.path.iterdir()] == ["rfc7.txt"]
    (failed,) = [event for event in session.events if isinstance(event, SourceFailed)]
    assert "has other bytes than were announced" in failed.reason
    assert len(liar.requests) == 1  # it was remembered


async def test_only_liars_leave_nothing_and_are_asked_once_each(shelf: Shelf) -> None:
    limits = DownloadLimits(pauses_seconds=(0.0, 0.0))
    async with AsyncExitStack() as running:
        liars = [
            await running.enter_async_context(serving(FakeHolder(document_answer(OTHER)))) for _ in range(3)
        ]
        downloads = Downloads(shelf, is_foreign=False, limits=limits)
        records = [record(*liar.address, RIGHT) for liar in liars]
        with pytest.raises(
            NetworkError, match=r"None of 3 holder\(s\).* has other bytes than were announced"
        ):
            await downloads.get(7, records, knows_features=False)
    assert [len(liar.requests) for liar in liars] == [1, 1, 1]
    assert list(shelf.path.iterdir()) == []


async def test_majority_of_hosts_decides_and_not_of_peers(shelf: Shelf) -> None:
    holder = FakeHolder(document_answer(TEXT))
    async with serving(holder):
        session = Session(shelf)
        many_on_one_host = [record("192.0.2.66", port, WRONG) for port in range(1, 200)]
        hosts = [record(*holder.address, RIGHT), record("192.0.2.1", 9, RIGHT)]
        assert (
            await session.get([*many_on_one_host, hosts[0], *hosts[1:]][::-1][:2] + many_on_one_host) == TEXT
        )
    (told,) = [event for event in session.events if isinstance(event, Disagreement)]
    assert told == Disagreement(7, ((RIGHT, 2), (WRONG, 1)), RIGHT)
    dialled = {event.host for event in session.events if isinstance(event, Downloading)}
    assert "192.0.2.66" not in dialled


async def test_without_a_majority_nothing_is_fetched_until_a_digest_is_accepted(shelf: Shelf) -> None:
    holder = FakeHolder(document_answer(TEXT))
    async with serving(holder):
        records = [record(*holder.address, RIGHT), record("192.0.2.66", 9, WRONG)]
        with pytest.raises(DisagreementError, match=r"1 host\(s\): [0-9a-f]{64}; 1 host.*--accept") as caught:
            await Session(shelf).get(records)
        assert {digest for digest, _ in caught.value.votes} == {RIGHT, WRONG}
        assert holder.requests == []
        assert await Session(shelf, accepts=RIGHT).get(records) == TEXT


async def test_accepted_digest_is_demanded_where_nobody_announces_any(shelf: Shelf) -> None:
    holder = FakeHolder(document_answer(TEXT))
    async with serving(holder):
        with pytest.raises(NetworkError, match="has other bytes than were announced"):
            await Session(shelf, accepts=WRONG).get([record(*holder.address)])
        downloads = Downloads(shelf, is_foreign=False, limits=SHORT)
        records = [record(*holder.address)]
        assert (await downloads.get(7, records, knows_features=False, accepts=RIGHT)).is_verified


async def test_holder_that_failed_is_asked_last_from_then_on(shelf: Shelf) -> None:
    slow, good = FakeHolder(end=End.STAY_OPEN), FakeHolder(document_answer(TEXT))
    async with serving(slow), serving(good):
        session = Session(shelf)
        for number in range(1, 31):
            await session.get(
                [record(*slow.address, number=number), record(*good.address, number=number)], number=number
            )
    assert len(slow.requests) <= 1
    assert len(good.requests) == 30


async def test_holder_that_comes_back_is_tried_again_after_a_pause(shelf: Shelf) -> None:
    class Flaky(FakeHolder):
        def answer(self, request: bytes) -> tuple[bytes, ...]:
            return (document_answer(TEXT),) if len(self.requests) > 2 else ()

    async with serving(Flaky()) as holder:
        downloads = Downloads(shelf, is_foreign=False, limits=DownloadLimits(pauses_seconds=(0.01, 0.01)))
        downloaded = await downloads.get(7, [record(*holder.address)], knows_features=True)
    assert downloaded.path.read_bytes() == TEXT
    assert len(holder.requests) == 3
    assert b"Want-Repr-Digest" in holder.requests[0]
    assert b"Want-Repr-Digest" not in holder.requests[1]  # perhaps that is what it broke at


async def test_holders_address_that_is_our_own_is_not_dialled_for_an_index_elsewhere(shelf: Shelf) -> None:
    holder = FakeHolder(document_answer(TEXT))
    async with serving(holder):
        port = holder.address[1]
        for host in ("127.0.0.1", "localhost", "0.0.0.0", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
            with pytest.raises(NetworkError, match=r"it would be this machine itself|no host of that name"):
                await Session(shelf, is_foreign=True).get([record(host, port)])
        for host in ("169.254.169.254", "fe80::1", "224.0.0.1"):
            with pytest.raises(NetworkError, match="it would be this machine itself"):
                await Session(shelf, is_foreign=True).get([record(host, port)])
    assert holder.requests == []


async def test_million_holders_that_are_not_there_are_not_all_tried(shelf: Shelf) -> None:
    session = Session(shelf)
    nobody = [record(f"127.{high}.{low}.1", 1) for high in range(1, 101) for low in range(100)] * 100
    with pytest.raises(NetworkError, match=r"None of 32 holder\(s\) delivered"):
        await session.get(nobody)
    assert len([event for event in session.events if isinstance(event, Downloading)]) == 32


async def test_no_new_holder_is_tried_when_the_time_is_over(shelf: Shelf) -> None:
    silent = [FakeHolder(end=End.STAY_OPEN) for _ in range(3)]
    limits = DownloadLimits(head_seconds=0.2, give_up_seconds=0.1, pauses_seconds=(0.0, 0.0))
    async with AsyncExitStack() as running:
        for holder in silent:
            await running.enter_async_context(serving(holder))
        downloads = Downloads(shelf, is_foreign=False, limits=limits)
        with pytest.raises(NetworkError, match="None of 1 holder"):
            await downloads.get(7, [record(*holder.address) for holder in silent], knows_features=False)


async def test_older_copy_stays_when_holders_lie(shelf: Shelf, folder: Path) -> None:
    (folder / "rfc7.txt").write_bytes(b"older\n")
    async with serving(FakeHolder(document_answer(OTHER))) as liar:
        with pytest.raises(NetworkError):
            await Session(shelf).get([record(*liar.address, RIGHT)])
    assert (folder / "rfc7.txt").read_bytes() == b"older\n"
