"""Several at once, and some that leave (B-6, B-10)."""

from __future__ import annotations

import asyncio

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.peer.comparing import require_same
from p2pci.checker.peer.target import Holder
from p2pci.checker.symptoms import Symptom

GROUP = "Several at once"

AT_ONCE = 5
RECEIVE_BUFFER_BYTES = 16 * 1024  # of those who do not read: what is larger stays with the holder
VISITS = 200  # connections that say nothing
VISITS_AT_ONCE = 20


@case("B-10/6", Level.MUST, "GETs that come at the same time are all answered whole.", also=("B-6", "P-1.2"))
async def several_at_once(holder: Holder) -> None:
    usual = await holder.usual()
    callers = [await holder.call() for _ in range(AT_ONCE)]
    for caller in callers:
        caller.wire.send(holder.request())
    for answer in await asyncio.gather(*(caller.answer() for caller in callers)):
        require_same(answer, usual)


@case("B-10/7", Level.SHOULD, "A connection that says nothing does not keep others waiting.")
async def silent_neighbour(holder: Holder) -> None:
    usual = await holder.usual()
    await holder.call()
    await holder.call()
    await _require_served(holder, "two connections that say nothing are open")
    require_same(await holder.get(), usual)


@case("B-10/8", Level.SHOULD, "A reader that does not read does not keep others waiting.")
async def hanging_neighbour(holder: Holder) -> None:
    await holder.usual()
    for _ in range(3):
        caller = await holder.call(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
        caller.wire.stop_reading()
        caller.wire.send(holder.request())
    await _require_served(holder, "three others do not read what they asked for")


async def _require_served(holder: Holder, while_: str) -> None:
    try:
        await holder.usual()
    except Deviation as deviation:
        raise Deviation(f"{deviation.what}, while {while_}", symptom=Symptom.ONE_AT_A_TIME) from deviation


@case("B-10/9", Level.MUST, "After somebody has gone in the middle of an answer, the next GET is served.")
async def reader_goes_in_the_middle(holder: Holder) -> None:
    await holder.usual()
    for _ in range(3):
        caller = await holder.call()
        caller.wire.send(holder.request())
        await caller.wire.more(caller.wire.patience.answer_seconds)
        caller.wire.reset()
    await holder.require_alive(after="three readers that went in the middle")


@case("B-10/10", Level.MUST, "After somebody has gone in the middle of a request, the next GET is served.")
async def sender_goes_in_the_middle(holder: Holder) -> None:
    await holder.usual()
    half = holder.request()[:20]
    for leave in ("close", "reset"):
        caller = await holder.call()
        await caller.wire.send_pieces(half)
        if leave == "close":
            caller.wire.close()
        else:
            caller.wire.reset()
    await holder.require_alive(after="two that went in the middle of a request")


@case(
    "B-10/11", Level.SHOULD, "After two hundred that connect and go without a word, the next GET is served."
)
async def many_visits(holder: Holder) -> None:
    await holder.usual()
    for _ in range(VISITS // VISITS_AT_ONCE):
        callers = [await holder.call() for _ in range(VISITS_AT_ONCE)]
        for caller in callers:
            caller.wire.close()
        await asyncio.sleep(0)
    await holder.require_alive(after=f"{VISITS} that connected and went")
