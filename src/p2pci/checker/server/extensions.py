"""The extensions of section 5, as information: who agrees none of them is a plain server, and right."""

from __future__ import annotations

import asyncio
import hashlib
from binascii import b2a_base64

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.messages import IndexAnswer
from p2pci.checker.server.expecting import holders_of, require_found, require_record
from p2pci.checker.server.target import TITLE, Peer, Server, fresh_number, require_code
from p2pci.protocol.grammar import Status

GROUP = "Extensions"

_CONTENT = b"The text of a document.\n"
_HEX = hashlib.sha256(_CONTENT).hexdigest()
_DIGEST = b2a_base64(hashlib.sha256(_CONTENT).digest(), newline=False).decode()
_COPY = (f"Size: {len(_CONTENT)}", f"Repr-Digest: sha-256=:{_DIGEST}:")


async def _agree(server: Server, *features: str) -> Peer:
    """Join with these features; the target must know them all."""
    peer = await server.join()
    answer = await peer.ask(peer.request("LIST ALL", f"Features: {', '.join(features)}"))
    agreed = {word.strip() for word in answer.first_value_of(b"Features").decode("latin-1").split(",")}
    lacking = [feature for feature in features if feature not in agreed]
    if lacking:
        raise Deviation(f"not agreed: {', '.join(lacking)}")
    return peer


def _require_value(answer: IndexAnswer, name: str, value: str) -> None:
    if answer.first_value_of(name.encode()) != value.encode():
        raise Deviation(f"{name} is not told", expected=f"{name}: {value}\r\n".encode(), received=answer.raw)


def _require_line(answer: IndexAnswer, line: bytes) -> None:
    if line not in [seen.text for seen in answer.lines]:
        raise Deviation("the record is not there", expected=line + b"\r\n", received=answer.raw)


@case("P-5.4/1", Level.INFO, "Features are agreed: the answer tells the common part.", also=("P-5.3",))
async def features_are_agreed(server: Server) -> None:
    peer = await _agree(server, "pipeline")
    answer = await peer.ask(peer.request("LIST ALL", "Features: levitation, remove"))
    _require_value(answer, "Features", "remove")


@case("P-5.2/1", Level.INFO, "Who asks for no extension gets none.", also=("P-5.1",))
async def nothing_unasked(server: Server) -> None:
    asking = await _agree(server, "digest", "holders", "reason")
    plain, number = await server.join(), fresh_number()
    require_code(await asking.ask(asking.request(f"ADD RFC {number}", f"Title: {TITLE}", *_COPY)), Status.OK)
    request = plain.request(f"LOOKUP RFC {number}", f"Title: {TITLE}", "Want: digest", "Holders: 1")
    answer = require_code(await plain.ask(request), Status.OK)
    require_record(asking, answer, number)
    if answer.headers:
        raise Deviation("headers that nobody asked for", received=answer.raw)


@case("P-5.6/1", Level.INFO, "With pipeline agreed, many requests are in flight, and answered in order.")
async def pipeline(server: Server) -> None:
    peer = await _agree(server, "pipeline")
    numbers = [fresh_number() for _ in range(200)]
    peer.wire.send(b"".join(map(peer.add_request, numbers)))
    for number in numbers:
        require_record(peer, require_code(await peer.answer(), Status.OK), number)


@case(
    "P-5.8/1",
    Level.INFO,
    "With digest agreed, records end in size and SHA-256 when asked for.",
    also=("P-5.7",),
)
async def digest(server: Server) -> None:
    peer, number = await _agree(server, "digest"), fresh_number()
    await peer.ask(peer.request(f"ADD RFC {number}", f"Title: {TITLE}", *_COPY))
    answer = await peer.ask(peer.request(f"LOOKUP RFC {number}", f"Title: {TITLE}", "Want: digest"))
    _require_value(answer, "Want", "digest")
    host = await _published(peer, number)
    _require_line(answer, f"RFC {number} {TITLE} {host} {peer.port} {len(_CONTENT)} {_HEX}".encode())


@case(
    "P-5.8/2",
    Level.INFO,
    "With digest agreed, copies that nobody described are told as - -.",
    also=("P-5.7",),
)
async def digest_unknown(server: Server) -> None:
    peer, number = await _agree(server, "digest"), fresh_number()
    await peer.add(number)
    answer = await peer.ask(peer.request("LIST ALL", "Want: digest"))
    host = await _published(peer, number)
    _require_line(answer, f"RFC {number} {TITLE} {host} {peer.port} - -".encode())


async def _published(peer: Peer, number: int) -> str:
    """Give the host under which a peer is published."""
    record = require_record(peer, await peer.lookup(number), number)
    return record.host.decode("latin-1")


@case("P-5.9/1", Level.INFO, "With remove agreed, REMOVE takes a record away, and answers with it.")
async def remove(server: Server) -> None:
    peer, number = await _agree(server, "remove"), fresh_number()
    await peer.add(number)
    answer = require_code(await peer.ask(peer.request(f"REMOVE RFC {number}")), Status.OK)
    require_record(peer, answer, number)
    if await holders_of(peer, number):
        raise Deviation("it is still found")


