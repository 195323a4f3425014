"""Extensions of ours, which a holder need not have: parts, digests, keep-alive (P-5.20 to P-5.28)."""

from __future__ import annotations

import asyncio
import base64
import hashlib

from p2pci.checker.cases import Deviation, Finding, Level, case, skipped
from p2pci.checker.peer.comparing import require_bytes, require_same
from p2pci.checker.peer.target import Answer, Caller, Holder, absent_number, require_code

GROUP = "Extensions"

SHORTEST = 2  # bytes, that a part can be less than all
KEEP_ALIVE = "Connection: keep-alive"
IDLE_SECONDS = 1.0  # much less than the 15 s that a connection is kept


@case(
    "P-5.20/1", Level.INFO, "Range: bytes=N- is answered 206 with the rest of the document, and says which."
)
async def rest_of_document(holder: Holder) -> Finding | None:
    usual = await holder.usual()
    if len(usual.data) < SHORTEST:
        return skipped("the document is too short for parts")
    first = len(usual.data) // 2
    await _require_part(holder, usual, asked=f"bytes={first}-", part=range(first, len(usual.data)))
    return None


@case("P-5.20/2", Level.INFO, "Range: bytes=N-M is answered 206 with these bytes, both ends included.")
async def part_of_document(holder: Holder) -> Finding | None:
    usual = await holder.usual()
    if len(usual.data) < SHORTEST:
        return skipped("the document is too short for parts")
    size = len(usual.data)
    await _require_part(holder, usual, asked=f"bytes=0-{size // 3}", part=range(size // 3 + 1))
    await _require_part(holder, usual, asked=f"bytes=1-{size + 5}", part=range(1, size))
    return None


async def _require_part(holder: Holder, usual: Answer, *, asked: str, part: range) -> None:
    answer = require_code(await holder.ask(holder.request(None, f"Range: {asked}")), 206)
    content = f"bytes {part.start}-{part.stop - 1}/{len(usual.data)}"
    _require_header(answer, b"Content-Range", content.encode())
    if answer.length != len(part):
        raise Deviation(f"Content-Length is {answer.length} for {len(part)} bytes")
    require_bytes(answer, usual.data[part.start : part.stop])


@case(
    "P-5.21/1", Level.INFO, "A Range that begins behind the document is answered 416, which tells its size."
)
async def range_behind_the_end(holder: Holder) -> None:
    size = len((await holder.usual()).data)
    answer = require_code(await holder.ask(holder.request(None, f"Range: bytes={size}-")), 416)
    _require_header(answer, b"Content-Range", b"bytes */%d" % size)


@case("P-5.22/1", Level.INFO, "Any other form of Range is ignored, and the whole document comes.")
async def other_ranges(holder: Holder) -> None:
    usual = await holder.usual()
    for form in ("bytes=-5", "bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "bytes", "bytes=a-b"):
        answer = await holder.ask(holder.request(None, f"Range: {form}"))
        require_same(answer, usual)


@case("P-5.24/1", Level.INFO, "Want-Repr-Digest: sha-256=1 is answered with the SHA-256 of the document.")
async def digest(holder: Holder) -> None:
    usual = await holder.usual()
    answer = await holder.ask(holder.request(None, "Want-Repr-Digest: sha-256=1"))
    require_same(answer, usual)
    _require_digest(answer, usual.data)


def _require_digest(answer: Answer, document: bytes) -> None:
    digest = base64.b64encode(hashlib.sha256(document).digest())
    _require_header(answer, b"Repr-Digest", b"sha-256=:" + digest + b":")


@case("P-5.24/2", Level.INFO, "The digest of a part is that of the whole document.", also=("P-5.20",))
async def digest_of_part(holder: Holder) -> Finding | None:
    usual = await holder.usual()
    if len(usual.data) < SHORTEST:
        return skipped("the document is too short for parts")
    answer = await holder.ask(holder.request(None, "Range: bytes=1-", "Want-Repr-Digest: sha-256=1"))
    require_code(answer, 206)
    _require_digest(answer, usual.data)
    return None


@case("P-5.25/1", Level.INFO, "Connection: keep-alive is agreed to, and a second GET is answered.")
async def two_gets(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await _agree(holder, usual)
    caller.wire.send(holder.request(None, KEEP_ALIVE))
    require_same(await caller.kept_answer(), usual)


@case(
    "P-5.25/2", Level.INFO, "Under keep-alive, a GET that does not ask for it is the last.", also=("P-1.44",)
)
async def last_get(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await _agree(holder, usual)
    require_same(await caller.ask(holder.request()), usual)
    if caller.wire.ending is None:
        raise Deviation("the connection stays open")


@case("P-5.26/1", Level.INFO, "Under keep-alive, GETs in one segment are answered in order.")
async def pipelined(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await _agree(holder, usual)
    get = holder.request(None, KEEP_ALIVE)
    caller.wire.send(get + holder.request(absent_number(), KEEP_ALIVE) + get)
    require_same(await caller.kept_answer(), usual)
    require_code(await caller.kept_answer(), 404)
    require_same(await caller.kept_answer(), usual)


@case("P-5.27/1", Level.INFO, "Under keep-alive, errors leave the connection open.")
async def errors_under_keep_alive(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await _agree(holder, usual)
    for request, code in (
        (holder.request(absent_number(), KEEP_ALIVE), 404),
        (holder.request(None, "Range: bytes=999999999-", KEEP_ALIVE), 416),
        (holder.request(None, KEEP_ALIVE), 200),
    ):
        caller.wire.send(request)
        require_code(await caller.kept_answer(), code)


@case("P-5.28/1", Level.INFO, "Under keep-alive, a second of silence does not end the connection.")
async def silence_under_keep_alive(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await _agree(holder, usual)
    await asyncio.sleep(IDLE_SECONDS)
    caller.wire.send(holder.request(None, KEEP_ALIVE))
    require_same(await caller.kept_answer(), usual)


async def _agree(holder: Holder, usual: Answer) -> Caller:
    """Connect, and agree with a first GET on more."""
    caller = await holder.call()
    caller.wire.send(holder.request(None, KEEP_ALIVE))
    answer = await caller.kept_answer()
    require_same(answer, usual)
    _require_header(answer, b"Connection", b"keep-alive")
    return caller


def _require_header(answer: Answer, name: bytes, value: bytes) -> None:
    values = answer.head.values_of(name)
    if values != [value]:
        raise Deviation(
            f"{name.decode()} is another" if values else f"there is no header {name.decode()}",
            expected=name + b": " + value + b"\r\n",
            received=b"".join(name + b": " + each + b"\r\n" for each in values) or answer.head.raw,
        )
