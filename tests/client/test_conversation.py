"""Requests as they go out, and the order and the clocks of question and answer."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from p2pci import (
    Answer,
    ClientLimits,
    ConnectionLostError,
    DeadlineError,
    IndexClient,
    InvalidValueError,
    P2PCIError,
    ProtocolError,
    Record,
    RefusedError,
    Status,
)
from p2pci.events import Event, Received, Role, Sent
from tests.client.fake_index import SHORT, FakeEnd, playing
from tests.client.test_vectors import BAD, EIGHT, LINE, LINES, OK, SEVEN

LIST_OF_TWO = OK + b"\r\n" + LINES + b"\r\n"
TWO = Answer(Status.OK, [SEVEN, EIGHT], complete=True)
AT_ONCE_SECONDS = 5 * SHORT.answer_seconds


# P-1.3 to P-1.8
async def test_requests_are_byte_exact_and_in_one_segment() -> None:
    asked: list[bytes] = []

    async def script(server: FakeEnd) -> None:
        asked.extend([await server.answer(LIST_OF_TWO) for _ in range(4)])

    async with playing(script) as client:
        await client.add(123, "A Proferred Official ICP")
        await client.lookup(3457)
        await client.lookup(3457, "  Über alles ")
        await client.list_all()
    assert asked == [
        b"ADD RFC 123 P2P-CI/1.0\r\nHost: 10.0.0.1\r\nPort: 5678\r\nTitle: A Proferred Official ICP\r\n\r\n",
        b"LOOKUP RFC 3457 P2P-CI/1.0\r\nHost: 10.0.0.1\r\nPort: 5678\r\nTitle: \r\n\r\n",
        "LOOKUP RFC 3457 P2P-CI/1.0\r\nHost: 10.0.0.1\r\nPort: 5678\r\nTitle: Über alles\r\n\r\n".encode(),
        b"LIST ALL P2P-CI/1.0\r\nHost: 10.0.0.1\r\nPort: 5678\r\n\r\n",
    ]


# P-1.9
async def test_without_an_identity_the_connection_is_named() -> None:
    asked: list[bytes] = []

    async def script(server: FakeEnd) -> None:
        asked.append(await server.answer(LIST_OF_TWO))

    async with playing(script) as client:
        client.identity = None
        await client.list_all()
        host, port = client.local_address
    assert asked == [f"LIST ALL P2P-CI/1.0\r\nHost: {host}\r\nPort: {port}\r\n\r\n".encode()]


# P-2.28, A-8
async def test_next_request_waits_for_the_complete_answer() -> None:
    async def script(server: FakeEnd) -> None:
        for _ in range(4):
            await server.request()
            await server.send(LIST_OF_TWO[:40], LIST_OF_TWO[40:-2])
            assert not server.has_request
            await server.send(LIST_OF_TWO[-2:])
        assert not server.has_request

    async with playing(script, limits=ClientLimits()) as client:
        answers = await asyncio.gather(*(client.list_all() for _ in range(4)))
    assert answers == [TWO] * 4


async def test_answers_go_to_those_who_asked() -> None:
    async def script(server: FakeEnd) -> None:
        for _ in range(20):
            number = (await server.request()).split()[2]
            await server.send(OK + b"\r\nRFC %b T h 5\r\n\r\n" % number)

    async with playing(script) as client:
        answers = await asyncio.gather(*(client.lookup(number) for number in range(1, 21)))
    assert [answer.records for answer in answers] == [
        [Record(number, "T", "h", 5)] for number in range(1, 21)
    ]


# P-2.26
@pytest.mark.parametrize(
    "late", [b"\r\n", b"RFC 9 Late h 5\r\n\r\n", b"late\r\n\r\n\r\n", b"ate h 5\r\n\r\n"]
)
async def test_what_comes_late_after_a_silence_is_dropped(late: bytes) -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n" + LINE)
        await server.request()
        await server.send(late, LIST_OF_TWO)

    async with playing(script) as client:
        assert await client.lookup(7) == Answer(Status.OK, [SEVEN], complete=False)
        assert await client.list_all() == TWO


# P-2.26: the part of a line that has come is no record
async def test_half_a_line_before_the_silence_is_no_record() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n" + LINE + b"RFC 8 Eight 10.0.0.2 655")

    async with playing(script) as client:
        assert await client.list_all() == Answer(Status.OK, [SEVEN], complete=False)


# P-2.25, P-2.27
async def test_server_that_closed_a_block_is_waited_for_and_never_gives_a_shorter_list() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(LIST_OF_TWO)
        await server.answer(OK + b"\r\n" + LINE)
        assert await server.request() == b""

    async with playing(script) as client:
        assert await client.list_all() == TWO
        begun = asyncio.get_running_loop().time()
        with pytest.raises(DeadlineError, match=r"did not answer within 0\.5 s"):
            await client.list_all()
        assert 0.45 <= asyncio.get_running_loop().time() - begun <= AT_ONCE_SECONDS
        with pytest.raises(ConnectionLostError):
            await client.list_all()


# P-2.25: neither an ADD's blank line nor an answer without records is a block that was closed
async def test_other_blank_lines_close_no_block() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n" + LINE + b"\r\n")
        await server.answer(OK + b"\r\n\r\n")
        await server.answer(BAD)
        await server.answer(OK + b"\r\n" + LINE)

    async with playing(script) as client:
        await client.add(7, "Seven Seas")
        assert (await client.list_all()).records == []
        with pytest.raises(RefusedError):
            await client.list_all()
        assert await client.list_all() == Answer(Status.OK, [SEVEN], complete=False)


# P-2.27, A-6
async def test_no_answer_at_all_is_a_deadline_and_closes() -> None:
    async def script(server: FakeEnd) -> None:
        await server.request()
        assert await server.request() == b""

    async with playing(script) as client:
        with pytest.raises(DeadlineError):
            await client.add(7, "Seven Seas")
        with pytest.raises(ConnectionLostError, match="is lost: an answer did not come in time"):
            await client.list_all()


@pytest.mark.parametrize(
    "cut", [b"", b"P2P-CI/1.0 2", OK, OK + b"\r\n", OK + b"\r\n" + LINE, OK + b"\r\n" + LINES[:-5]]
)
async def test_server_that_dies_in_an_answer_is_an_error(cut: bytes) -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(cut)
        server.close()

    async with playing(script, limits=ClientLimits()) as client:
        with pytest.raises(ConnectionLostError):
            await client.list_all()
        assert await client.wait_lost() == "it closed the connection"
        with pytest.raises(ConnectionLostError):
            await client.list_all()


async def test_answer_that_came_whole_before_the_close_counts() -> None:
    async def script(server: FakeEnd) -> None:
        await server.request()
        server.transport.write(LIST_OF_TWO)
        server.close()

    async with playing(script) as client:
        assert await client.list_all() == TWO


# P-2.23
async def test_garbage_is_dropped_up_to_a_silence_and_the_connection_kept() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(b"garbage\r\n", LIST_OF_TWO, b"more garbage")
        await server.answer(LIST_OF_TWO)

    async with playing(script) as client:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(ProtocolError):
            await client.list_all()
        assert asyncio.get_running_loop().time() - begun >= SHORT.silence_seconds * 0.9
        assert await client.list_all() == TWO


@pytest.mark.parametrize("endless", [b"garbage\r\n", b"\r\n", OK + b"\r\n"])
async def test_endless_bytes_that_are_no_answer_come_to_an_end(endless: bytes) -> None:
    async def script(server: FakeEnd) -> None:
        await server.request()
        while not server.has_request:
            server.transport.write(endless)
            await asyncio.sleep(0.01)  # the pace of what comes, not a wait for it
        assert await server.request() == b""

    limits = ClientLimits(answer_seconds=0.5, silence_seconds=0.4)  # far longer than the pace of what comes
    async with playing(script, limits=limits) as client, asyncio.timeout(AT_ONCE_SECONDS):
        with pytest.raises((ProtocolError, DeadlineError)):
            await client.list_all()
        with pytest.raises(ConnectionLostError):
            await client.list_all()


# P-2.26, P-2.27: bytes that come now and then are no silence, and still no answer
async def test_answer_that_drips_is_given_up() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n")
        for letter in LINES * 10:
            server.transport.write(bytes([letter]))
            await asyncio.sleep(0.02)  # the pace of what comes: 50 bytes a second
            if server.has_request:
                break
        assert await server.request() == b""

    limits = ClientLimits(answer_seconds=0.5, silence_seconds=0.4, min_bytes_per_second=100.0)
    async with playing(script, limits=limits) as client, asyncio.timeout(AT_ONCE_SECONDS):
        with pytest.raises(DeadlineError, match=r"sends its answer too slowly: [0-9]+ bytes in [01] s"):
            await client.list_all()
        with pytest.raises(ConnectionLostError):
            await client.list_all()


async def test_long_answer_over_a_slow_line_comes_whole() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n")
        for _ in range(60):
            server.transport.write(LINE)
            await asyncio.sleep(0.02)  # the pace of what comes: it takes longer than `answer_seconds` allow
        server.transport.write(b"\r\n")

    limits = ClientLimits(answer_seconds=0.5, silence_seconds=0.4, min_bytes_per_second=100.0)
    async with playing(script, limits=limits) as client:
        assert await client.list_all() == Answer(Status.OK, [SEVEN] * 60, complete=True)


async def test_records_that_take_more_memory_than_allowed_are_refused() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n" + LINE * 11)
        await server.answer(LIST_OF_TWO)

    limits = ClientLimits(answer_seconds=0.5, silence_seconds=0.1, max_bytes=2000)
    async with playing(script, limits=limits) as client:
        with pytest.raises(
            ProtocolError, match=r"takes more than .* of memory. `p2pci list` shows one of any"
        ):
            await client.list_all()
        assert await client.list_all() == TWO


async def test_answer_of_any_length_is_taken_as_it_comes() -> None:
    count = 1000

    async def script(server: FakeEnd) -> None:
        await server.request()
        server.transport.write(OK + b"\r\n" + LINES * (count // 2) + b"\r\n")

    batches: list[list[Record]] = []
    async with playing(script, limits=ClientLimits(max_bytes=30_000)) as client:
        answer = await client.list_all(take=batches.append)
    assert answer.complete
    assert [record for batch in batches for record in batch] + answer.records == [SEVEN, EIGHT] * (count // 2)
    assert len(answer.records) < 150


@pytest.mark.parametrize(
    "line",
    [b"RFC 300 T h 300\r\n", b"RFC 300 \xf0\x9f\x99\x82%b h 300\r\n" % (b"t" * 8000)],
    ids=["short", "wide"],
)
async def test_memory_of_an_answer_is_what_it_is_counted_as(line: bytes) -> None:
    """However its records are made up: a letter on the wire may take four bytes in memory."""

    async def script(server: FakeEnd) -> None:
        await server.answer(OK + b"\r\n")
        while not server.has_request:
            await server.send(line * (65536 // len(line)))

    limits = ClientLimits(answer_seconds=0.5, silence_seconds=0.1, max_bytes=8_000_000)
    async with playing(script, limits=limits) as client:
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError, match="of memory"):
                await client.list_all()
            _, most_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert 4_000_000 < most_bytes < 10_000_000


async def test_long_list_comes_whole() -> None:
    count = 50_000

    async def script(server: FakeEnd) -> None:
        await server.request()
        server.transport.write(OK + b"\r\n")
        for number in range(1, count + 1):
            server.transport.write(b"RFC %d Title h 5\r\n" % number)
        server.transport.write(b"\r\n")

    async with playing(script, limits=ClientLimits()) as client:
        answer = await client.list_all()
    assert answer.complete
    assert [record.number for record in answer.records] == list(range(1, count + 1))


@pytest.mark.parametrize("answered", [b"", OK + b"\r\n" + LINE, b"garbage\r\n"])
async def test_cancelled_question_closes_the_connection(answered: bytes) -> None:
    """Else its answer would be taken for that of the next one; also while garbage is dropped."""

    async def script(server: FakeEnd) -> None:
        await server.answer(answered)
        assert await server.request() == b""

    async with playing(script, limits=ClientLimits()) as client:
        asking = asyncio.create_task(client.list_all())
        received = asyncio.create_task(client.wait_lost())
        await asyncio.wait([asking], timeout=0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await received
        with pytest.raises(ConnectionLostError):
            await client.list_all()


async def test_cancelled_while_another_asks_changes_nothing() -> None:
    async def script(server: FakeEnd) -> None:
        await server.request()
        await cancelled.wait()
        await server.send(LIST_OF_TWO)
        await server.answer(LIST_OF_TWO)

    cancelled = asyncio.Event()
    async with playing(script, limits=ClientLimits()) as client:
        first, second = (asyncio.create_task(client.list_all()) for _ in range(2))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        cancelled.set()
        assert await first == TWO
        assert await client.list_all() == TWO


@pytest.mark.parametrize(
    "number,title", [(0, ""), (2**32, ""), (7, "two\nlines"), (7, "x" * 513), (7, "\udc80"), (7, "tab\there")]
)
async def test_value_that_cannot_be_sent_is_not_sent(number: int, title: str) -> None:
    async def script(server: FakeEnd) -> None:
        assert (await server.answer(LIST_OF_TWO)).startswith(b"LIST ALL ")

    async with playing(script) as client:
        with pytest.raises(InvalidValueError):
            await client.add(number, title)
        assert await client.list_all() == TWO


async def test_trace_shows_what_went_out_and_came_in() -> None:
    async def script(server: FakeEnd) -> None:
        asked.append(await server.answer(LIST_OF_TWO))

    asked: list[bytes] = []
    events: list[Event] = []
    async with playing(script) as scripted:
        client = IndexClient(*scripted.address, trace=events.append)
        await client.connect()
        await client.close()
        with pytest.raises(ConnectionLostError):
            await client.list_all()
        scripted._link._trace = events.append  # type: ignore[union-attr]
        await scripted.list_all()
    assert events == [
        Sent(Role.CLIENT, scripted.address, asked[0]),
        Received(Role.CLIENT, scripted.address, LIST_OF_TWO),
    ]


async def test_question_before_connect_says_so() -> None:
    with pytest.raises(ConnectionLostError, match=r"Not connected to .* Connect first\."):
        await IndexClient("127.0.0.1", 1).list_all()


async def test_errors_are_all_of_one_root() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(BAD)

    async with playing(script) as client:
        with pytest.raises(P2PCIError, match=r"^'LIST ALL P2P-CI/1\.0' was answered with 400\. Check "):
            await client.list_all()


async def test_close_twice_and_without_connection_is_harmless() -> None:
    async def script(server: FakeEnd) -> None:
        assert await server.request() == b""

    async with playing(script) as client:
        await client.close()
        await client.close()
    await IndexClient("127.0.0.1", 1).close()


async def test_trace_shows_whole_lines_wherever_segments_end() -> None:
    told: list[bytes] = []

    async def script(end: FakeEnd) -> None:
        await end.request()
        await end.send(b"P2P-CI/1.0 200 OK\r", b"\n\r\nRFC 7 Sev", b"en h 5\r\n\r", b"\n")
        await end.request()
        await end.send(b"P2P-CI/1.0 404 Not Found\r\n\r\n", b"cut")
        end.close()

    async with playing(script) as client:
        client._link._trace = lambda event: told.append(event.data)  # type: ignore[union-attr]
        await client.lookup(7)
        await client.lookup(8)
        await client.wait_lost()
    assert [data for data in told if not data.startswith(b"LOOKUP")] == [
        b"P2P-CI/1.0 200 OK\r\n\r\n",
        b"RFC 7 Seven h 5\r\n",
        b"\r\n",
        b"P2P-CI/1.0 404 Not Found\r\n\r\n",
        b"cut",
    ]
