"""Whole shelves from holders of every kind: what is kept is right, and what can come comes."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import signal
import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from p2pci import CannotConnectError, ConnectionLostError, DownloadLimits, LibraryError, Shelf
from p2pci.events import Disagreement, SourceLeftOut
from p2pci.library import Document
from p2pci.mirror import Mirror, MirrorOptions, Selection, storing
from p2pci.mirror.transfer import LARGE_BYTES
from tests.download.fake_holder import End, FakeHolder, document_answer
from tests.mirror.conftest import ALL, SHORT, Swarm, hidden, mirror_all, on, text_of

DOCUMENTS = {number: text_of(number, 10 * number) for number in range(1, 301)}


async def test_shelf_gets_all_that_the_swarm_has(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder({number: DOCUMENTS[number] for number in range(1, 201)})
    await swarm.holder({number: DOCUMENTS[number] for number in range(100, 301)})
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == DOCUMENTS
    assert hidden(shelf) == []
    assert (done.mirror.documents, done.mirror.size) == (300, sum(map(len, DOCUMENTS.values())))
    assert sum(source.documents for source in done.mirror.sources) == 300
    assert (done.mirror.failed, done.mirror.unverified, done.events) == ({}, [], [])


async def test_second_run_has_nothing_to_do_and_knows_the_titles_again(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder(DOCUMENTS)
    await mirror_all(swarm.index.port, shelf)
    again = await mirror_all(swarm.index.port, shelf)
    assert (again.plan.wanted, again.plan.present, again.mirror.documents) == ([], 300, 0)
    with Shelf(shelf.path) as reopened:
        documents = reopened.scan()
    assert documents[7].title == "7. Some text of RFC 7."
    assert documents[7].digest == hashlib.sha256(DOCUMENTS[7]).digest()


async def test_selection_counts_number_and_title(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder(DOCUMENTS)
    await mirror_all(swarm.index.port, shelf, selection=Selection(((3, 5), (290, 2**32 - 1)), ("title",)))
    assert sorted(on(shelf)) == [3, 4, 5, *range(290, 301)]
    await mirror_all(swarm.index.port, shelf, selection=Selection(((1, 300),), ("title", "no such word")))
    assert len(on(shelf)) == 14


async def test_one_liar_of_three_is_left_out_and_every_kept_document_is_right(
    swarm: Swarm, shelf: Shelf
) -> None:
    """The liar announces what the others do, and sends something else of the same length."""
    await swarm.holder(DOCUMENTS)
    await swarm.holder(DOCUMENTS)
    liar = await swarm.holder({number: b"x" * len(text) for number, text in DOCUMENTS.items()})
    await swarm.register(DOCUMENTS, ("127.0.0.1", liar.port))
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == DOCUMENTS
    (left_out,) = done.told(SourceLeftOut)
    assert isinstance(left_out, SourceLeftOut)
    assert (left_out.port, "has other bytes than were announced" in left_out.reason) == (liar.port, True)


async def test_majority_of_hosts_decides(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder(DOCUMENTS, host="localhost")
    await swarm.holder(DOCUMENTS, host="127.0.0.1")
    wrong = await swarm.holder({7: b"wrong"}, host="127.0.0.2")
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == DOCUMENTS
    assert wrong.port not in {source.address[1] for source in done.mirror.sources}


async def test_document_without_a_majority_is_not_taken_until_one_is_accepted(
    swarm: Swarm, shelf: Shelf
) -> None:
    await swarm.holder({7: b"one", 8: b"eight"}, host="127.0.0.1")
    await swarm.holder({7: b"two"}, host="127.0.0.2")
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == {8: b"eight"}
    (disputed,) = done.plan.disputed
    assert {vote.digest for vote in disputed.votes} == {
        hashlib.sha256(text).digest() for text in (b"one", b"two")
    }
    accepted = hashlib.sha256(b"one").digest()
    await mirror_all(swarm.index.port, shelf, accepts=(accepted,))
    assert on(shelf) == {7: b"one", 8: b"eight"}


async def test_what_differs_is_listed_and_stays(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder({7: b"theirs", 8: b"eight"})
    (shelf.path / "rfc7.txt").write_bytes(b"ours")
    done = await mirror_all(swarm.index.port, shelf)
    assert [offer.number for offer in done.plan.differing] == [7]
    assert on(shelf) == {7: b"ours", 8: b"eight"}


async def test_what_differs_is_replaced_when_asked_and_kept_aside(swarm: Swarm, shelf: Shelf) -> None:
    large = text_of(9, LARGE_BYTES + 1)
    await swarm.holder({7: b"theirs", 8: b"eight", 9: large})
    for number in (7, 8, 9):
        (shelf.path / f"rfc{number}.txt").write_bytes(b"eight" if number == 8 else b"ours")
    await mirror_all(swarm.index.port, shelf, replaces=True)
    assert on(shelf) == {7: b"theirs", 8: b"eight", 9: large}
    assert sorted(path.name for path in shelf.path.glob("*.orig")) == ["rfc7.txt.orig", "rfc9.txt.orig"]
    assert (shelf.path / "rfc7.txt.orig").read_bytes() == b"ours"


async def test_what_is_no_document_in_the_place_of_one_is_the_reason(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder({7: b"seven", 8: b"eight"})
    (shelf.path / "rfc7.txt").mkdir()
    done = await mirror_all(swarm.index.port, shelf)
    assert "is no document" in done.mirror.failed[7]
    assert done.mirror.documents == 1


async def test_present_copy_is_put_aside_for_a_new_one_alone(swarm: Swarm, shelf: Shelf) -> None:
    """Not when the new one does not come, and not when it is the same."""
    large = text_of(9, LARGE_BYTES + 1)
    await swarm.fake(FakeHolder(document_answer(large[:-1], length=len(large))), {9: large})
    (shelf.path / "rfc9.txt").write_bytes(b"ours")
    done = await mirror_all(swarm.index.port, shelf, replaces=True)
    assert 9 in done.mirror.failed
    assert on(shelf) == {9: b"ours"}
    assert list(shelf.path.glob("*.orig")) == []
    mirror = Mirror(
        ("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(replaces=True, limits=SHORT)
    )
    plan = await mirror.plan(ALL)
    (shelf.path / "rfc9.txt").write_bytes(large)  # somebody else was faster
    await swarm.holder({9: large})
    await mirror.run(plan)
    await mirror.close()
    assert list(shelf.path.glob("*.orig")) == []


async def test_what_came_to_the_shelf_meanwhile_stays(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder({7: b"theirs"})
    mirror = Mirror(("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(limits=SHORT))
    plan = await mirror.plan(ALL)
    (shelf.path / "rfc7.txt").write_bytes(b"ours")
    await mirror.run(plan)
    await mirror.close()
    assert on(shelf) == {7: b"ours"}
    assert (mirror.documents, mirror.meanwhile, mirror.failed) == (0, 1, {})
    assert hidden(shelf) == []


class OneByOne(FakeHolder):
    """A holder of 1.0 that has every document: the whole, then the close."""

    def __init__(self, *, refuses_more: bool = False) -> None:
        super().__init__()
        self.refuses_more = refuses_more

    def answer(self, request: bytes) -> tuple[bytes, ...]:
        if self.refuses_more and request.count(b"\r\n") > 4:
            return (b"P2P-CI/1.0 400 Bad Request\r\n\r\n",)
        return (document_answer(DOCUMENTS[int(request.split()[2])]),)


@pytest.mark.parametrize("refuses_more", [False, True])
async def test_holder_of_1_0_gives_whole_documents_by_one_connection_each(
    swarm: Swarm, shelf: Shelf, *, refuses_more: bool
) -> None:
    holder = await swarm.fake(OneByOne(refuses_more=refuses_more), list(range(1, 51)))
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == {number: DOCUMENTS[number] for number in range(1, 51)}
    assert done.mirror.unverified == list(range(1, 51))
    plain = [request for request in holder.requests if request.count(b"\r\n") == 4]
    assert len(holder.requests) - len(plain) <= (6 if refuses_more else 50)  # one for each connection at once
    assert len(plain) == (50 if refuses_more else 0)
    assert all(request.count(b"GET RFC") == 1 for request in holder.requests)  # nothing is pipelined


EVIL = {
    "closes": FakeHolder(),
    "resets": FakeHolder(end=End.RESET),
    "is silent": FakeHolder(end=End.STAY_OPEN),
    "talks garbage": FakeHolder(b"\x00\xff\n\n" * 100),
    "has no length": FakeHolder(b"P2P-CI/1.0 200 OK\r\n\r\nbytes"),
    "has none": FakeHolder(b"P2P-CI/1.0 404 Not Found\r\n\r\n"),
    "is short": FakeHolder(document_answer(b"short", length=50)),
    "is endless": FakeHolder(*[b"X: y\r\n" * 100] * 100),
    "goes on": FakeHolder(document_answer(b"x" * 10) * 3),
    "says too much": FakeHolder(document_answer(b"", length=10**14)),
    "refuses": FakeHolder(b"P2P-CI/1.0 400 Bad Request\r\n\r\n"),
    "drips": FakeHolder(*[b"P"] * 10_000, pause_seconds=0.01),
}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
async def test_evil_holder_costs_time_and_no_document(swarm: Swarm, shelf: Shelf, evil: FakeHolder) -> None:
    few = {number: DOCUMENTS[number] for number in range(1, 41)}
    await swarm.fake(evil, few)
    await swarm.holder(few)
    async with asyncio.timeout(30):
        done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == few
    assert done.mirror.failed == {}
    assert hidden(shelf) == []


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
async def test_evil_holder_alone_ends_in_a_reason(swarm: Swarm, shelf: Shelf, evil: FakeHolder) -> None:
    await swarm.fake(evil, {number: DOCUMENTS[number] for number in range(1, 4)})
    async with asyncio.timeout(30):
        done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == {}
    assert sorted(done.mirror.failed) == [1, 2, 3]
    assert all(done.mirror.failed.values())


async def test_disk_that_is_slower_than_the_network_is_waited_for(
    swarm: Swarm, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With so little room that nearly every document is one too many."""
    monkeypatch.setattr(storing, "BATCH_BYTES", 1)
    monkeypatch.setattr(storing, "MAX_WAITING_BYTES", 500)
    await swarm.holder(DOCUMENTS)
    await swarm.holder(DOCUMENTS)
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == DOCUMENTS
    assert len(done.mirror.sources) == 2
    assert done.events == []


