"""What the five headers say (P-3.2, Q-1, Q-10)."""

from __future__ import annotations

import asyncio
import time

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case, lenient, skipped
from p2pci.checker.peer.target import Answer, Holder
from p2pci.checker.rules import require
from p2pci.checker.rules.dates import is_http_date, read_date
from p2pci.checker.rules.heads import (
    MAX_DELAY_SECONDS,
    lint_date,
    lint_date_forms,
    lint_length,
    lint_modified,
    lint_os,
    lint_type,
    value_of,
)
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Ending

GROUP = "The five headers"

TICK_SECONDS = 1.1  # dates are told in whole seconds


@case("P-3.2/1", Level.MUST, "Date is when the answer was sent.")
async def date_is_now(holder: Holder) -> Finding | None:
    answer = await holder.usual()
    require(lint_date(answer.head, now=time.time()), "P-3.2")
    date = _date_of(answer, b"Date")
    if date is None:
        return skipped("no Date that can be read here")
    minutes = (date - time.time()) / 60
    if abs(minutes) * 60 > MAX_DELAY_SECONDS:
        return lenient(f"Date is {minutes:+.0f} minutes from ours: is it of another time zone, and not GMT?")
    return None


@case("P-3.2/2", Level.MUST, "Last-Modified is a date, and not in the future.")
async def modified_is_past(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_modified(answer.head, now=time.time()), "P-3.2")


@case("P-3.2/3", Level.MUST, "Last-Modified belongs to the file: two answers have the same.")
async def modified_stays(holder: Holder) -> None:
    first = await holder.usual()
    modified, date = (_date_of(first, name) for name in (b"Last-Modified", b"Date"))
    if modified is not None and date is not None and abs(date - modified) > 60:
        return  # that is not the time of the answer
    await asyncio.sleep(TICK_SECONDS)
    second = await holder.usual()
    one, other = (value_of(answer.head, b"Last-Modified") for answer in (first, second))
    if one != other:
        raise Deviation(
            "Last-Modified changes, although the file does not",
            expected=one,
            received=other,
            symptom=Symptom.MODIFIED_WRONG,
        )


@case("P-3.2/4", Level.MUST, "OS says something.")
async def os_is_not_empty(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_os(answer.head), "P-3.2")


@case("P-3.2/5", Level.MUST, "Content-Length is a decimal number.")
async def length_is_number(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_length(answer.head), "P-3.2")


@case(
    "P-3.2/6",
    Level.MUST,
    "Content-Length is how many bytes of data come, neither more nor less.",
    also=("B-13", "A-21"),
)
async def length_is_right(holder: Holder) -> Finding | None:
    answer = await holder.usual()
    length, came = answer.length, len(answer.data)
    if length is None:
        return skipped("there is no Content-Length that is a number")
    if length == came:
        return None
    if answer.ending is Ending.RESET:
        return skipped("the connection was reset, which B-10/2 tells")
    raise Deviation(
        f"Content-Length is {length}, and {came} bytes of data came",
        expected=b"Content-Length: %d\r\n" % came,
        received=b"Content-Length: %d\r\n" % length,
        symptom=_explain_length(answer, length),
    )


def _explain_length(answer: Answer, length: int) -> Symptom:
    text = answer.data.decode("utf-8", "replace")
    if length in (len(text), len(text.replace("\r\n", "\n"))):
        return Symptom.COUNTS_CHARACTERS
    if len(answer.data) > length:
        return Symptom.SENDS_MORE
    is_first_line_gone = length - len(answer.data) <= 2
    return Symptom.STRIPPED if is_first_line_gone else Symptom.CUT_SHORT


@case("P-3.2/7", Level.SHOULD, "Content-Type is a kind of text.")
async def type_is_text(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_type(answer.head), "P-3.2")


@case("Q-1/50", Level.OPEN, "Content-Type is text/plain, as the prose has it, or text/text, as the example.")
async def kind_of_text(holder: Holder) -> Finding:
    answer = await holder.usual()
    value = value_of(answer.head, b"Content-Type")
    return ambiguous("no Content-Type" if value is None else value.decode("utf-8", "replace"))


@case("Q-10/50", Level.OPEN, "The form of dates is open: the examples of the course text are no valid dates.")
async def form_of_dates(holder: Holder) -> Finding:
    answer = await holder.usual()
    values = [value_of(answer.head, name) for name in (b"Date", b"Last-Modified")]
    if all(value and is_http_date(value) for value in values):
        return ambiguous("dates as in HTTP")
    return ambiguous(" and ".join((value or b"none").decode("utf-8", "replace") for value in values))


@case("P-3.3/1", Level.INFO, "Dates have the form of HTTP dates, in GMT.")
async def dates_as_in_http(holder: Holder) -> None:
    answer = await holder.usual()
    require(lint_date_forms(answer.head), "P-3.3")


def _date_of(answer: Answer, name: bytes) -> float | None:
    value = value_of(answer.head, name)
    return None if value is None else read_date(value)
