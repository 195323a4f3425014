"""The form of the answer to a GET: status line, five headers, blank line (P-3.1, B-13, B-15)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient
from p2pci.checker.peer.target import Answer, Holder
from p2pci.checker.rules import lint_head, require
from p2pci.checker.rules.heads import lint_further, lint_names, lint_order, lint_presence, lint_status
from p2pci.checker.symptoms import Symptom

GROUP = "The answer to a GET"


@case(
    "B-13/1",
    Level.MUST,
    "A GET for a document that the holder has is answered 200.",
    also=("P-3.1", "P-1.3", "B-6", "B-21"),
)
async def document_is_there(holder: Holder) -> None:
    await holder.usual()


@case("B-13/2", Level.MUST, "The status line begins with P2P-CI/1.0 and the code.", also=("P-2.8",))
async def status_line_has_version(holder: Holder) -> Finding | None:
    return judge_status(await holder.usual())


def judge_status(answer: Answer) -> Finding | None:
    for lapse in lint_status(answer.head.status):
        if lapse.level is Level.INFO:  # how phrases are spelled fails nobody
            return lenient(lapse.what)
        require([lapse], lapse.clause)
    return None


@case("B-13/3", Level.SHOULD, "The status line is the first line of the answer.")
async def status_line_comes_first(holder: Holder) -> None:
    answer = await holder.usual()
    if answer.start:
        raise Deviation(
            "something stands before the status line",
            expected=answer.head.status.line.text + b"\r\n",
            received=answer.start + answer.head.status.line.text,
            symptom=Symptom.STATUS_NOT_FIRST,
        )


@case("B-13/4", Level.MUST, "The answer has a Date.", also=("P-3.1",))
async def date_is_there(holder: Holder) -> None:
    await _require_header(holder, b"Date")


@case("B-13/5", Level.MUST, "The answer has the OS of the holder.", also=("P-3.1",))
async def os_is_there(holder: Holder) -> None:
    await _require_header(holder, b"OS")


@case("B-13/6", Level.MUST, "The answer has a Last-Modified.", also=("P-3.1",))
async def last_modified_is_there(holder: Holder) -> None:
    await _require_header(holder, b"Last-Modified")


@case("B-13/7", Level.MUST, "The answer has a Content-Length.", also=("P-3.1", "A-23"))
async def content_length_is_there(holder: Holder) -> None:
    await _require_header(holder, b"Content-Length")


@case("B-13/8", Level.MUST, "The answer has a Content-Type.", also=("P-3.1",))
async def content_type_is_there(holder: Holder) -> None:
    await _require_header(holder, b"Content-Type")


async def _require_header(holder: Holder, name: bytes) -> None:
    answer = await holder.usual()
    require(lint_presence(answer.head, name), "B-13")


@case("P-3.1/1", Level.MUST, "The names of the five headers are spelled as in the protocol.", also=("A-22",))
async def headers_are_spelled(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_names(answer.head), "P-3.1")


@case(
    "P-3.1/2",
    Level.SHOULD,
    "The headers come in this order: Date, OS, Last-Modified, Content-Length, Content-Type.",
)
async def headers_are_in_order(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_order(answer.head), "P-3.1")


@case(
    "P-3.1/3",
    Level.SHOULD,
    "The answer has no headers but these five, unless the request asked for more.",
    also=("P-5.1", "P-5.2"),
)
async def no_further_headers(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_further(answer.head), "P-3.1")


@case("P-3.1/4", Level.MUST, "A blank line stands between the headers and the data.", also=("B-13", "B-15"))
async def blank_line_before_data(holder: Holder) -> None:
    answer = await holder.usual()
    strays = [line for line in answer.head.strays if b":" not in line.text]
    if strays or not answer.head.lines[-1].is_blank:
        raise Deviation(
            "there is no blank line behind the headers",
            expected=b"\r\n\r\n",
            received=answer.head.raw[-80:] + answer.data[:40],
            symptom=Symptom.BLANK_LINE_MISSING,
        )


@case("B-15/50", Level.MUST, "Every line of the head ends in CR LF.", also=("P-3.1",))
async def lines_end_in_crlf(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_head(answer.head), "B-15")
