"""What it makes of the holders of other programs, and of those that fail (annex A, P-3.7 to P-3.12)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case
from p2pci.checker.client.desks import Reply, head_of
from p2pci.checker.client.downloads import (
    DOCUMENT,
    MANY_TIMES,
    TITLE,
    has_added,
    require_same_bytes,
    start_download,
)
from p2pci.checker.client.target import Client, fresh_number
from p2pci.checker.program import wait_until

GROUP = "Holders of other programs"
STATUS = b"P2P-CI/1.0 200 OK\r\n"


async def _download(client: Client, reply: Reply) -> Finding | None:
    """Have it download what comes in this form, after what comes in the right one.

    It must still ask. If it ADDs what it downloads, it must ADD this too, and share the right bytes.
    """
    holder, plain = await start_download(client)
    odd = holder.record(fresh_number(), TITLE)
    holder.lay_out(b"GET", *(MANY_TIMES * (reply,)))
    asked = await client.get(odd, holder)
    await wait_until(lambda: asked.wire.ending is not None, seconds=client.wires.patience.answer_seconds)
    await client.still_asks()
    if not has_added(client, plain):
        return None  # what became of the document is not seen
    if not has_added(client, odd):
        raise Deviation("the document is not taken: it is not added as others are")
    return await require_same_bytes(client, odd, DOCUMENT)


async def _fail(client: Client, reply: Reply) -> None:
    """Have a download fail: it must still ask, and must not say that it has the document."""
    _, record = await start_download(client, reply)
    await client.still_asks()
    if has_added(client, record):
        raise Deviation("it ADDs a document that it did not get")


@case("A-21/1", Level.INFO, "Bytes after the document are no part of it.", also=("P-3.7",))
async def extra_bytes(client: Client) -> Finding | None:
    return await _download(client, Reply((head_of(len(DOCUMENT)) + DOCUMENT + b"\r\n\r\n",), is_last=True))


@case("A-22/1", Level.INFO, "Header names come in any case, and text/text is text.", also=("P-3.11", "Q-1"))
async def upper_case(client: Client) -> Finding | None:
    lines = head_of(len(DOCUMENT), kind="text/text").split(b"\r\n")
    upper = [b":".join([name.upper(), *rest]) for name, *rest in (line.split(b":") for line in lines[1:])]
    return await _download(client, Reply((b"\r\n".join([lines[0], *upper]) + DOCUMENT,), is_last=True))


@case(
    "A-23/1",
    Level.INFO,
    "An answer without any header ends in an error or a document, and no more.",
    also=("P-3.9",),
)
async def no_headers(client: Client) -> None:
    await start_download(client, Reply((STATUS + b"\r\n" + DOCUMENT,), is_last=True))
    await client.still_asks()


@case("A-24/1", Level.INFO, "Content-Length ends the document, also when nobody closes.", also=("P-3.7",))
async def left_open(client: Client) -> Finding | None:
    return await _download(client, Reply((head_of(len(DOCUMENT)) + DOCUMENT,)))


@case("A-25/1", Level.INFO, "A 404 with headers and Content-Length: 0 is a 404.", also=("P-3.11",))
async def error_with_headers(client: Client) -> None:
    head = head_of(0).replace(b"200 OK", b"404 Not Found")
    await _fail(client, Reply((head,), is_last=True))


@case("P-3.10/1", Level.INFO, "Head lines may end in LF alone.")
async def lf_head(client: Client) -> Finding | None:
    head = head_of(len(DOCUMENT)).replace(b"\r\n", b"\n")
    return await _download(client, Reply((head + DOCUMENT,), is_last=True))


@case("P-3.8/1", Level.INFO, "Fewer bytes than Content-Length are no document.")
async def short_document(client: Client) -> None:
    await _fail(client, Reply((head_of(len(DOCUMENT)) + DOCUMENT[:500],), is_last=True))


@case("P-3.9/1", Level.INFO, "An answer without Content-Length ends in an error or a document, and no more.")
async def no_length(client: Client) -> None:
    head = b"".join(
        line for line in head_of(1).splitlines(keepends=True) if not line.startswith(b"Content-Length")
    )
    await start_download(client, Reply((head + DOCUMENT,), is_last=True))
    await client.still_asks()


@case(
    "P-4.17/1", Level.INFO, "When a holder closes without an answer, the next one is asked.", also=("P-4.16",)
)
async def next_holder(client: Client) -> None:
    await client.join()
    number = fresh_number()
    holders = [await client.holder((number, DOCUMENT), name=name) for name in ("holder", "other holder")]
    for holder in holders:
        holder.lay_out(b"GET", *(MANY_TIMES * (Reply((), is_last=True),)))
    client.index.records.append(holders[1].record(number, TITLE))
    await client.start_get(holders[0].record(number, TITLE))
    if not await wait_until(
        lambda: all(holder.asked for holder in holders), seconds=client.wires.patience.answer_seconds
    ):
        raise Deviation("only one of two holders is asked")
    await client.still_asks()