async def test_without_keep_going_the_first_failure_ends_it(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.fake(FakeHolder(b"P2P-CI/1.0 404 Not Found\r\n\r\n"), [1, 2, 3])
    await swarm.holder({number: DOCUMENTS[number] for number in range(4, 9)})
    done = await mirror_all(swarm.index.port, shelf, keeps_going=False)
    assert list(done.mirror.failed) == [1]
    assert sorted(on(shelf)) == [4, 5, 6, 7, 8]


async def test_large_document_comes_by_itself_and_is_gone_on_with(swarm: Swarm, shelf: Shelf) -> None:
    large = text_of(9, LARGE_BYTES + 1000)
    answer = document_answer(large)
    broken = FakeHolder(answer[: len(answer) - 500])
    await swarm.fake(broken, {9: large})
    done = await mirror_all(swarm.index.port, shelf)
    assert "bytes" in done.mirror.failed[9]
    assert [name.rpartition(".")[2] for name in hidden(shelf)] == ["part"]
    await swarm.holder({9: large})
    await mirror_all(swarm.index.port, shelf, limits=DownloadLimits(pauses_seconds=(0.01,)))
    assert on(shelf) == {9: large}


async def test_large_document_whose_size_is_not_announced_comes_too(swarm: Swarm, shelf: Shelf) -> None:
    large = text_of(9, LARGE_BYTES + 1000)
    await swarm.fake(FakeHolder(document_answer(large)), [9])
    await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == {9: large}


async def test_document_over_the_limit_is_refused_in_words(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder({7: b"x" * 1001, 8: b"eight"})
    limits = DownloadLimits(max_bytes=1000, pauses_seconds=())
    done = await mirror_all(swarm.index.port, shelf, limits=limits)
    assert on(shelf) == {8: b"eight"}
    assert "At most 1000 are taken." in done.mirror.failed[7]


async def test_document_over_the_limit_whose_size_nobody_told_is_refused_too(
    swarm: Swarm, shelf: Shelf
) -> None:
    await swarm.fake(FakeHolder(document_answer(b"x" * 1001)), [7])
    limits = DownloadLimits(max_bytes=1000, pauses_seconds=())
    done = await mirror_all(swarm.index.port, shelf, limits=limits)
    assert on(shelf) == {}
    assert "At most 1000 are taken." in done.mirror.failed[7]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A full disk as far as the program can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_disk_that_takes_no_more_ends_it_and_the_next_run_goes_on(swarm: Swarm, shelf: Shelf) -> None:
    documents = {number: text_of(number, 100_000 if number == 150 else 1000) for number in range(1, 301)}
    await swarm.holder(documents)
    with files_of_at_most(50_000), pytest.raises(LibraryError, match="files may not be that large"):
        await mirror_all(swarm.index.port, shelf)
    assert all(documents[number] == text for number, text in on(shelf).items())
    assert 150 not in on(shelf)
    assert hidden(shelf) == []
    await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == documents


# Found by simulation: the sources were held back, and nobody let them go on.
async def test_disk_that_fails_while_much_waits_for_it_ends_it_too(
    swarm: Swarm, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p2pci.mirror.storing.BATCH_BYTES", 500)
    monkeypatch.setattr("p2pci.mirror.storing.MAX_WAITING_BYTES", 600)
    await swarm.holder({number: text_of(number, 1000) for number in range(1, 301)})
    with files_of_at_most(0), pytest.raises(LibraryError, match="files may not be that large"):
        async with asyncio.timeout(20.0):
            await mirror_all(swarm.index.port, shelf)
    assert hidden(shelf) == []


@pytest.mark.parametrize("turns", [0, 5, 20, 50, 100, 200, 400])
async def test_cancelled_mirror_leaves_whole_documents_alone(swarm: Swarm, shelf: Shelf, turns: int) -> None:
    await swarm.holder(DOCUMENTS)
    mirror = Mirror(("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(limits=SHORT))
    running = asyncio.create_task(mirror.run(await mirror.plan(ALL)))
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    await mirror.close()
    assert all(DOCUMENTS[number] == text for number, text in on(shelf).items())
    assert hidden(shelf) == []
    await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == DOCUMENTS


async def test_index_that_goes_away_between_plan_and_run_ends_nothing(swarm: Swarm, shelf: Shelf) -> None:
    await swarm.holder(DOCUMENTS)
    mirror = Mirror(("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(limits=SHORT))
    plan = await mirror.plan(ALL)
    await swarm.index.stop()
    await mirror.run(plan)
    await mirror.close()
    assert on(shelf) == DOCUMENTS


async def test_index_that_is_gone_while_a_document_is_missing_is_the_reason(
    swarm: Swarm, shelf: Shelf
) -> None:
    await swarm.fake(FakeHolder(), {7: b"seven"})
    mirror = Mirror(("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(limits=SHORT))
    plan = await mirror.plan(ALL)
    await swarm.index.stop()
    await mirror.run(plan)
    with pytest.raises(ConnectionLostError):
        await mirror._index.lookup(7)
    await mirror.close()
    assert "Cannot connect" in mirror.failed[7]


# Found by simulation: the shelf was closed under its scan, and nobody took the error.
async def test_index_that_is_not_there_leaves_no_scan_behind(
    tmp_path: Path, dead_port: Callable[[], int]
) -> None:
    may_end = threading.Event()

    class Slow(Shelf):
        is_scanned = False

        def scan(self, *, left_alone: Container[str] = ()) -> dict[int, Document]:
            may_end.wait()
            self.is_scanned = True
            return super().scan(left_alone=left_alone)

    with Slow(tmp_path / "slow") as shelf:
        mirror = Mirror(("127.0.0.1", dead_port()), shelf, options=MirrorOptions())
        asyncio.get_running_loop().call_later(0.2, may_end.set)
        with pytest.raises(CannotConnectError):
            await mirror.plan(ALL)
        assert shelf.is_scanned


async def test_disagreement_of_one_that_comes_by_itself_is_told(swarm: Swarm, shelf: Shelf) -> None:
    large = text_of(9, LARGE_BYTES + 1)
    await swarm.holder({9: large}, host="127.0.0.1")
    await swarm.holder({9: large}, host="localhost")
    await swarm.holder({9: b"other"}, host="127.0.0.2")
    done = await mirror_all(swarm.index.port, shelf)
    assert on(shelf) == {9: large}
    assert len(done.told(Disagreement)) == 1
