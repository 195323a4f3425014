"""Downloads from holders that do what is right, and from those that are not there (B-8, B-10, B-11)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case, skipped
from p2pci.checker.client.desks import Holder, Record, Reply, error_answer, head_of
from p2pci.checker.client.joining import connect_to_uploads, port_of
from p2pci.checker.client.target import Client, fresh_number
from p2pci.checker.program import wait_until
from p2pci.checker.reading import read_holder_head
from p2pci.checker.rules import lint_request, require
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Downloads"
TITLE = "A Document to Download"
DOCUMENT = b"\n\nA document of the checker, in a few lines.\n" + b"It is short, and ends here.\n" * 60
MANY_TIMES = 9
NAME_SECONDS = 15.0  # a resolver may take long to find out that there is no such name
PAUSE_SECONDS = 0.06  # between two pieces of a slow document


async def start_download(client: Client, reply: Reply | None = None) -> tuple[Holder, Record]:
    """Have it download from a holder of ours, which gives this reply, again when it is asked again.

    Comes back when the first reply is out.
    """
    await client.join()
    number = fresh_number()
    holder = await client.holder((number, DOCUMENT))
    if reply:
        holder.lay_out(b"GET", *(MANY_TIMES * (reply,)))
    record = holder.record(number, TITLE)
    asked = await client.get(record, holder)
    await wait_until(lambda: asked.wire.ending is not None, seconds=client.wires.patience.answer_seconds)
    return holder, record


@case(
    "B-10/13",
    Level.MUST,
    "It downloads over a new connection to host and port of the record.",
    also=("P-1.2",),
)
async def asks_the_holder(client: Client) -> None:
    holder, _ = await start_download(client)
    others = {asked.request.method.upper() for asked in client.index.asked}
    if b"GET" in others or not holder.asked:
        raise Deviation("GET went to the index server")
    await client.still_asks()


@case(
    "B-10/14",
    Level.MUST,
    "It finds host and port behind a title of words and numbers.",
    also=("B-16", "P-2.17"),
)
async def title_of_numbers(client: Client) -> None:
    await client.join()
    number = fresh_number()
    holder = await client.holder((number, DOCUMENT))
    record = holder.record(number, "Host 10 to Port 80 in RFC 1 and 2")
    await client.get(record, holder)


@case("B-10/15", Level.MUST, "Each document has a connection of its own, with one GET.", also=("P-1.2",))
async def one_get_each(client: Client) -> None:
    await client.join()
    first, second = fresh_number(), fresh_number()
    holder = await client.holder((first, DOCUMENT), (second, DOCUMENT))
    for number in (first, second):
        await client.get(holder.record(number, TITLE), holder)
    used = [asked.wire for asked in holder.asked]
    if len(set(map(id, used))) < len(used):
        raise Deviation("a second GET came on the connection of the first")


@case(
    "B-10/16",
    Level.MUST,
    "A document that comes slowly, in many segments, is taken to its end.",
    also=("A-26", "P-3.12"),
)
async def slow_document(client: Client) -> None:
    await client.join()
    number = fresh_number()
    holder = await client.holder((number, DOCUMENT))
    size = len(DOCUMENT) // 8 + 1
    pieces = [DOCUMENT[start : start + size] for start in range(0, len(DOCUMENT), size)]
    holder.lay_out(
        b"GET", Reply((head_of(len(DOCUMENT)), *pieces), pause_seconds=PAUSE_SECONDS, is_last=True)
    )
    asked = await client.get(holder.record(number, TITLE), holder)
    await wait_until(lambda: asked.wire.is_lost, seconds=client.wires.patience.answer_seconds)
    if await wait_until(lambda: holder.cut_short > 0, seconds=2 * PAUSE_SECONDS):
        what = f"it closed when {holder.cut_short} of {len(pieces)} pieces of the document were still to come"
        raise Deviation(what, symptom=Symptom.STOPS_AT_ONE_RECV)
    await client.still_asks()


@case(
    "B-11/3", Level.SHOULD, "What it downloaded and ADDs is the same, byte for byte.", also=("B-6", "P-3.7")
)
async def shares_the_same_bytes(client: Client) -> Finding | None:
    _, record = await start_download(client)
    await client.still_asks()
    return await require_same_bytes(client, record, DOCUMENT)


def has_added(client: Client, record: Record) -> bool:
    """Whether it told the index that it has this document, too."""
    number = str(record.number).encode()
    return any(number in asked.request.words for asked in client.index.adds)


async def require_same_bytes(client: Client, record: Record, document: bytes) -> Finding | None:
    """Check what its upload server gives of a document that it downloaded; it need not share it."""
    if not has_added(client, record):
        return skipped("it does not ADD what it downloaded, which it need not")
    wire = await connect_to_uploads(client, client.index.adds[-1])
    wire.send(f"GET RFC {record.number} P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: Linux 6.1\r\n\r\n".encode())
    data = await wire.until_end()
    found = read_holder_head(data, is_over=True)
    if found is None or found[0].code != 200:
        raise Deviation("it ADDs what it downloaded, and does not have it", received=data[:200])
    if data[found[1] :] != document:
        raise Deviation(
            "it shares other bytes than it downloaded",
            expected=document,
            received=data[found[1] :],
            symptom=Symptom.STOPS_AT_ONE_RECV,
        )
    return None


@case("B-11/2", Level.MUST, "An ADD of what it downloaded has the form of every ADD.", also=("P-1.3", "B-14"))
async def adds_the_download(client: Client) -> Finding | None:
    _, record = await start_download(client)
    await client.still_asks()
    number = str(record.number).encode()
    for asked in client.index.adds:
        if number in asked.request.words:
            require(lint_request(asked.request), "P-1.3", "B-14", "B-15", "P-1.5")
            return None
    return skipped("it does not ADD what it downloaded, which it need not")


@case("B-8/3", Level.MUST, "A holder that is not there ends the download, and nothing else.", also=("P-4.2",))
async def dead_holder(client: Client) -> None:
    await client.join()
    await client.start_get(_dead_record(client))
    await client.still_asks()


def _dead_record(client: Client) -> Record:
    """Make the record of a holder that is not there."""
    port = client.dead_port()
    return Record(number=fresh_number(), title=TITLE, host=port.host, port=port.port)


@case("B-8/4", Level.MUST, "A 404 of a holder ends the download, and nothing else.", also=("P-3.4",))
async def document_is_gone(client: Client) -> None:
    await start_download(client, Reply((b"P2P-CI/1.0 404 Not Found\r\n\r\n",), is_last=True))
    await client.still_asks()


@case("B-8/5", Level.SHOULD, "A holder whose name is not known ends the download, and nothing else.")
async def unknown_host(client: Client) -> None:
    await client.join()
    await client.start_get(Record(number=fresh_number(), title=TITLE, host="nobody.invalid", port=50_001))
    await client.still_asks(seconds=NAME_SECONDS)


@case("B-8/6", Level.MUST, "A GET of what nobody has ends in a message, and nothing else.", also=("P-2.9",))
async def nobody_has_it(client: Client) -> None:
    await client.join()
    client.index.lay_out(b"LOOKUP", error_answer(Status.NOT_FOUND))
    await client.start_get(_dead_record(client))
    await client.still_asks()


@case("P-4.10/2", Level.INFO, "It does not take itself for a holder to download from.", also=("A-20",))
async def passes_itself_over(client: Client) -> None:
    add = (await client.added()).request
    number = fresh_number()
    holder = await client.holder((number, DOCUMENT))
    host = add.first_value_of(b"Host").decode("ascii", "replace")
    client.index.records.append(Record(number=number, title=TITLE, host=host, port=port_of(add)))
    await client.get(holder.record(number, TITLE), holder)
