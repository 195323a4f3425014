"""Rules of the head of a holder's answer (clauses P-3.1 to P-3.3, B-13), one function each.

A header that is there under a name which is nearly right is a matter of names, not of presence.
May import `cases`, `dates`, `lapses`, `lines`, `messages` and the grammar.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from p2pci.checker.cases import Level
from p2pci.checker.messages import HolderHead, Line, StatusLine
from p2pci.checker.rules.dates import is_http_date, read_date
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.rules.lines import lint_line_ends
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import BLANKS, VERSION, Status

HEADERS = (b"Date", b"OS", b"Last-Modified", b"Content-Length", b"Content-Type")
EXTENSIONS = (b"Content-Range", b"Repr-Digest", b"Connection")  # of section 5, when they were asked for
MAX_ZONE_SECONDS = 24 * 3600.0  # a date without a zone, or of a clock that is wrong by one, is within this
MAX_DELAY_SECONDS = 300.0

_EXAMPLES = {
    b"Date": b"Date: Sun, 26 Apr 2026 21:30:16 GMT\r\n",
    b"OS": b"OS: Linux 6.1.0\r\n",
    b"Last-Modified": b"Last-Modified: Fri, 17 Apr 2026 16:08:18 GMT\r\n",
    b"Content-Length": b"Content-Length: 1839\r\n",
    b"Content-Type": b"Content-Type: text/plain\r\n",
}
_LENGTH = re.compile(rb"[0-9]{1,18}").fullmatch


class WrittenHeader(NamedTuple):
    """A header line as it came; `known` is the header of the five that it means, or None."""

    known: bytes | None
    name: bytes
    value: bytes
    line: Line


def lint_head(head: HolderHead, *, now: float | None = None) -> Iterator[Lapse]:
    """Say everything that is not as written; of an error's head, what is true of every answer.

    Args:
        head: what came.
        now: seconds since 1970 when it came; None for this moment.
    """
    yield from lint_line_ends(head.lines)
    yield from lint_status(head.status)
    if head.code in (Status.OK, Status.PARTIAL_CONTENT):
        yield from lint_presence(head)
        yield from lint_names(head)
        yield from lint_order(head)
        yield from lint_further(head, allowed=EXTENSIONS)
        yield from lint_values(head, now=time.time() if now is None else now)


def written_headers(head: HolderHead) -> list[WrittenHeader]:
    """Give every line with a colon, also one whose name is no token, such as `Last Modified: …`."""
    pieces = [(line, *line.text.partition(b":")) for line in head.lines[1:] if b":" in line.text]
    return [WrittenHeader(_known(name), name, value.strip(BLANKS), line) for line, name, _, value in pieces]


def value_of(head: HolderHead, name: bytes) -> bytes | None:
    """Give the value of one of the five headers, under whatever spelling; None when it is not there."""
    return next((header.value for header in written_headers(head) if header.known == name), None)


def length_of(head: HolderHead) -> int | None:
    """Give Content-Length; None when it is not there, or no number."""
    value = value_of(head, b"Content-Length")
    return int(value) if value is not None and _LENGTH(value) else None


def _known(name: bytes) -> bytes | None:
    return _KNOWN.get(_plain(name))


def _plain(name: bytes) -> bytes:
    return re.sub(rb"[-_ \t]", b"", name).lower()


_KNOWN = {_plain(name): name for name in HEADERS}


def lint_status(status: StatusLine) -> Iterator[Lapse]:
    """Find a status line without the version, and a phrase that is spelled in another way."""
    right = _right_status(status.code)
    written = status.line.text + status.line.end
    if status.version != VERSION:
        yield Lapse("P-2.8", Level.MUST, "the status line does not begin with P2P-CI/1.0", right, written)
    elif right and status.line.text + b"\r\n" != right:
        yield Lapse("P-2.8", Level.INFO, "the phrase is spelled in another way", right, written)


def _right_status(code: int) -> bytes:
    try:
        return b"%b %d %b\r\n" % (VERSION, code, Status(code).phrase.encode())
    except ValueError:
        return b""


def lint_presence(head: HolderHead, *names: bytes) -> Iterator[Lapse]:
    """Find which of these headers, or of the five, are not there."""
    there = {header.known for header in written_headers(head)}
    for name in names or HEADERS:
        if name not in there:
            what = f"there is no {name.decode()}"
            yield Lapse("B-13", Level.MUST, what, _EXAMPLES[name], head.raw, Symptom.HEADER_MISSING)


def lint_names(head: HolderHead) -> Iterator[Lapse]:
    """Find names that are nearly right."""
    for header in written_headers(head):
        if header.known and header.name != header.known:
            right = header.known + b": " + header.value + b"\r\n"
            written = header.line.text + header.line.end
            what = f"{header.known.decode()} is spelled in another way"
            yield Lapse("P-3.1", Level.MUST, what, right, written, Symptom.HEADER_SPELLED)


def lint_order(head: HolderHead) -> Iterator[Lapse]:
    """Find headers that stand before one which they should follow."""
    there = [header for header in written_headers(head) if header.known]
    right = sorted(there, key=lambda header: HEADERS.index(header.known or b""))
    if there != right:
        expected, received = (
            b"".join(header.name + b":\r\n" for header in headers) for headers in (right, there)
        )
        yield Lapse(
            "P-3.1",
            Level.SHOULD,
            "the headers are in another order",
            expected,
            received,
            Symptom.HEADERS_SORTED,
        )


def lint_further(head: HolderHead, *, allowed: tuple[bytes, ...] = ()) -> Iterator[Lapse]:
    """Find headers that are neither of the five nor allowed."""
    for header in written_headers(head):
        if not header.known and header.name not in allowed:
            written = header.line.text + header.line.end
            yield Lapse(
                "P-3.1",
                Level.SHOULD,
                "there is a header that nobody asked for",
                b"",
                written,
                Symptom.HEADER_UNASKED,
            )


def lint_values(head: HolderHead, *, now: float) -> Iterator[Lapse]:
    """Find values that cannot be."""
    yield from lint_date(head, now=now)
    yield from lint_os(head)
    yield from lint_modified(head, now=now)
    yield from lint_length(head)
    yield from lint_type(head)
    yield from lint_date_forms(head)


def lint_date(head: HolderHead, *, now: float) -> Iterator[Lapse]:
    """Find a Date that is not of today; its form and its zone are not for this rule."""
    yield from _lint_moment(
        head,
        b"Date",
        is_wrong=lambda date: abs(date - now) > MAX_ZONE_SECONDS,
        what="Date is not when the answer was sent",
    )


def _lint_moment(
    head: HolderHead, name: bytes, *, is_wrong: Callable[[float], bool], what: str
) -> Iterator[Lapse]:
    """Find a date that cannot be right; one of a form that nobody knows is let pass if it has digits."""
    value = value_of(head, name)
    if value is None:
        return
    date = read_date(value)
    if date is None and not re.search(rb"[0-9]", value):
        yield _not_right(name, value, f"{name.decode()} is no date")
    elif date is not None and is_wrong(date):
        yield _not_right(name, value, what)


def lint_os(head: HolderHead) -> Iterator[Lapse]:
    if value_of(head, b"OS") == b"":
        yield _not_right(b"OS", b"", "OS is empty")


def lint_modified(head: HolderHead, *, now: float) -> Iterator[Lapse]:
    """Find a Last-Modified that is none, or still to come."""
    yield from _lint_moment(
        head,
        b"Last-Modified",
        is_wrong=lambda date: date > now + MAX_ZONE_SECONDS,
        what="Last-Modified is in the future",
    )


def lint_length(head: HolderHead) -> Iterator[Lapse]:
    value = value_of(head, b"Content-Length")
    if value is not None and length_of(head) is None:
        yield _not_right(b"Content-Length", value, "Content-Length is no number")


def lint_type(head: HolderHead) -> Iterator[Lapse]:
    """Find a kind that is none of text; which kind of text is open (Q-1)."""
    value = value_of(head, b"Content-Type")
    if value is not None and not value.lower().startswith(b"text/"):
        right = _EXAMPLES[b"Content-Type"]
        written = b"Content-Type: " + value + b"\r\n"
        yield Lapse("P-3.2", Level.SHOULD, "Content-Type is no kind of text", right, written)


def lint_date_forms(head: HolderHead) -> Iterator[Lapse]:
    """Find dates that are no HTTP dates, which the course text does not ask for."""
    for name in (b"Date", b"Last-Modified"):
        value = value_of(head, name)
        if value and not is_http_date(value):
            written = name + b": " + value + b"\r\n"
            what = f"{name.decode()} has not the form of HTTP dates"
            yield Lapse("P-3.3", Level.INFO, what, _EXAMPLES[name], written)


def _not_right(name: bytes, value: bytes, what: str) -> Lapse:
    symptom = _SYMPTOMS.get(name)
    return Lapse("P-3.2", Level.MUST, what, _EXAMPLES[name], name + b": " + value + b"\r\n", symptom)


_SYMPTOMS = {
    b"Date": Symptom.DATE_WRONG,
    b"OS": Symptom.OS_EMPTY,
    b"Last-Modified": Symptom.MODIFIED_WRONG,
    b"Content-Length": Symptom.LENGTH_WRONG,
}
