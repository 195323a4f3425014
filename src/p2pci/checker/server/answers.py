"""The form of answers: status line, blank line, records, closing blank line (P-2.1 to P-2.3, P-2.8, B-16)."""

from __future__ import annotations

from contextlib import suppress

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case, lenient
from p2pci.checker.messages import IndexAnswer
from p2pci.checker.rules import lint_answer, require
from p2pci.checker.server.expecting import require_record
from p2pci.checker.server.target import Peer, Server, fresh_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Direction
from p2pci.protocol.grammar import Status

GROUP = "Form of answers"


async def _answers_with_records(server: Server) -> list[IndexAnswer]:
    """Get one of ADD and LOOKUP, and of LIST if that is answered at all: whether it is, others judge."""
    peer, number = await server.join(), fresh_number()
    answers = [await peer.add(number), await peer.lookup(number)]
    with suppress(Deviation):
        answers.append(await peer.list_all())
    peer.wire.close()
    return answers


@case("P-2.3/1", Level.MUST, "ADD is answered 200 with the record that was added.", also=("B-17", "P-1.3"))
async def add_echoes_its_record(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    require_record(peer, await peer.add(number), number)


@case("P-2.3/2", Level.MUST, "ADD's answer has the record that was added, and no others.", also=("B-17",))
async def echo_is_one_record(server: Server) -> None:
    peer, first, second = await server.join(), fresh_number(), fresh_number()
    await peer.add(first)
    answer = await peer.add(second)
    if [record.number for record in answer.records] != [second]:
        raise Deviation(
            f"{len(answer.records)} records in the answer to one ADD",
            expected=peer.record_line(second),
            received=answer.raw,
        )


@case("B-15/1", Level.MUST, "Every line of an answer ends in CR LF.", also=("P-2.1", "A-9"))
async def lines_end_in_crlf(server: Server) -> None:
    for answer in await _answers_with_records(server):
        require(lint_answer(answer), "B-15")


@case("P-2.8/1", Level.MUST, "The status line of a success is P2P-CI/1.0 and 200.", also=("B-21",))
async def success_has_its_status_line(server: Server) -> None:
    for answer in await _answers_with_records(server):
        require(lint_answer(answer), "P-2.8")


@case("P-2.8/2", Level.MUST, "The status line of an error begins with P2P-CI/1.0, too.", also=("B-21", "A-5"))
async def error_has_its_status_line(server: Server) -> None:
    peer = await server.join()
    require(lint_answer(await peer.lookup(fresh_number())), "P-2.8")


@case("B-21/1", Level.SHOULD, "The phrases are OK and Not Found, with one blank before them.", also=("A-5",))
async def phrases_are_as_written(server: Server) -> Finding | None:
    peer, number = await server.join(), fresh_number()
    return _lenient_phrases(await peer.add(number), await peer.lookup(fresh_number()))


@case("B-21/2", Level.SHOULD, "The phrases of 400 and 505 are as written.", also=("P-2.8", "A-5"))
async def phrases_of_errors_are_as_written(server: Server) -> Finding | None:
    one = await server.join()
    wrong = await one.ask(one.request("NONSENSE RFC 1"))
    one.wire.close()
    other = await server.join()
    later = await other.ask(other.request("LIST ALL", version="P2P-CI/2.0"))
    return _lenient_phrases(wrong, later)


def _lenient_phrases(*answers: IndexAnswer) -> Finding | None:
    for answer in answers:
        for lapse in lint_answer(answer):
            if lapse.clause == "B-21":
                shown, wanted = (text.decode("latin-1") for text in (lapse.received, lapse.expected))
                return lenient(f"{shown!r} where {wanted!r} is written")
    return None


@case(
    "P-2.2/1",
    Level.MUST,
    "A record line is RFC, the number, the title, the host and the port.",
    also=("A-4",),
)
async def record_has_its_form(server: Server) -> None:
    for answer in await _answers_with_records(server):
        require(lint_answer(answer), "P-2.2")


@case("B-16/1", Level.MUST, "An answer has nothing but status line, blank lines and records.")
async def nothing_but_records(server: Server) -> None:
    answers = await _answers_with_records(server)
    peer = await server.join()
    for answer in (*answers, await peer.lookup(fresh_number())):
        require(lint_answer(answer), "B-16", level=Level.MUST)


@case(
    "B-16/2", Level.SHOULD, "An answer has no headers, and one blank between words.", also=("P-5.1", "P-5.2")
)
async def no_headers_unasked(server: Server) -> None:
    for answer in await _answers_with_records(server):
        require(lint_answer(answer), "B-16", level=Level.SHOULD)


@case("P-2.1/1", Level.MUST, "A blank line ends an answer that has records.", also=("B-16", "A-1"))
async def blank_line_ends_records(server: Server) -> None:
    for answer in await _answers_with_records(server):
        require(lint_answer(answer), "P-2.1")


@case("P-2.1/2", Level.MUST, "One request gets one answer, and nothing behind it.", also=("A-6",))
async def one_request_one_answer(server: Server) -> None:
    peer = await server.join()
    await peer.add(fresh_number())
    await _require_quiet(peer)
    peer.wire.close()
    wrong = await server.join()
    require_code(await wrong.ask(wrong.request("NONSENSE RFC 1")), Status.BAD_REQUEST)
    await _require_quiet(wrong)


async def _require_quiet(peer: Peer) -> None:
    await peer.wire.is_quiet()
    behind = peer.wire.unread.lstrip(b"\r\n")  # of blank lines one more or less is no matter
    if behind:
        raise Deviation("something came behind the answer", received=behind, symptom=Symptom.SENT_TWICE)


@case(
    "Q-2/1",
    Level.OPEN,
    "Between the status line and the records there is a blank line, or none.",
    also=("A-2",),
)
async def blank_line_before_records(server: Server) -> Finding:
    peer, number = await server.join(), fresh_number()
    answer = await peer.add(number)
    return ambiguous("a blank line" if answer.has_blank_line else "records right under the status line")


@case("Q-3/1", Level.OPEN, "An answer without records ends with one blank line, or with two.", also=("A-3",))
async def end_of_an_error(server: Server) -> Finding:
    peer = await server.join()
    answer = await peer.lookup(fresh_number())
    blanks = sum(line.is_blank for line in answer.lines)
    await peer.wire.is_quiet()
    blanks += peer.wire.unread.count(b"\n")
    return ambiguous({0: "no blank line", 1: "one blank line", 2: "two blank lines"}.get(blanks, "more"))


@case(
    "A-18/1",
    Level.INFO,
    "An error ends with CR LF CR LF CR LF, for which some clients wait.",
    also=("P-2.12",),
)
async def error_has_the_long_form(server: Server) -> None:
    peer = await server.join()
    answer = await peer.lookup(fresh_number())
    await peer.wire.is_quiet()
    seen = answer.raw + peer.wire.unread
    if not seen.endswith(b"\r\n\r\n\r\n"):
        raise Deviation(
            "it ends otherwise", expected=answer.status.line.text + b"\r\n\r\n\r\n", received=seen
        )


@case(
    "A-17/1", Level.INFO, "A short answer comes in one piece, for clients that do one recv.", also=("A-10",)
)
async def short_answer_is_one_piece(server: Server) -> None:
    peer = await server.join()
    await peer.add(fresh_number())
    await peer.wire.is_quiet()
    count = sum(piece.direction is Direction.RECEIVED for piece in server.wires.transcript.pieces)
    if count > 1:
        raise Deviation(f"it came in {count} pieces")
