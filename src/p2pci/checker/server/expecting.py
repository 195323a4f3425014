"""What cases require of answers beyond their code: who is found, who is gone, who is still served.

May import `target`, and what lies beside the package `server` in the checker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from p2pci.checker.cases import Deviation
from p2pci.checker.messages import IndexAnswer, SeenRecord
from p2pci.checker.server.target import TITLE, Peer, Server, fresh_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

POLL_SECONDS = 0.05


def require_record(peer: Peer, answer: IndexAnswer, number: int, *, title: str = TITLE) -> SeenRecord:
    """Find the peer's record in an answer.

    Raises:
        Deviation: it is not there.
    """
    own = peer.own_records(answer, number)
    if own:
        return own[0]
    ports = {record.port for record in answer.records if record.number == number}
    raise Deviation(
        f"the record of {peer.wire.name} is not in the answer",
        expected=peer.record_line(number, title),
        received=answer.raw,
        symptom=Symptom.WRONG_PORT if peer.wire.local[1] in ports else None,
    )


def require_title(peer: Peer, record: SeenRecord, title: str) -> None:
    """Check that a record has its title, unchanged."""
    if record.title == title.encode():
        return
    seen = record.title.decode(errors="replace")
    symptom = None
    if seen and ":" in title and seen in [part.strip() for part in title.split(":")]:
        symptom = Symptom.TITLE_CUT_AT_COLON
    elif seen in title.split():
        symptom = Symptom.TITLE_CUT_AT_BLANK
    raise Deviation(
        "the title is not the one that was added",
        expected=peer.record_line(record.number, title),
        received=record.line.text + record.line.end,
        symptom=symptom,
    )


@contextmanager
def cut_up() -> Iterator[None]:
    """Take what goes wrong with a request in pieces for the fault that it nearly always is."""
    try:
        yield
    except Deviation as deviation:
        if deviation.symptom not in (Symptom.READS_UNTIL_EOF, Symptom.GARBAGE):
            deviation.symptom = Symptom.ONE_RECV
        raise


async def holders_of(asker: Peer, number: int, title: str = TITLE) -> list[int]:
    """Give the upload ports of those who hold a document, as LOOKUP has them; none on 404."""
    answer = require_code(await asker.lookup(number, title), Status.OK, Status.NOT_FOUND)
    return [record.port for record in answer.records if record.number == number]


async def require_found(asker: Peer, number: int, *holders: Peer, title: str = TITLE) -> IndexAnswer:
    """LOOKUP a document, whose records must be there, of each of these holders."""
    answer = await asker.lookup(number, title)
    if answer.code == Status.NOT_FOUND:
        raise Deviation(
            "not found, although it was added",
            expected=holders[0].record_line(number, title),
            received=answer.raw,
        )
    require_code(answer, Status.OK)
    for holder in holders:
        require_record(holder, answer, number, title=title)
    return answer


async def require_gone(asker: Peer, leaver: Peer, number: int, *, symptom: Symptom) -> None:
    """Wait until nobody finds the record of a peer that has left, for as long as an answer may take."""
    loop = asyncio.get_running_loop()
    until = loop.time() + asker.wire.patience.answer_seconds
    while True:
        answer = require_code(await asker.lookup(number), Status.OK, Status.NOT_FOUND)
        if not leaver.own_records(answer, number):
            return
        if loop.time() >= until:
            raise Deviation(
                "the record of a peer that has left is still there", received=answer.raw, symptom=symptom
            )
        await asyncio.sleep(POLL_SECONDS)


async def require_served(server: Server) -> None:
    """Check that a newcomer is served, and found by another."""
    holder, asker = await server.join_several(2)
    number = fresh_number()
    await holder.add(number)
    await require_found(asker, number, holder)


async def stock(holders: list[Peer], *, records_each: int) -> list[int]:
    """Let every holder add so many documents of its own, all holders at the same time."""

    async def fill(holder: Peer, numbers: list[int]) -> None:
        for number in numbers:
            await holder.add(number)

    shelves = [[fresh_number() for _ in range(records_each)] for _ in holders]
    await asyncio.gather(*(fill(*pair) for pair in zip(holders, shelves, strict=True)))
    return [number for shelf in shelves for number in shelf]


def require_listed(answer: IndexAnswer, holders: list[Peer], numbers: list[int]) -> None:
    """Check that a LIST has each of these documents once, of whichever of these holders."""
    ports, wanted = {holder.port for holder in holders}, set(numbers)
    seen = [record.number for record in answer.records if record.port in ports and record.number in wanted]
    missing = wanted - set(seen)
    if missing:
        raise Deviation(
            f"{len(missing)} of {len(wanted)} records are missing",
            received=answer.raw[-400:],
            symptom=Symptom.ONLY_FIRST if len(seen) <= 1 else None,
        )
    if len(seen) > len(wanted):
        raise Deviation(f"{len(seen) - len(wanted)} records came twice", received=answer.raw[-400:])
