"""What it makes of right answers: it shows them, however they arrive, and goes on (B-9, B-20, B-21)."""

from __future__ import annotations

from p2pci.checker.cases import Finding, Level, case
from p2pci.checker.client.desks import Record, Reply, answer, answer_bytes, error_answer
from p2pci.checker.client.screen import require_said, require_shown
from p2pci.checker.client.target import Client, fresh_number
from p2pci.protocol.grammar import Status

GROUP = "Answers"
MANY = 1500  # records, which no single recv gives


def made_up(number: int, title: str = "Made Up for a Test", *, port: int = 50_001) -> Record:
    """Make the record of a holder that nobody is going to ask."""
    return Record(number=number, title=title, host="holder.example", port=port)


async def show_lookup(client: Client, *records: Record, reply: Reply | None = None) -> Finding | None:
    """Have it look the number of these records up, and check that it shows them."""
    await client.join()
    client.index.lay_out(b"LOOKUP", reply or answer(*records))
    since = client.program.printed_bytes
    await client.lookup(records[0].number, records[0].title)
    return await require_shown(client, *records, since=since)


@case("B-9/1", Level.MUST, "It shows the answer to LOOKUP, one line for each holder.", also=("B-18", "Q-7"))
async def shows_lookup(client: Client) -> Finding | None:
    number = fresh_number()
    return await show_lookup(client, made_up(number), made_up(number, port=50_002))


@case("B-9/2", Level.MUST, "It shows the answer to LIST, with every record.", also=("B-19",))
async def shows_list(client: Client) -> Finding | None:
    await client.join()
    records = [made_up(fresh_number(), f"Number {place} of the List") for place in range(1, 8)]
    client.index.records.extend(records)
    since = client.program.printed_bytes
    await client.list_all()
    return await require_shown(client, *records, since=since)


@case("B-9/3", Level.MUST, "It shows the answer to ADD, which has the record.", also=("B-17",))
async def shows_echo(client: Client) -> Finding | None:
    await client.join()
    since = client.program.printed_bytes
    await client.add(fresh_number(), "An Echo to Be Shown")
    return await require_shown(client, client.index.records[-1], since=since)


@case("B-9/4", Level.MUST, "An answer that arrives byte by byte is understood.", also=("A-10", "P-2.20"))
async def byte_by_byte(client: Client) -> Finding | None:
    record = made_up(fresh_number(), "Byte by Byte")
    pieces = tuple(bytes([byte]) for byte in answer_bytes(record))
    return await show_lookup(client, record, reply=Reply(pieces, pause_seconds=0.002))


@case("B-9/5", Level.MUST, "An answer that is cut in two in the middle of a record is understood.")
async def two_segments(client: Client) -> Finding | None:
    record = made_up(fresh_number(), "Later Than the First Part")
    beginning, end = answer_bytes(record).split(b" Than ", 1)
    reply = Reply((beginning, b" Than " + end), pause_seconds=client.wires.patience.quiet_seconds / 2)
    return await show_lookup(client, record, reply=reply)


@case("B-9/6", Level.MUST, "A long LIST is shown whole, to its last record.", also=("B-19",))
async def long_list(client: Client) -> Finding | None:
    await client.join()
    records = [made_up(place, f"Record {place} of Many") for place in range(1, MANY + 1)]
    client.index.lay_out(b"LIST", answer(*records))
    since = client.program.printed_bytes
    await client.list_all()
    return await require_shown(client, *records, since=since)


@case("B-9/7", Level.SHOULD, "A record with a long title is shown.", also=("P-1.39",))
async def long_title(client: Client) -> Finding | None:
    title = " ".join(["Considerations", *(f"on Matter {place}" for place in range(13))])
    return await show_lookup(client, made_up(fresh_number(), title))


@case("B-9/8", Level.MUST, "A 404 is shown, and the program goes on.", also=("B-20", "B-21", "P-2.15"))
async def not_found(client: Client) -> None:
    await _error(client, Status.NOT_FOUND, "404", "not found", "no peer", "nobody", "not exist")


async def _error(client: Client, status: Status, *words: str) -> None:
    await client.join()
    reply = error_answer(status)
    client.index.lay_out(b"LOOKUP", reply)
    since = client.program.printed_bytes
    await client.lookup(fresh_number())
    await require_said(client, *words, since=since, answer=reply.pieces[0])
    await client.still_asks()


@case("B-9/9", Level.MUST, "A 400 is shown, and the program goes on.", also=("B-20", "B-21", "P-2.15"))
async def bad_request(client: Client) -> None:
    await _error(client, Status.BAD_REQUEST, "400", "bad request")


@case("B-9/10", Level.MUST, "A 505 is shown, and the program goes on.", also=("B-20", "B-21", "P-2.15"))
async def other_version(client: Client) -> None:
    await _error(client, Status.VERSION_NOT_SUPPORTED, "505", "version")


@case("B-8/2", Level.MUST, "A refused ADD does not end the program.", also=("B-21",))
async def refused_add(client: Client) -> None:
    await client.join()
    client.index.lay_out(b"ADD", error_answer(Status.BAD_REQUEST))
    await client.add(fresh_number())
    await client.still_asks()
