"""A case on the page: what was required, what came, and all that went over its wire.

May import `cases`, `showing`, `transcript` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator

from p2pci.checker.cases import Result, Verdict
from p2pci.checker.reports.comparing import Row, compare
from p2pci.checker.reports.markup import Markup, tag
from p2pci.checker.reports.report import MARKS, Subject, weight_of
from p2pci.checker.showing import show_bytes
from p2pci.checker.transcript import Direction, Piece, Transcript

MAX_PIECES = 200  # of a case
MAX_PIECE_BYTES = 2048  # shown of one piece
_COLUMNS = 72

TONES = {
    Verdict.PASS: "good",
    Verdict.LENIENT: "note",
    Verdict.AMBIGUOUS: "note",
    Verdict.UNIMPLEMENTED: "calm",
    Verdict.FAIL: "bad",
    Verdict.ERROR: "bad",
    Verdict.SKIPPED: "calm",
}
_WORDS = {Direction.SENT: "sent", Direction.RECEIVED: "received", Direction.EVENT: "event"}
_ARROWS = {Direction.SENT: "→", Direction.RECEIVED: "←", Direction.EVENT: "·"}


def case_element(result: Result, subject: Subject) -> Markup:
    """Write a case as something to unfold; what failed is unfolded already."""
    is_open = result.verdict in (Verdict.FAIL, Verdict.ERROR) and not result.is_waived
    is_plain = result.verdict is Verdict.PASS
    return tag(
        "details",
        _summary(result, subject),
        tag("div", *_body(result, subject), class_="body"),
        id=result.case.id,
        class_="is-pass" if is_plain else "is-notable",
        open=is_open,
    )


def _summary(result: Result, subject: Subject) -> Markup:
    tone = _tone(result, subject)
    return tag(
        "summary",
        tag("span", MARKS[result.verdict], class_=f"mark {tone}", aria_hidden="true"),
        tag("code", result.case.id),
        tag("span", result.case.requirement, class_="what"),
        tag("span", weight_of(result), class_=f"pill {tone}"),
    )


def _tone(result: Result, subject: Subject) -> str:
    if result.is_waived:
        return "calm"
    is_light = result.verdict is Verdict.FAIL and not subject.counts(result)
    return "note" if is_light else TONES[result.verdict]


def _body(result: Result, subject: Subject) -> Iterator[Markup]:
    if result.note:
        for line in result.note.split("\n"):
            yield tag("p", line)
    if result.is_waived:
        yield tag("p", tag("b", "Waived: "), subject.waived.get(result.case.id, ""))
    yield from _comparison(result)
    if result.symptom:
        yield tag("p", tag("b", "Hint: "), result.symptom.value, class_="hint")
    if result.verdict is not Verdict.PASS:
        yield tag("h3", "Try this case again")
        yield tag("pre", subject.command("--only", result.case.id), class_="command")
    yield tag("h3", "Wire")
    yield _wire(result.transcript)
    yield tag("p", _fine_print(result), class_="soft")


def _comparison(result: Result) -> Iterator[Markup]:
    compared = compare(result.expected, result.received, columns=_COLUMNS)
    if compared.expected or compared.received:
        yield tag(
            "pre",
            *_lines("expected", compared.expected, has_mark=False),
            *_lines("received", compared.received, has_mark=True),
        )


def _lines(label: str, rows: list[Row], *, has_mark: bool) -> Iterator[Markup]:
    """Give the rows with their label before the first of them, in columns that every row keeps."""
    blank = " " * (len(label) + 2)
    for number, row in enumerate(rows):
        yield Markup(blank) if number else tag("i", f"{label}  ")
        yield tag("span", row.text)
        yield Markup("\n")
        if has_mark and row.mark is not None:
            yield Markup(blank + " " * row.mark)
            yield tag("b", "^")
            yield Markup("\n")


def _fine_print(result: Result) -> str:
    clauses = ", ".join((result.case.clause, *result.case.also))
    addresses = ", ".join(result.transcript.addresses)
    return " · ".join(
        part
        for part in (
            result.case.level.value,
            clauses,
            f"{result.seconds:.2f} s",
            f"from {addresses}" if addresses else "",
        )
        if part
    )


def _wire(transcript: Transcript) -> Markup:
    pieces = transcript.pieces[:MAX_PIECES]
    if not pieces:
        return tag("p", "Nothing went over it.", class_="soft")
    lost = len(transcript.pieces) - len(pieces)
    rest = [f"{lost} pieces more"] if lost else []
    rest += [f"{transcript.left_out_bytes} bytes more were not kept"] if transcript.left_out_bytes else []
    after = [tag("p", "… " + ", ".join(rest), class_="soft")] if rest else []
    return tag("div", tag("div", *map(_piece, pieces), class_="wire"), *after)


def _piece(piece: Piece) -> Markup:
    word = _WORDS[piece.direction]
    return tag(
        "div",
        tag("time", f"{piece.seconds:.3f} s"),
        tag("span", f"{_ARROWS[piece.direction]} {piece.connection}", class_="who", title=word),
        tag("span", *_bytes(piece), class_="bytes"),
        class_=f"piece {word}",
    )


def _bytes(piece: Piece) -> Iterator[str]:
    """Give the lines, each with its end made visible, and cut where there is too much."""
    data = piece.data[:MAX_PIECE_BYTES]
    for line in data.splitlines(keepends=True) if piece.direction is Direction.EVENT else _split(data):
        text = line.rstrip(b"\r\n")
        yield show_bytes(text)
        if text != line:
            yield tag("i", show_bytes(line[len(text) :]))
        if line.endswith(b"\n"):
            yield Markup("\n")
    left_out = len(piece.data) - len(data)
    if left_out:
        yield tag("i", f"… {left_out} bytes more")


def _split(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    return [*(line + b"\n" for line in lines), *([rest] if rest else [])]
