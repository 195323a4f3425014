"""Requests that nobody sends by mistake: they are refused, and nothing breaks (P-1.27, P-1.31, P-1.38)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient
from p2pci.checker.peer.target import Holder, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import MAX_HEAD_BYTES, MAX_HEADERS, MAX_REQUEST_LINE_BYTES

GROUP = "Hostile requests"


@case(
    "B-21/54",
    Level.SHOULD,
    "A path in the place of the number is never answered with a document.",
    also=("P-1.38",),
)
async def path_for_number(holder: Holder) -> Finding | None:
    n = holder.number
    tricks = (f"../{n}", f"./{n}", f"../rfc{n}.txt", f"x/../{n}", f"..\\{n}", "/etc/passwd", f"{n}/../{n}")
    for trick in tricks:
        try:
            answer = await holder.ask(holder.request(trick))
        except Deviation as deviation:
            return lenient(deviation.what)
        require_code(answer, 400, 404, symptom=Symptom.NUMBER_IS_PATH)
    return None


@case("P-1.38/50", Level.INFO, "0x…, +…, 1_000 and digits of other scripts are no numbers: 400.")
async def other_numerals(holder: Holder) -> Finding | None:
    n = holder.number
    arabic = "".join(chr(0x660 + int(digit)) for digit in str(n))
    underscored = f"{str(n)[0]}_{str(n)[1:]}" if n > 9 else f"0_{n}"
    return await _require_no_number(holder, f"{n:#x}", f"+{n}", f"{n}.0", underscored, arabic, f"-{n}")


@case(
    "P-1.38/51",
    Level.INFO,
    "A number of 5,000 digits, 0, and 4294967296 are no numbers: 400.",
    also=("P-1.16",),
)
async def numbers_without_measure(holder: Holder) -> Finding | None:
    return await _require_no_number(holder, "1" * 5000, "0", "4294967296", "0" * 10 + str(holder.number))


async def _require_no_number(holder: Holder, *numbers: str) -> Finding | None:
    """Check that these are refused; 404 will do, as there is no such document either."""
    codes = set()
    for number in numbers:
        answer = await holder.ask(holder.request(number))
        codes.add(require_code(answer, 400, 404, symptom=Symptom.ACCEPTS_ANYTHING).code)
    return lenient("some are answered 404") if 404 in codes else None


@case("P-1.31/50", Level.INFO, "A NUL in the head, or a lone CR, is answered 400.")
async def control_bytes(holder: Holder) -> None:
    for byte in (b"\0", b"\r", b"\x1b"):
        request = holder.request().replace(b"Linux", b"Lin" + byte + b"ux")
        require_code(await holder.ask(request), 400)


@case(
    "P-1.27/50",
    Level.INFO,
    "A request line without an end is answered 400 beyond 8 KiB.",
    also=("P-1.28", "P-1.46"),
)
async def endless_line(holder: Holder) -> None:
    await _require_limit(holder, b"GET RFC " + b"7" * MAX_REQUEST_LINE_BYTES)


@case(
    "P-1.27/51",
    Level.INFO,
    "A head without an end is answered 400 beyond 16 KiB, or 64 headers.",
    also=("P-1.28",),
)
async def endless_head(holder: Holder) -> None:
    begin = holder.request().removesuffix(b"\r\n")
    await _require_limit(
        holder, begin + b"X-Long: " + b"x" * 4000 + b"\r\n" + b"X-L: yyy\r\n" * (MAX_HEAD_BYTES // 10)
    )
    await _require_limit(holder, begin + b"X: y\r\n" * MAX_HEADERS)


async def _require_limit(holder: Holder, request: bytes) -> None:
    """Check that this is refused although it goes on."""
    caller = await holder.call()
    caller.wire.send(request)
    if not await caller.wire.more(caller.wire.patience.answer_seconds):
        raise Deviation(f"{len(request)} bytes without an end are waited for, and kept")
    require_code(await caller.answer(), 400)


@case("B-10/12", Level.SHOULD, "After hostile requests the next GET is served.")
async def hostility_ends_nothing(holder: Holder) -> None:
    await holder.usual()
    requests = (
        b"\0" * 100 + b"\r\n\r\n",
        bytes(range(256)) + b"\r\n\r\n",
        b"GET RFC " + b"9" * 5000 + b" P2P-CI/1.0\r\nHost: h\r\nOS: o\r\n\r\n",
        b"x" * 100_000,
        "GET RFC ١٢ P2P-CI/1.0\r\nHost: ħ\r\nOS: ö\r\n\r\n".encode("utf-16"),
        b"\r\n" * 1000,
    )
    for request in requests:
        caller = await holder.call()
        caller.wire.send(request)
        await caller.wire.more(caller.wire.patience.quiet_seconds)
        caller.wire.close()
    await holder.require_alive(after="hostile requests")
