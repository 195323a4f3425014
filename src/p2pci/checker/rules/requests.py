"""Rules of a request of either conversation. May import `lapses`, `lines`, `messages` and the grammar.

Headers that the form does not have are no lapse: extensions are made of them (section 5). Nor is a header
given twice, or a title that is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from p2pci.checker.cases import Level
from p2pci.checker.messages import Header, SeenRequest
from p2pci.checker.rules.lapses import Lapse
from p2pci.checker.rules.lines import lint_line_ends
from p2pci.checker.symptoms import Symptom
from p2pci.errors import InvalidValueError
from p2pci.protocol.grammar import VERSION, parse_host, parse_number, parse_port, parse_title


class Form(NamedTuple):
    """How a request is written (clauses P-1.3 and P-1.4), and which clause asks for its headers."""

    is_numbered: bool
    headers: tuple[bytes, ...]
    clause: str

    def line(self, method: bytes, number: bytes) -> bytes:
        return method + (b" RFC " + number if self.is_numbered else b" ALL") + b" " + VERSION


FORMS = {
    b"ADD": Form(is_numbered=True, headers=(b"Host", b"Port", b"Title"), clause="B-14"),
    b"LOOKUP": Form(is_numbered=True, headers=(b"Host", b"Port", b"Title"), clause="B-14"),
    b"LIST": Form(is_numbered=False, headers=(b"Host", b"Port"), clause="B-14"),
    b"GET": Form(is_numbered=True, headers=(b"Host", b"OS"), clause="B-12"),
    b"REMOVE": Form(is_numbered=True, headers=(b"Host", b"Port"), clause="P-5.9"),
}

_DIGITS = re.compile(rb"[0-9]+").fullmatch


def lint_request(request: SeenRequest) -> Iterator[Lapse]:
    """Say everything that is not as written, in the order of the message."""
    form = FORMS.get(request.method.upper())
    yield from _lint_request_line(request, form)
    if form:
        yield from _lint_missing(request, form)
        yield from _lint_names(request, form)
    yield from _lint_values(request)
    yield from _lint_spacing(request)
    yield from _lint_strays(request)
    yield from lint_line_ends(request.lines)
    yield from _lint_end(request)


def _lint_request_line(request: SeenRequest, form: Form | None) -> Iterator[Lapse]:
    written = b" ".join(request.words)
    if form is None:
        what = "a line that begins none of the four requests"
        yield Lapse("P-1.3", Level.MUST, what, expected=b"ADD, LOOKUP, LIST or GET", received=written)
        return
    number = next(filter(_DIGITS, request.words), b"")
    right = form.line(request.method.upper(), number or b"1")
    if written != right:
        what = f"the request line of {request.method.decode('ascii', 'replace')} is not as written"
        yield Lapse("P-1.3", Level.MUST, what, expected=right + b"\r\n", received=written + b"\r\n")
    if number:
        yield from _lint_number(number)


def _lint_number(number: bytes) -> Iterator[Lapse]:
    if number.startswith(b"0") and number.strip(b"0"):
        what = "a number has leading zeros"
        yield Lapse("P-1.6", Level.INFO, what, expected=number.lstrip(b"0"), received=number)
    try:
        parse_number(number)
    except InvalidValueError as error:
        yield Lapse("P-1.38", Level.INFO, str(error), expected=b"1 to 4294967295", received=number)


def _lint_missing(request: SeenRequest, form: Form) -> Iterator[Lapse]:
    for name in form.headers:
        if not request.values_of(name):
            what = f"{request.method.decode('ascii', 'replace')} has no {name.decode()} header"
            level = Level.INFO if form.clause.startswith("P-5") else Level.MUST
            yield Lapse(form.clause, level, what, expected=name + b": ...\r\n", received=request.raw)


def _lint_names(request: SeenRequest, form: Form) -> Iterator[Lapse]:
    """Find the headers of the form that are there, but otherwise spelled or in another order (P-1.4)."""
    places = {name.lower(): name for name in form.headers}
    seen = [header.name for header in request.headers if header.name.lower() in places]
    for name in seen:
        right = places[name.lower()]
        if name != right:
            what = "a header is spelled otherwise"
            yield Lapse("P-1.4", Level.SHOULD, what, expected=right + b":", received=name + b":")
    order = list(dict.fromkeys(name.lower() for name in seen))
    right_order = [name for name in places if name in order]
    if order != right_order:
        yield Lapse(
            "P-1.4",
            Level.SHOULD,
            "the headers stand in another order",
            expected=b", ".join(places[name] for name in right_order),
            received=b", ".join(places[name] for name in order),
        )


def _lint_values(request: SeenRequest) -> Iterator[Lapse]:
    for header in request.headers:
        match header.name.lower():
            case b"host":
                yield from _lint_host(header)
            case b"port":
                yield from _lint_port(header)
            case b"title":
                yield from _lint_title(header)
            case b"os" if not header.value:
                what = "the OS header is empty"
                yield Lapse("P-1.5", Level.SHOULD, what, expected=b"OS: Linux 6.1", received=header.line.text)
            case _:
                pass


def _lint_host(header: Header) -> Iterator[Lapse]:
    try:
        host = parse_host(header.value)
    except InvalidValueError as error:
        what = str(error)
    else:
        is_plain = "[" not in host and "%" not in host and host.count(":") != 1
        what = "" if is_plain else "Host is a name or an address alone, without port, brackets or scope"
    if what:
        yield Lapse("P-1.10", Level.INFO, what, expected=b"Host: 192.0.2.7", received=header.line.text)


def _lint_port(header: Header) -> Iterator[Lapse]:
    try:
        parse_port(header.value)
    except InvalidValueError as error:
        yield Lapse("P-1.5", Level.MUST, str(error), expected=b"Port: 63235", received=header.line.text)


def _lint_title(header: Header) -> Iterator[Lapse]:
    try:
        parse_title(header.value)
    except InvalidValueError as error:
        yield Lapse("P-1.39", Level.INFO, str(error), expected=b"Title: ...", received=header.line.text)


def _lint_spacing(request: SeenRequest) -> Iterator[Lapse]:
    """Find more or fewer blanks than one between words and after the colon (P-1.6)."""
    pairs = [(request.lines[0].text, b" ".join(request.words))]
    pairs += [(header.line.text, header.name + b": " + header.value) for header in request.headers]
    pairs += [(line.text, b"") for line in request.lines if line.is_blank]
    for written, right in pairs:
        if written != right:
            what = "blanks are not one between words, and one after the colon"
            yield Lapse("P-1.6", Level.INFO, what, expected=right, received=written)


def _lint_strays(request: SeenRequest) -> Iterator[Lapse]:
    for line in request.strays:
        what = "a line that is no header"
        yield Lapse("P-1.3", Level.MUST, what, expected=b"Name: value", received=line.text)


def _lint_end(request: SeenRequest) -> Iterator[Lapse]:
    if not request.is_closed:
        yield Lapse(
            "B-15",
            Level.MUST,
            "no blank line ends the request",
            expected=request.raw + b"\r\n",
            received=request.raw,
            symptom=Symptom.NO_BLANK_LINE_ENDS_REQUEST,
        )
