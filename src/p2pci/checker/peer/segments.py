"""TCP carries a stream: a request may come in many segments, or two in a single one (B-12, B-15)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient
from p2pci.checker.peer.comparing import require_same
from p2pci.checker.peer.target import Holder, absent_number
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending

GROUP = "Segments"

BYTE_PAUSE_SECONDS = 0.002
LINE_PAUSE_SECONDS = 0.05


@case(
    "B-12/1",
    Level.MUST,
    "A GET is whole at its blank line, also when its lines come one by one.",
    also=("B-15", "P-1.22"),
)
async def line_by_line(holder: Holder) -> None:
    lines = holder.request().splitlines(keepends=True)
    await _require_usual(holder, *lines, pause_seconds=LINE_PAUSE_SECONDS)


@case("B-12/2", Level.MUST, "A GET may come byte by byte.", also=("B-15", "P-1.22"))
async def byte_by_byte(holder: Holder) -> None:
    pieces = [bytes([byte]) for byte in holder.request()]
    await _require_usual(holder, *pieces, pause_seconds=BYTE_PAUSE_SECONDS)


@case("B-12/3", Level.MUST, "A GET may be split between CR and LF.", also=("B-15", "P-1.22"))
async def split_within_crlf(holder: Holder) -> None:
    request = holder.request()
    first = request.index(b"\r\n") + 1
    pieces = request[:first], request[first:-3], request[-3:-1], request[-1:]
    await _require_usual(holder, *pieces, pause_seconds=LINE_PAUSE_SECONDS)


async def _require_usual(holder: Holder, *pieces: bytes, pause_seconds: float) -> None:
    usual = await holder.usual()
    caller = await holder.call()
    await caller.wire.send_pieces(*pieces, pause_seconds=pause_seconds)
    try:
        answer = await caller.answer()
    except Deviation as deviation:
        deviation.symptom = Symptom.ONE_RECV
        raise
    require_same(answer, usual, symptom=Symptom.ONE_RECV)


@case(
    "P-1.45/1",
    Level.INFO,
    "Stray line ends behind a GET do no harm: the answer comes whole.",
    also=("A-15", "P-1.46"),
)
async def stray_line_ends(holder: Holder) -> Finding | None:
    usual = await holder.usual()
    answer = await holder.ask(holder.request() + b"\r\n\r\n")
    require_same(answer, usual)
    return _calm_end(answer.ending)


@case("P-1.45/2", Level.INFO, "A second request behind a GET is ignored, and does no harm.", also=("P-1.46",))
async def second_request(holder: Holder) -> Finding | None:
    usual = await holder.usual()
    answer = await holder.ask(holder.request() + holder.request(absent_number()))
    require_same(answer, usual)
    return _calm_end(answer.ending)


def _calm_end(ending: Ending | None) -> Finding | None:
    if ending is Ending.RESET:
        return lenient("all bytes came, and then a reset: bytes lay unread when the socket was closed")
    return None
