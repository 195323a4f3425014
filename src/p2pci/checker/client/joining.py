"""Joining, staying and leaving (P-1.1, P-1.5, B-6 to B-8)."""

from __future__ import annotations

import asyncio

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient, skipped
from p2pci.checker.client.desks import Asked, Reply
from p2pci.checker.client.target import Client, fresh_number
from p2pci.checker.messages import SeenRequest
from p2pci.checker.program import wait_until
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction, Transcript
from p2pci.checker.wire import Unreachable, Wire
from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import parse_port

GROUP = "Joining, staying, leaving"
IDLE_SECONDS = 1.0


@case(
    "B-7/2", Level.MUST, "It connects to the index server and reports what it has, with ADD.", also=("B-3",)
)
async def joins_with_add(client: Client) -> None:
    try:
        adds = await client.join()
    except Unreachable as error:
        raise Deviation(str(error), symptom=Symptom.NOT_CONNECTED) from error
    if not adds:
        await client.add(fresh_number())


@case("B-6/1", Level.MUST, "The port that it reports is that of its upload server, which answers.")
async def upload_server_answers(client: Client) -> None:
    add = await client.added()
    wire = await connect_to_uploads(client, add)
    number = add.request.words[2] if len(add.request.words) > 2 else b"1"
    wire.send(b"GET RFC %b P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: Linux 6.1\r\n\r\n" % number)
    if not (await wire.until_end()).startswith(b"P2P-CI/"):
        raise Deviation("the upload server does not answer a GET", symptom=Symptom.NO_UPLOAD_SERVER)


async def connect_to_uploads(client: Client, add: Asked) -> Wire:
    """Connect to the upload server of an ADD: on this machine, or on the host that it names."""
    port = port_of(add.request)
    named = add.request.first_value_of(b"Host").decode("ascii", "replace")
    reasons = []
    for host in dict.fromkeys(("127.0.0.1", add.wire.remote[0], named)):
        try:
            return await client.wires.connect(host, port, name="upload server")
        except Unreachable as error:
            reasons.append(f"{host}: {error}")
    raise Deviation(
        f"nobody accepts on the port that it reports, {port} ({'; '.join(reasons)})",
        symptom=Symptom.NO_UPLOAD_SERVER,
    )


def port_of(request: SeenRequest) -> int:
    value = request.first_value_of(b"Port")
    try:
        return parse_port(value)
    except InvalidValueError as error:
        what = "the Port is no port"
        raise Deviation(what, expected=b"Port: 63235", received=b"Port: " + value) from error


@case("P-1.5/1", Level.MUST, "Host and Port name the sender, the same in every request.", also=("B-14",))
async def names_itself_the_same(client: Client) -> None:
    first = await client.added()
    number = fresh_number()
    for asked in (await client.lookup(number), await client.list_all()):
        for name in (b"Host", b"Port"):
            there, here = first.request.values_of(name), asked.request.values_of(name)
            if there and here and there[0] != here[0]:
                raise Deviation(
                    f"{asked.request.method.decode()} names another {name.decode()} than ADD did",
                    expected=name + b": " + there[0],
                    received=name + b": " + here[0],
                )


@case("B-8/1", Level.MUST, "It keeps its connection to the index server while it stays.", also=("P-1.1",))
async def keeps_its_connection(client: Client) -> None:
    await client.join()
    await client.lookup(fresh_number())
    await asyncio.sleep(IDLE_SECONDS)
    await client.list_all()
    if len(client.index.wires) > 1:
        raise Deviation(
            f"{len(client.index.wires)} connections to the index server were made, not one",
            symptom=Symptom.ENDS_ON_ERROR,
        )


@case("P-1.1/3", Level.MUST, "Leaving is closing the connection to the index server.", also=("P-4.2", "B-8"))
async def leaving_closes(client: Client) -> None:
    await client.join()
    await client.leave()
    seconds = client.wires.patience.answer_seconds
    if not await wait_until(lambda: all(wire.ending for wire in client.index.wires), seconds=seconds):
        raise Deviation(f"the connection is still there {seconds:g} s after leaving", symptom=Symptom.STAYS)


@case("A-19/2", Level.INFO, "It leaves without parting words: the close says it.", also=("P-4.2",))
async def leaves_without_words(client: Client) -> Finding | None:
    await client.join()
    count = len(client.index.asked)
    await client.leave()
    await wait_until(lambda: all(wire.ending for wire in client.index.wires), seconds=2.0)
    words = [asked.request.lines[0].text.decode("ascii", "replace") for asked in client.index.asked[count:]]
    return lenient(f"it says {words[0]!r} when it leaves") if words else None


@case("P-2.28/1", Level.INFO, "Its next request waits until the last answer is complete.", also=("A-8",))
async def waits_for_the_answer(client: Client) -> Finding | None:
    pause_seconds = client.driver.quiet_seconds / 2  # shorter than what is taken for the end of its ADDs

    def hold(request: SeenRequest) -> Reply:
        head, record = client.index.right_reply(request).pieces[0].split(b"RFC", 1)
        return Reply((head, b"RFC" + record), pause_seconds=pause_seconds)

    client.index.lay_out(b"ADD", hold)
    adds = await client.join()
    if len(adds) < 2:
        return skipped("it has fewer than two documents to report")
    if _came_before_record(client.wires.transcript) > len(adds[0].request.raw):
        return lenient("it sends the next ADD before the answer to the last is complete")
    return None


def _came_before_record(transcript: Transcript) -> int:
    """Count what the index server had received when it sent the record of its first answer."""
    received = 0
    for piece in transcript.pieces:
        if piece.direction is Direction.RECEIVED:
            received += len(piece.data)
        elif piece.direction is Direction.SENT and piece.data.startswith(b"RFC"):
            break
    return received
