"""Errors: 404, 505 and 400, each without data (P-3.4, P-1.32, B-20, B-21)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case, lenient, skipped
from p2pci.checker.peer.answers import judge_status
from p2pci.checker.peer.target import Answer, Holder, absent_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Errors"

NO_ERROR = "a document that is not there gave no error, which P-3.4/1 tells"


@case(
    "P-3.4/1",
    Level.MUST,
    "A GET for a document that the holder does not have is answered 404.",
    also=("B-21",),
)
async def absent_document(holder: Holder) -> None:
    require_code(await holder.get(absent_number()), 404, symptom=Symptom.IGNORES_NUMBER)


@case("B-20/50", Level.MUST, "An error has no data.")
async def error_has_no_data(holder: Holder) -> Finding | None:
    answer = await _error_of(holder)
    if answer is None:
        return skipped(NO_ERROR)
    # One CR LF more or less after an answer without data fails nobody.
    if answer.data.strip(b"\r\n"):
        raise Deviation(
            f"{len(answer.data)} bytes of data came with an error",
            expected=b"",
            received=answer.data[:200],
            symptom=Symptom.DATA_WITH_ERROR,
        )
    return None


@case(
    "P-2.8/50", Level.MUST, "The status line of an error begins with P2P-CI/1.0 and the code.", also=("B-21",)
)
async def error_has_version(holder: Holder) -> Finding | None:
    answer = await _error_of(holder)
    if answer is None:
        return skipped(NO_ERROR)
    return judge_status(answer)


async def _error_of(holder: Holder) -> Answer | None:
    """Get the answer for a document that is not there; None where it is no error, which P-3.4/1 tells."""
    try:
        answer = await holder.get(absent_number())
    except Deviation as deviation:
        if deviation.symptom is Symptom.CLOSED_UNANSWERED:
            return None
        raise
    return None if answer.code == Status.OK else answer


@case("P-1.32/50", Level.MUST, "A GET of another version is answered 505.", also=("B-21", "P-2.8"))
async def other_version(holder: Holder) -> None:
    for version in ("P2P-CI/2.0", "P2P-CI/1.1"):
        answer = await holder.ask(holder.request(version=version))
        require_code(answer, 505, symptom=Symptom.IGNORES_VERSION)


@case("B-21/50", Level.MUST, "A request with a method that does not exist is answered 400.", also=("P-1.34",))
async def unknown_method(holder: Holder) -> None:
    await _require_400(holder, holder.request().replace(b"GET", b"FETCH", 1))


@case("B-21/51", Level.MUST, "A GET that lacks a word is answered 400.", also=("P-1.34",))
async def missing_words(holder: Holder) -> None:
    usual = holder.request()
    number = str(holder.number).encode()
    await _require_400(holder, usual.replace(b" RFC", b"", 1))
    await _require_400(holder, usual.replace(b" " + number, b"", 1))


@case("B-21/52", Level.MUST, "A line that is no request at all is answered 400.", also=("P-1.34",))
async def garbage(holder: Holder) -> Finding | None:
    answer = await holder.ask(b"what is this that I am sending to you\r\nHost: h\r\nOS: x\r\n\r\n")
    require_code(answer, 400, 505, symptom=Symptom.ACCEPTS_ANYTHING)
    return None if answer.code == Status.BAD_REQUEST else ambiguous("505, as it has no version either (Q-8)")


@case("B-21/53", Level.MUST, "A GET whose number is a word is answered 400.", also=("P-1.38",))
async def number_is_word(holder: Holder) -> Finding | None:
    answer = await holder.ask(holder.request("seven"))
    require_code(answer, 400, 404, symptom=Symptom.ACCEPTS_ANYTHING)
    return None if answer.code == 400 else lenient("answered 404: there is no document of that name either")


async def _require_400(holder: Holder, request: bytes) -> Answer:
    return require_code(await holder.ask(request), 400, symptom=Symptom.ACCEPTS_ANYTHING)


@case("B-10/5", Level.MUST, "After errors the next GET is served.")
async def errors_end_nothing(holder: Holder) -> None:
    await holder.usual()
    for request in (holder.request(absent_number()), holder.request(version="P2P-CI/9.9"), b"?\r\n\r\n"):
        caller = await holder.call()
        caller.wire.send(request)
        await caller.wire.more(caller.wire.patience.quiet_seconds)
        caller.wire.close()
    await holder.require_alive(after="three errors")


@case("Q-9/50", Level.OPEN, "After an error the connection is closed, or kept.", also=("P-1.44",))
async def close_after_error(holder: Holder) -> Finding:
    answer = await _error_of(holder)
    if answer is None:
        return ambiguous("no answer that is an error")
    return ambiguous("closed after an error" if answer.ending else "kept open after an error")


@case(
    "Q-8/50",
    Level.OPEN,
    "Another version and a document that is not there: either error may win.",
    also=("P-1.26",),
)
async def two_errors(holder: Holder) -> Finding:
    try:
        answer = await holder.ask(holder.request(absent_number(), version="P2P-CI/2.0"))
    except Deviation as deviation:
        return ambiguous(deviation.what)
    return ambiguous(f"answered {answer.code}")


@case(
    "P-3.5/1",
    Level.INFO,
    "An error answer is its status line, a blank line, and nothing else.",
    also=("A-25",),
)
async def error_is_bare(holder: Holder) -> None:
    answer = await holder.get(absent_number())
    if answer.head.headers or answer.head.strays or answer.data:
        raise Deviation(
            "there is more",
            expected=answer.head.lines[0].text + b"\r\n\r\n",
            received=answer.head.raw + answer.data[:200],
        )


@case(
    "P-1.34/50",
    Level.INFO,
    "Methods, RFC and P2P-CI are upper case: others are answered 400.",
    also=("P-1.33",),
)
async def lower_case(holder: Holder) -> None:
    usual = holder.request()
    for word in (b"GET", b"RFC", b"P2P-CI"):
        await _require_400(holder, usual.replace(word, word.lower(), 1))


@case("P-1.34/51", Level.INFO, "Requests that belong to an index server are answered 400.")
async def requests_of_others(holder: Holder) -> None:
    for words in (f"ADD RFC {holder.number}", f"LOOKUP RFC {holder.number}", "LIST ALL"):
        head = f"{words} P2P-CI/1.0\r\nHost: {holder.host}\r\nPort: 5000\r\nTitle: A Title\r\n\r\n"
        await _require_400(holder, head.encode())


@case("P-1.34/52", Level.INFO, "A GET with a word too many is answered 400.")
async def word_too_many(holder: Holder) -> None:
    await _require_400(holder, holder.request(f"{holder.number} please"))


@case("P-1.33/50", Level.INFO, "A GET without a version, and one of HTTP, are answered 400.")
async def no_version(holder: Holder) -> None:
    await _require_400(holder, holder.request().replace(b" P2P-CI/1.0", b"", 1))
    await _require_400(holder, b"GET /rfc/%d HTTP/1.1\r\nHost: h\r\n\r\n" % holder.number)


@case(
    "P-1.35/50", Level.INFO, "A line among the headers that has no colon, and a folded one, are answered 400."
)
async def broken_headers(holder: Holder) -> None:
    await _require_400(holder, holder.request(None, "this line has none"))
    await _require_400(holder, holder.request(None, " folded: yes"))


@case("P-1.35/51", Level.INFO, "A second Host is answered 400.", also=("P-1.41",))
async def second_host(holder: Holder) -> None:
    await _require_400(holder, holder.request(None, "Host: another"))


@case("P-1.36/50", Level.INFO, "A GET without Host is answered 400.")
async def no_host(holder: Holder) -> None:
    head = f"GET RFC {holder.number} P2P-CI/1.0\r\nOS: Linux 6.1.0\r\n\r\n"
    await _require_400(holder, head.encode())
