"""The data of an answer, and the close behind it (B-10, B-13)."""

from __future__ import annotations

import asyncio

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient, skipped
from p2pci.checker.peer.comparing import require_bytes, require_same
from p2pci.checker.peer.target import Holder
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending

GROUP = "The data and the close"

SLOW_READER_SECONDS = 0.6
RECEIVE_BUFFER_BYTES = 16 * 1024  # so that the holder notices that nobody reads, unless the document is small


@case("B-13/9", Level.MUST, "The same GET gives the same bytes again.")
async def same_bytes_again(holder: Holder) -> None:
    usual = await holder.usual()
    require_same(await holder.get(), usual)


@case("B-13/10", Level.MUST, "The data are the bytes of the file.", also=("P-3.2",))
async def bytes_of_the_file(holder: Holder) -> Finding | None:
    if holder.document is None:
        return skipped("no copy of the document to compare with (--file)")
    require_bytes(await holder.usual(), holder.document)
    return None


@case(
    "B-10/1", Level.MUST, "The holder closes the connection after sending.", also=("P-1.2", "P-1.44", "A-24")
)
async def closes_after_sending(holder: Holder) -> None:
    caller = await holder.call()
    await caller.ask(holder.request())
    if caller.wire.ending is None:
        await caller.wire.more(caller.wire.patience.answer_seconds)
    if caller.wire.ending is None:
        raise Deviation("the connection stays open after the answer", symptom=Symptom.STAYS_OPEN)


@case(
    "B-10/2",
    Level.MUST,
    "The connection is not reset before all bytes of the data have come.",
)
async def no_reset_before_the_end(holder: Holder) -> Finding | None:
    answer = await holder.usual()
    if answer.ending is not Ending.RESET:
        return None
    length, came = answer.length, len(answer.data)
    if length is not None and came >= length:
        return lenient("all bytes came, and then a reset, which could have destroyed them")
    raise Deviation(f"the connection was reset after {came} bytes of data", symptom=Symptom.RESETS)


@case(
    "B-10/3",
    Level.SHOULD,
    "A GET whose sender ends its side at once is answered whole.",
    also=("P-1.2",),
)
async def half_close_is_no_leaving(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await holder.call()
    caller.wire.send(holder.request())
    caller.end()
    require_same(await caller.answer(), usual)


@case("B-10/4", Level.SHOULD, "A reader that takes its time gets every byte.")
async def slow_reader_gets_all(holder: Holder) -> None:
    usual = await holder.usual()
    caller = await holder.call(receive_buffer_bytes=RECEIVE_BUFFER_BYTES)
    caller.wire.stop_reading()
    caller.wire.send(holder.request())
    await asyncio.sleep(SLOW_READER_SECONDS)
    caller.wire.go_on_reading()
    require_same(await caller.answer(), usual)


@case(
    "B-15/51",
    Level.MUST,
    "The blank line ends a GET: it is answered before its sender ends its side.",
    also=("B-12",),
)
async def blank_line_ends_request(holder: Holder) -> None:
    holder.habits.waits_for_our_end = False  # here it is found out anew
    answer = await holder.get()
    if answer.came_late:
        raise Deviation(
            "the answer came only when our side of the connection was ended",
            symptom=Symptom.READS_UNTIL_EOF,
        )
