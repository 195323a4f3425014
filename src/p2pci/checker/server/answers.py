"""The form of answers: status line, blank line, records, closing blank line (P-2.1 to P-2.4, B-16)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case
from p2pci.checker.rules import lint_answer, require
from p2pci.checker.server.target import Server, fresh_number

GROUP = "Answers"


@case("P-2.3/1", Level.MUST, "ADD is answered 200 with the record that was added.", also=("B-17",))
async def add_echoes_its_record(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    answer = await peer.add(number, "Requirements for Everything")
    if not peer.own_records(answer, number):
        raise Deviation(
            "the record is not in the answer",
            expected=f"RFC {number} Requirements for Everything {peer.host} {peer.port}\r\n".encode(),
            received=answer.raw,
        )


@case("B-15/1", Level.MUST, "Every line of an answer ends in CR LF.", also=("P-2.1",))
async def lines_end_in_crlf(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    for answer in (await peer.add(number), await peer.lookup(number), await peer.list_all()):
        require(lint_answer(answer), "B-15")


@case("Q-2/1", Level.OPEN, "Between the status line and the records there is a blank line, or none.")
async def blank_line_before_records(server: Server) -> Finding:
    peer, number = await server.join(), fresh_number()
    answer = await peer.add(number)
    return ambiguous("a blank line" if answer.has_blank_line else "records right under the status line")
