"""What others send a little differently, and a holder had better understand (P-1.11 to P-1.25)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.peer.comparing import require_same
from p2pci.checker.peer.target import Answer, Caller, Holder
from p2pci.checker.symptoms import Symptom

GROUP = "Tolerance"


async def _require_usual(holder: Holder, request: bytes, *, symptom: Symptom | None = None) -> None:
    """Check that this request is answered as a GET in its usual form is."""
    usual = await holder.usual()
    answer = await holder.ask(request)
    if answer.came_late and not usual.came_late:
        raise Deviation("answered only when our side was ended", symptom=symptom)
    require_same(answer, usual, symptom=symptom)


@case("P-1.11/50", Level.INFO, "Names of headers are understood in any case.")
async def names_in_any_case(holder: Holder) -> None:
    request = holder.request().replace(b"Host:", b"hOST:").replace(b"OS:", b"os:")
    await _require_usual(holder, request, symptom=Symptom.HEADERS_BY_PLACE)


@case(
    "P-1.12/50", Level.INFO, "Around the value of a header there may be many blanks, or none.", also=("A-13",)
)
async def blanks_around_values(holder: Holder) -> None:
    usual = holder.request()
    await _require_usual(holder, usual.replace(b": ", b":"), symptom=Symptom.HEADERS_BY_PLACE)
    await _require_usual(holder, usual.replace(b": ", b": \t  "), symptom=Symptom.HEADERS_BY_PLACE)


@case("P-1.13/50", Level.INFO, "Headers may come in any order.")
async def headers_in_any_order(holder: Holder) -> None:
    line, host, system, *rest = holder.request().split(b"\r\n")
    request = b"\r\n".join([line, system, host, *rest])
    await _require_usual(holder, request, symptom=Symptom.HEADERS_BY_PLACE)


@case("P-1.14/50", Level.INFO, "Headers that nobody knows are ignored.", also=("P-1.41",))
async def unknown_headers(holder: Holder) -> None:
    request = holder.request(None, "X-Mood: good", "Title: of no use here", "Port: none")
    await _require_usual(holder, request, symptom=Symptom.HEADERS_BY_PLACE)


@case("P-1.15/50", Level.INFO, "Between the words of a request line there may be many blanks.")
async def runs_of_blanks(holder: Holder) -> None:
    line, _, rest = holder.request().partition(b"\r\n")
    await _require_usual(holder, line.replace(b" ", b"  ") + b"\r\n" + rest)


@case("P-1.16/50", Level.INFO, "A number may have leading zeros.")
async def leading_zeros(holder: Holder) -> None:
    await _require_usual(holder, holder.request(f"{holder.number:010d}"))


@case("P-1.17/50", Level.INFO, "Lines may end in LF alone.", also=("A-12",))
async def lf_alone(holder: Holder) -> None:
    await _require_usual(holder, holder.request().replace(b"\r\n", b"\n"))


@case("P-1.18/50", Level.INFO, "Blank lines may come before a request.", also=("A-15",))
async def blank_lines_before(holder: Holder) -> None:
    await _require_usual(holder, b"\r\n\n" + holder.request())


@case("P-1.21/1", Level.INFO, "A GET need not have OS.", also=("A-14",))
async def no_os(holder: Holder) -> None:
    request = holder.request().replace(b"OS: Linux 6.1.0\r\n", b"")
    await _require_usual(holder, request, symptom=Symptom.HEADERS_BY_PLACE)


@case("P-1.24/50", Level.INFO, "A GET without its blank line is answered when its sender ends its side.")
async def no_blank_line(holder: Holder) -> None:
    usual = await holder.usual()
    answer = await _ask_and_end(await holder.call(), holder.request().removesuffix(b"\r\n"))
    require_same(answer, usual)


@case("P-1.25/50", Level.INFO, "When its sender ends its side, the last line of a GET needs no line end.")
async def no_last_line_end(holder: Holder) -> None:
    usual = await holder.usual()
    answer = await _ask_and_end(await holder.call(), holder.request().removesuffix(b"\r\n\r\n"))
    require_same(answer, usual)


async def _ask_and_end(caller: Caller, request: bytes) -> Answer:
    caller.wire.send(request)
    caller.end()
    return await caller.answer()
