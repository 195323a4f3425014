"""What is proposed to an index server, what is agreed, and how it goes on with a plain one (P-5.3 on)."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from p2pci import ClientLimits, IndexClient, IndexServer
from p2pci.client import NewRecord
from p2pci.errors import ConnectionLostError, DeadlineError, ProtocolError, RefusedError
from p2pci.protocol.extensions import ALL_FEATURES, NO_FEATURES, Copy, Feature, Options
from p2pci.protocol.grammar import Status
from p2pci.protocol.messages import Record
from tests.client.fake_index import IDENTITY, SHORT, FakeEnd, playing
from tests.upload.loops import WAIT_SECONDS

PROPOSAL = b"Features: pipeline, digest, remove, holders, probe, reason\r\n"
SENDER = b"Host: 10.0.0.1\r\nPort: 5678\r\n"
NOT_FOUND = b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"
BAD_REQUEST = b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
COPY = Copy(5, hashlib.sha256(b"seven").digest())
TOLD = b"Size: 5\r\nRepr-Digest: sha-256=:%b:\r\n" % b64encode(COPY.digest)


def agreeing(*features: Feature, status: bytes = b"200 OK", lines: bytes = b"") -> bytes:
    """Write an answer that agrees on features and has these record lines."""
    words = b", ".join(feature.value for feature in features)
    return b"P2P-CI/1.0 %b\r\nFeatures: %b\r\n\r\n%b\r\n" % (status, words, lines)


def add(number: int, more: bytes = b"") -> bytes:
    return b"ADD RFC %d P2P-CI/1.0\r\n%bTitle: T\r\n%b\r\n" % (number, SENDER, more)


def echo(number: int) -> bytes:
    return b"P2P-CI/1.0 200 OK\r\n\r\nRFC %d T 10.0.0.1 5678\r\n\r\n" % number


def lookup(number: int, more: bytes = b"") -> bytes:
    return b"LOOKUP RFC %d P2P-CI/1.0\r\n%bTitle: \r\n%b\r\n" % (number, SENDER, more)


@asynccontextmanager
async def connections(
    *scripts: Callable[[FakeEnd], Awaitable[None]], limits: ClientLimits = SHORT
) -> AsyncIterator[IndexClient]:
    """Run a fake index that plays a script on each connection in turn, and a client that proposes."""
    loop = asyncio.get_running_loop()
    waiting = list(scripts)
    players: list[asyncio.Future[None]] = []

    def accept() -> FakeEnd:
        end = FakeEnd()
        players.append(asyncio.ensure_future(waiting.pop(0)(end)))
        return end

    async with await loop.create_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with IndexClient("127.0.0.1", port, identity=IDENTITY, limits=limits) as client:
            yield client
            async with asyncio.timeout(WAIT_SECONDS):
                await asyncio.gather(*players)
    assert not waiting


async def test_first_request_proposes_and_no_other() -> None:
    async def script(server: FakeEnd) -> None:
        assert await server.answer(agreeing(*Feature, status=b"404 Not Found")) == lookup(7, PROPOSAL)
        assert await server.answer(NOT_FOUND) == lookup(8)

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.lookup(7)
        assert client.agreed == ALL_FEATURES
        await client.lookup(8)


async def test_only_what_was_proposed_can_be_agreed() -> None:
    async def script(server: FakeEnd) -> None:
        request = await server.answer(
            b"P2P-CI/1.0 404 Not Found\r\nFeatures: telepathy, digest, remove\r\n\r\n\r\n"
        )
        assert request.endswith(b"Features: digest\r\n\r\n")

    async with playing(script, proposes=frozenset([Feature.DIGEST])) as client:
        await client.lookup(7)
        assert client.agreed == {Feature.DIGEST}


async def test_plain_index_that_ignores_the_proposal_is_told_nothing_more() -> None:
    """No copies, no pipelining: every byte is 1.0."""

    async def script(server: FakeEnd) -> None:
        assert await server.answer(echo(1)) == add(1, PROPOSAL)
        for number in (2, 3):
            assert await server.answer(echo(number)) == add(number)
            assert not server.has_request
        assert await server.answer(NOT_FOUND) == lookup(7)
        assert (
            await server.answer(b"P2P-CI/1.0 200 OK\r\n\r\n\r\n")
            == b"LIST ALL P2P-CI/1.0\r\n" + SENDER + b"\r\n"
        )

    async with playing(script, proposes=ALL_FEATURES) as client:
        documents = [NewRecord(number, "T", COPY) for number in (1, 2, 3)]
        assert [added.error async for added in client.add_all(documents)] == [None] * 3
        assert client.agreed == NO_FEATURES
        await client.lookup(7, options=Options(wants_copies=True, holders=3))
        await client.list_all(Options(wants_copies=True, holders=3, first=2, limit=1))


@pytest.mark.parametrize(
    "refusal", [BAD_REQUEST, b"400 Bad\n\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"hang up"], ids=str
)
async def test_index_that_does_not_take_the_proposal_is_asked_again_without(refusal: bytes) -> None:
    """P-5.5: refused, not understood, left without an answer, or cut off."""

    async def first(server: FakeEnd) -> None:
        assert await server.request() == add(7, PROPOSAL)
        if refusal == b"hang up":
            server.close()
        elif refusal:
            await server.send(refusal)
        assert await server.request() == b""  # it leaves, with all that it may have registered

    async def second(server: FakeEnd) -> None:
        assert await server.answer(echo(7)) == add(7)
        assert await server.answer(echo(8)) == add(8)

    limits = ClientLimits(answer_seconds=WAIT_SECONDS, proposal_seconds=0.3, silence_seconds=0.1)
    async with connections(first, second, limits=limits) as client:
        await client.add(7, "T", copy=COPY)
        assert client.agreed == NO_FEATURES
        await client.add(8, "T", copy=COPY)


async def test_silent_index_has_the_time_of_one_answer_for_both_tries() -> None:
    async def silent(server: FakeEnd) -> None:
        await server.request()
        assert await server.request() == b""

    limits = ClientLimits(answer_seconds=1.5, proposal_seconds=0.7, silence_seconds=0.1)
    async with connections(silent, silent, limits=limits) as client:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(DeadlineError, match=r"did not answer within 1\.5 s"):
            await client.lookup(7)
        assert 1.4 <= asyncio.get_running_loop().time() - begun < 2.1


async def test_nothing_is_asked_for_twice_once_records_came() -> None:
    """P-5.5: that was an answer, and who takes records as they come would have them twice."""

    async def script(server: FakeEnd) -> None:
        await server.answer(b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 T h 5\r\nwhat is this?\r\n")
        await server.answer(NOT_FOUND)

    async with playing(script, proposes=ALL_FEATURES) as client:
        with pytest.raises(ProtocolError, match="neither record nor header"):
            await client.lookup(7)
        assert (await client.lookup(8)).records == []


async def test_lookup_reconnects_to_an_index_that_was_started_again() -> None:
    async def first(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.DIGEST, status=b"404 Not Found"))
        server.close()

    async def second(server: FakeEnd) -> None:
        assert await server.answer(NOT_FOUND) == lookup(8, PROPOSAL)

    async with connections(first, second) as client:
        await client.lookup(7)
        await client.wait_lost()
        assert (await client.lookup_or_reconnect(8)).status == Status.NOT_FOUND
        assert client.agreed == NO_FEATURES


async def test_request_that_is_bad_in_itself_is_refused_all_the_same() -> None:
    async def refuse(server: FakeEnd) -> None:
        await server.answer(BAD_REQUEST)

    async with connections(refuse, refuse) as client:
        with pytest.raises(RefusedError):
            await client.add(7, "T")


async def test_400_of_an_index_that_agrees_is_final() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(b"P2P-CI/1.0 400 Bad Request\r\nFeatures: reason\r\nReason: No.\r\n\r\n\r\n")

    async with playing(script, proposes=ALL_FEATURES) as client:
        with pytest.raises(RefusedError, match=r"was answered with 400\. No\.$") as caught:
            await client.add(7, "T")
        assert caught.value.reason == "No."
        assert client.agreed == {Feature.REASON}


async def test_wait_for_the_end_outlives_the_change_to_a_plain_connection() -> None:
    async def first(server: FakeEnd) -> None:
        await server.answer(BAD_REQUEST)

    async def second(server: FakeEnd) -> None:
        await server.answer(NOT_FOUND)
        server.close()

    async with connections(first, second) as client:
        waiting = asyncio.ensure_future(client.wait_lost())
        await asyncio.sleep(0)
        await client.lookup(7)
        async with asyncio.timeout(WAIT_SECONDS):
            assert await waiting == "it closed the connection"


async def test_copies_are_told_and_asked_for_once_agreed() -> None:
    """P-5.7, P-5.8, P-5.12."""
    line = b"RFC 7 T h 5 5 %b 12\r\n" % COPY.digest.hex().encode()

    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.DIGEST, Feature.HOLDERS, lines=b"RFC 7 T h 5\r\n"))
        assert await server.answer(echo(7)) == add(7, TOLD)
        answer = b"P2P-CI/1.0 200 OK\r\nWant: digest\r\nHolders: 3\r\n\r\n" + line + b"\r\n"
        assert await server.answer(answer) == lookup(7, b"Want: digest\r\nHolders: 3\r\n")
        assert (await server.answer(b"P2P-CI/1.0 200 OK\r\n\r\n\r\n")).endswith(
            b"\r\nFrom: 8\r\nLimit: 100\r\n\r\n"
        )

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.add(7, "T", copy=COPY)
        await client.add(7, "T", copy=COPY, wants_probe=True)
        answer = await client.lookup(7, options=Options(wants_copies=True, holders=3))
        assert answer.records == [Record(7, "T", "h", 5, COPY, 12)]
        await client.list_all(Options(first=8, limit=100))


async def test_first_question_may_ask_for_what_it_proposes() -> None:
    """What counts in its answer is what is echoed (P-5.14)."""

    async def script(server: FakeEnd) -> None:
        assert await server.answer(NOT_FOUND) == lookup(7, b"Want: digest\r\n" + PROPOSAL)

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.lookup(7, options=Options(wants_copies=True))


async def test_reachability_is_asked_for_and_told() -> None:
    """P-5.16."""
    answers = [(b"Probe: reachable\r\n", True), (b"Probe: unreachable\r\n", False), (b"", None)]

    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.PROBE, lines=b"RFC 7 T h 5\r\n"))
        for told, _ in answers:
            answer = b"P2P-CI/1.0 200 OK\r\n" + told + b"\r\nRFC 7 T h 5\r\n\r\n"
            assert await server.answer(answer) == add(7, b"Probe: 1\r\n")

    async with playing(script, proposes=ALL_FEATURES) as client:
        assert (await client.add(7, "T", wants_probe=True)).is_reachable is None
        for _, expected in answers:
            assert (await client.add(7, "T", wants_probe=True)).is_reachable is expected


async def test_remove_tells_whether_it_was_there() -> None:
    """P-5.9, P-5.10."""

    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.REMOVE, lines=b"RFC 7 T h 5\r\n"))
        remove = b"REMOVE RFC 7 P2P-CI/1.0\r\n" + SENDER + b"\r\n"
        assert await server.answer(echo(7)) == remove
        assert await server.answer(NOT_FOUND) == remove

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.add(7, "T")
        assert await client.remove(7) is True
        assert await client.remove(7) is False


async def test_many_adds_are_in_flight_and_answered_in_order() -> None:
    """P-5.6: the errors among them belong to their own."""

    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.PIPELINE, lines=b"RFC 1 T 10.0.0.1 5678\r\n"))
        expected = b"".join(add(number) for number in (2, 3, 4))
        received = b""
        while len(received) < len(expected):
            received += await server._segments.get()
        assert received == expected
        await server.send(echo(2)[:30], echo(2)[30:] + BAD_REQUEST + echo(4)[:5], echo(4)[5:])

    async with playing(script, proposes=ALL_FEATURES) as client:
        seen = [
            added async for added in client.add_all(NewRecord(number, "T", COPY) for number in range(1, 5))
        ]
    assert [added.document.number for added in seen] == [1, 2, 3, 4]
    assert [added.record.number if added.record else 0 for added in seen] == [1, 2, 0, 4]
    assert [added.error.code if added.error else 0 for added in seen] == [0, 0, 400, 0]


async def test_adds_that_were_in_flight_when_the_index_left_are_lost() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.PIPELINE, lines=b"RFC 1 T 10.0.0.1 5678\r\n"))
        await server._segments.get()
        await server.send(echo(2))
        server.close()

    async with playing(script, proposes=ALL_FEATURES) as client:
        adding = client.add_all(NewRecord(number, "T") for number in range(1, 5))
        assert (await anext(adding)).document.number == 1
        assert (await anext(adding)).document.number == 2
        with pytest.raises(ConnectionLostError):
            await anext(adding)


def remove(number: int) -> bytes:
    return b"REMOVE RFC %d P2P-CI/1.0\r\n%b\r\n" % (number, SENDER)


async def test_many_removes_are_in_flight_and_404_is_as_good_as_200() -> None:
    """P-5.6, P-5.10."""

    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.PIPELINE, Feature.REMOVE, lines=b"RFC 1 T 10.0.0.1 5678\r\n"))
        expected = remove(1) + remove(2) + remove(3)
        received = b""
        while len(received) < len(expected):
            received += await server._segments.get()
        assert received == expected
        await server.send(echo(1)[:30], echo(1)[30:] + NOT_FOUND + echo(3)[:5], echo(3)[5:])
        assert await server.answer(NOT_FOUND) == lookup(1)

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.add(1, "T")
        await client.remove_all([1, 2, 3])
        assert (await client.lookup(1)).records == []


async def test_removes_wait_for_one_another_where_pipelining_was_not_agreed() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.REMOVE, lines=b"RFC 1 T 10.0.0.1 5678\r\n"))
        assert await server.answer(echo(1)) == remove(1)
        assert await server.answer(NOT_FOUND) == remove(2)

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.add(1, "T")
        await client.remove_all([1, 2])


async def test_refused_remove_among_many_ends_the_connection() -> None:
    async def script(server: FakeEnd) -> None:
        await server.answer(agreeing(Feature.PIPELINE, Feature.REMOVE, lines=b"RFC 1 T 10.0.0.1 5678\r\n"))
        assert await server._segments.get() == remove(1) + remove(2)
        await server.send(BAD_REQUEST)
        assert await server._segments.get() == b""

    async with playing(script, proposes=ALL_FEATURES) as client:
        await client.add(1, "T")
        with pytest.raises(RefusedError):
            await client.remove_all([1, 2])
        with pytest.raises(ConnectionLostError):
            await client.lookup(1)


async def test_a_large_shelf_is_registered_whole_at_our_own_index() -> None:
    async with (
        IndexServer(host="127.0.0.1", port=0) as server,
        IndexClient("127.0.0.1", server.port) as client,
    ):
        documents = [
            NewRecord(number, f"Title {number}", Copy(number, bytes(32)) if number % 2 else None)
            for number in range(1, 3001)
        ]
        seen = [added async for added in client.add_all(documents)]
        assert [added.document for added in seen] == documents
        assert all(added.record and added.record.title == added.document.title for added in seen)
        assert server.index.record_count == 3000
        answer = await client.list_all(Options(wants_copies=True))
        told = {record.number: record.copy for record in answer.records}
        assert told == {document.number: document.copy for document in documents}
