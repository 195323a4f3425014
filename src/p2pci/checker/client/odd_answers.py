"""What it makes of the answers of other programs, and of those that can be read in two ways (annex A, Q)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case
from p2pci.checker.client.answers import made_up
from p2pci.checker.client.desks import Record, Reply, answer_bytes
from p2pci.checker.client.screen import printed, require_shown
from p2pci.checker.client.target import Client, fresh_number
from p2pci.checker.messages import SeenRequest
from p2pci.checker.program import wait_until

GROUP = "Answers of other programs"
OK = b"P2P-CI/1.0 200 OK\r\n"


async def _look_up(client: Client, record: Record, data: bytes, *, is_new: bool = True) -> None:
    """Answer a LOOKUP with these bytes: it must show the record, in any format, and still ask afterwards."""
    if is_new:
        await client.join()
    client.index.lay_out(b"LOOKUP", Reply((data,)))
    since = client.program.printed_bytes
    await client.lookup(record.number, record.title)
    await require_shown(client, record, since=since)
    await client.still_asks()


@case(
    "Q-2/11",
    Level.OPEN,
    "Records right under the status line, or after a blank line.",
    also=("A-2", "P-2.16"),
)
async def no_blank_line(client: Client) -> Finding:
    record = made_up(fresh_number())
    try:
        await _look_up(client, record, OK + record.line() + b"\r\n\r\n")
    except Deviation:
        return ambiguous("it understands only records after a blank line")
    return ambiguous("it understands records right under the status line, too")


@case("Q-3/11", Level.OPEN, "A CR LF more or less after an answer without records.", also=("A-3", "P-2.22"))
async def one_blank_line(client: Client) -> Finding:
    await client.join()
    understood = []
    for count, name in ((1, "one blank line"), (2, "two"), (3, "three")):
        client.index.lay_out(b"LOOKUP", Reply((b"P2P-CI/1.0 404 Not Found\r\n" + count * b"\r\n",)))
        try:
            await client.lookup(fresh_number())
            await client.still_asks()
        except Deviation:
            break
        understood.append(name)
    return ambiguous(f"it goes on after {', '.join(understood) or 'none of one, two and three blank lines'}")


@case(
    "Q-5/11",
    Level.OPEN,
    "An empty LIST is a 200 without records, or a 404.",
    also=("A-3", "P-2.22", "P-2.13"),
)
async def empty_list(client: Client) -> Finding:
    await client.join()
    understood = []
    for name, data in (("404", b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n"), ("200", OK + b"\r\n\r\n")):
        client.index.lay_out(b"LIST", Reply((data,)))
        try:
            await client.list_all()
            await client.still_asks()
        except Deviation:
            break
        understood.append(name)
    return ambiguous(f"it goes on after {' and '.join(understood) or 'neither'}")


@case("Q-9/11", Level.OPEN, "After an error the index server may close the connection.")
async def closed_after_error(client: Client) -> Finding:
    await client.join()
    client.index.lay_out(b"LOOKUP", Reply((b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n",), is_last=True))
    await client.lookup(fresh_number())
    seconds = client.wires.patience.answer_seconds
    if await wait_until(
        lambda: len(client.index.wires) > 1 or not client.program.is_running, seconds=seconds
    ):
        return ambiguous("it connects again" if client.program.is_running else "it ends")
    return ambiguous("it goes on without a connection, until its user does something")


@case("A-1/1", Level.INFO, "Records without the closing blank line are shown in the end.", also=("P-2.26",))
async def not_closed(client: Client) -> None:
    record = made_up(fresh_number(), "The Closing Line Is Missing")
    await _look_up(client, record, answer_bytes(record)[:-2])


@case(
    "A-3/1",
    Level.INFO,
    "An empty LIST with one CR LF too few is understood in the end.",
    also=("P-2.26",),
)
async def empty_list_cut_short(client: Client) -> None:
    await client.join()
    client.index.lay_out(b"LIST", Reply((OK + b"\r\n",)))
    await client.list_all()
    await client.still_asks()


@case("A-4/1", Level.INFO, "Records as `RFC:123 …` and `RFC123 …` are understood.", also=("P-2.16",))
async def other_record_words(client: Client) -> None:
    record, other = (made_up(fresh_number(), title) for title in ("With a Colon", "Without a Space"))
    await _look_up(client, record, answer_bytes(record).replace(b"RFC ", b"RFC:"))
    await _look_up(client, other, answer_bytes(other).replace(b"RFC ", b"RFC"), is_new=False)


@case("A-4/2", Level.INFO, "Double spaces in a record are understood.", also=("P-2.17",))
async def double_spaces(client: Client) -> None:
    record = made_up(fresh_number(), "Words Far Apart")
    await _look_up(client, record, OK + b"\r\n" + record.line().replace(b" ", b"  ") + b"\r\n\r\n")


@case("A-4/3", Level.INFO, "An ADD is answered when its echo has another title.", also=("P-2.19",))
async def other_title(client: Client) -> None:
    await client.join()

    def rename(request: SeenRequest) -> Reply:
        (data,) = client.index.right_reply(request).pieces
        return Reply((data.replace(b"The Title as Added", b"Another Title"),))

    client.index.lay_out(b"ADD", rename)
    await client.add(fresh_number(), "The Title as Added")
    await client.still_asks()


@case(
    "A-5/1",
    Level.INFO,
    "Phrases are not compared: 404 NOT FOUND, 505 Version Not Supported.",
    also=("P-2.14",),
)
async def other_phrases(client: Client) -> None:
    await client.join()
    for line in (b"404 NOT FOUND", b"404 not found", b"505 Version Not Supported"):
        client.index.lay_out(b"LOOKUP", Reply((b"P2P-CI/1.0 " + line + b"\r\n\r\n\r\n",)))
        await client.lookup(fresh_number())
        await client.still_asks()


@case(
    "A-5/2", Level.INFO, "A status line with two blanks, or without version, is understood.", also=("P-2.14",)
)
async def other_status_lines(client: Client) -> None:
    record, other = (made_up(fresh_number(), title) for title in ("Two Blanks Before 200", "No Version"))
    await _look_up(client, record, answer_bytes(record).replace(b"1.0 200", b"1.0  200"))
    await _look_up(client, other, answer_bytes(other).replace(b"P2P-CI/1.0 ", b""), is_new=False)


@case("A-6/1", Level.INFO, "Several 400s for one request are not taken for later answers.", also=("P-2.24",))
async def several_refusals(client: Client) -> None:
    await client.join()
    refusal = b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
    client.index.lay_out(b"LOOKUP", Reply((3 * refusal,)))
    await client.lookup(fresh_number())
    record = made_up(fresh_number(), "After Several Refusals")
    await _look_up(client, record, answer_bytes(record), is_new=False)


@case("A-9/1", Level.INFO, "Answers whose lines end in LF alone are understood.", also=("P-2.20",))
async def lf_only(client: Client) -> None:
    record = made_up(fresh_number(), "Lines Without CR")
    await _look_up(client, record, answer_bytes(record).replace(b"\r\n", b"\n"))


@case(
    "A-11/1", Level.INFO, "It joins an index that answers 400 to headers it does not know.", also=("P-5.5",)
)
async def strict_index(client: Client) -> None:
    def refuse_unknown(request: SeenRequest) -> Reply:
        names = {header.name.lower() for header in request.headers}
        if names - {b"host", b"port", b"title"}:
            return Reply((b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n",))
        return client.index.right_reply(request)

    for method in (b"ADD", b"LOOKUP", b"LIST"):
        client.index.lay_out(method, *(20 * (refuse_unknown,)))
    await client.added()
    if not await wait_until(lambda: bool(client.index.records), seconds=client.wires.patience.answer_seconds):
        raise Deviation("it never ADDs what it has without such headers")


@case("P-2.18/1", Level.INFO, "Headers in an answer are passed over.", also=("P-2.21",))
async def headers(client: Client) -> None:
    record = made_up(fresh_number(), "Below Two Headers")
    data = answer_bytes(record).replace(OK, OK + b"Date: Sun, 26 Apr 2026 21:30:16 GMT\r\nOS: Linux\r\n")
    await _look_up(client, record, data)


@case("P-2.13/1", Level.INFO, "Blank lines before a status line are passed over.")
async def blank_lines_first(client: Client) -> None:
    record = made_up(fresh_number(), "After Blank Lines")
    await _look_up(client, record, b"\r\n\r\n" + answer_bytes(record))


@case(
    "P-2.19/1", Level.INFO, "A line that is no record spoils this answer and no later one.", also=("P-2.23",)
)
async def garbage_line(client: Client) -> None:
    await client.join()
    record = made_up(fresh_number(), "Above a Strange Line")
    client.index.lay_out(b"LOOKUP", Reply((OK + b"\r\n" + record.line() + b"\r\n<p>what?</p>\r\n\r\n",)))
    await client.lookup(record.number)
    await client.still_asks()


@case(
    "P-2.14/1", Level.INFO, "What is no answer at all is an error, and the program goes on.", also=("P-2.23",)
)
async def no_answer(client: Client) -> Finding | None:
    await client.join()
    client.index.lay_out(
        b"LOOKUP", Reply((b"HTTP/1.1 200 OK\r\nServer: other\r\n\r\n<html></html>\r\n\r\n",))
    )
    since = client.program.printed_bytes
    await client.lookup(fresh_number())
    await client.still_asks()
    return None if printed(client, since) else ambiguous("nothing was printed")