@case("P-5.10/1", Level.INFO, "With remove agreed, a REMOVE of what is not there is answered 404.")
async def remove_nothing(server: Server) -> None:
    peer = await _agree(server, "remove")
    require_code(await peer.ask(peer.request(f"REMOVE RFC {fresh_number()}")), Status.NOT_FOUND)


@case("P-5.9/2", Level.INFO, "Unless remove was agreed, REMOVE is answered 400.", also=("P-1.34",))
async def remove_unasked(server: Server) -> None:
    await _agree(server, "remove")
    peer, number = await server.join(), fresh_number()
    await peer.add(number)
    answer = await peer.ask(peer.request(f"REMOVE RFC {number}"))
    require_code(answer, Status.BAD_REQUEST)


@case(
    "P-5.12/1",
    Level.INFO,
    "With holders agreed, at most so many records a number, with the count.",
    also=("P-5.14",),
)
async def holders(server: Server) -> None:
    asker, number = await _agree(server, "holders"), fresh_number()
    for holder in await server.join_several(3):
        await holder.add(number)
    answer = await asker.ask(asker.request(f"LOOKUP RFC {number}", f"Title: {TITLE}", "Holders: 2"))
    _require_value(answer, "Holders", "2")
    counted = [line.text for line in answer.lines if line.text.startswith(b"RFC %d " % number)]
    if len(counted) != 2 or not all(text.endswith(b" 3") for text in counted):
        raise Deviation("not two records that each tell three holders", received=answer.raw)


@case(
    "P-5.13/1",
    Level.INFO,
    "With holders agreed, LIST begins at From, and ends after Limit numbers.",
    also=("P-5.14",),
)
async def pages(server: Server) -> None:
    peer = await _agree(server, "holders")
    numbers = [fresh_number() for _ in range(4)]
    for number in numbers:
        await peer.add(number)
    answer = await peer.ask(peer.request("LIST ALL", f"From: {numbers[1]}", "Limit: 2"))
    _require_value(answer, "From", str(numbers[1]))
    _require_value(answer, "Limit", "2")
    seen = [record.number for record in peer.own_records(answer, *numbers)]
    others = {record.number for record in answer.records} - set(numbers)
    if not others and seen != numbers[1:3]:
        raise Deviation(f"not RFC {numbers[1]} and {numbers[2]}", received=answer.raw)


@case("P-5.16/1", Level.INFO, "With probe agreed, a port where nobody listens is told as unreachable.")
async def probe_of_nobody(server: Server) -> None:
    peer = await _agree(server, "probe")
    request = peer.request(f"ADD RFC {fresh_number()}", f"Title: {TITLE}", "Probe: 1")
    request = request.replace(b"Port: %d" % peer.port, b"Port: 1")
    _require_value(require_code(await peer.ask(request), Status.OK), "Probe", "unreachable")


@case(
    "P-5.16/2", Level.INFO, "With probe agreed, the claimed port is connected to once, and told as reachable."
)
async def probe_of_somebody(server: Server) -> None:
    peer = await _agree(server, "probe")
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: server.wires.make("probe"), peer.wire.local[0], 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        request = peer.request(f"ADD RFC {fresh_number()}", f"Title: {TITLE}", "Probe: 1")
        answer = await peer.ask(request.replace(b"Port: %d" % peer.port, b"Port: %d" % port))
    _require_value(require_code(answer, Status.OK), "Probe", "reachable")


@case("P-5.17/1", Level.INFO, "With reason agreed, an error tells its reason in a header.")
async def reason(server: Server) -> None:
    peer = await _agree(server, "reason")
    answer = await peer.lookup(fresh_number())
    if not answer.first_value_of(b"Reason"):
        raise Deviation("no Reason", received=answer.raw)


@case("P-5.18/1", Level.INFO, "Malformed values of what was agreed are answered 400.")
async def malformed_options(server: Server) -> None:
    for line in ("Want: everything", "Holders: many", "From: here", "Limit: -1"):
        peer = await _agree(server, "digest", "holders")
        require_code(await peer.ask(peer.request("LIST ALL", line)), Status.BAD_REQUEST)
    for line in ("Size: big", "Repr-Digest: none"):
        peer = await _agree(server, "digest")
        request = peer.request(f"ADD RFC {fresh_number()}", f"Title: {TITLE}", line)
        require_code(await peer.ask(request), Status.BAD_REQUEST)


@case("P-5.18/2", Level.INFO, "Malformed values of what was not agreed are ignored.")
async def malformed_unagreed(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    lines = (
        "Size: big",
        "Repr-Digest: none",
        "Probe: maybe",
        "Want: everything",
        "Holders: many",
        "From: here",
    )
    require_code(await peer.ask(peer.request(f"ADD RFC {number}", f"Title: {TITLE}", *lines)), Status.OK)
    await require_found(peer, number, peer)
