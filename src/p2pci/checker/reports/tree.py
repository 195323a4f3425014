"""The tree on a terminal: a line for each case as its result comes, more where it says something, and an end.

Marks and words say everything; colour only underlines it. Nothing of the wire comes out raw.
May import `cases`, `showing` and its neighbours.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum

from p2pci.checker.cases import Case, Result, Verdict
from p2pci.checker.reports.comparing import Row, compare
from p2pci.checker.reports.report import MARKS, Report, Subject, count_words, weight_of
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.escaping import escape

MIN_COLUMNS = 40
MAX_ADDRESSES = 3
_ID_COLUMNS = 9
_DEEP = " " * 15  # under the requirements
_LABEL_COLUMNS = 10


class Tone(Enum):
    """How a piece of text is painted where there is colour."""

    GOOD = "good"
    BAD = "bad"
    NOTICE = "notice"
    DIM = "dim"
    STRONG = "strong"


Paint = Callable[[str, Tone], str]

_TONES = {
    Verdict.PASS: Tone.GOOD,
    Verdict.LENIENT: Tone.NOTICE,
    Verdict.AMBIGUOUS: Tone.NOTICE,
    Verdict.UNIMPLEMENTED: Tone.DIM,
    Verdict.FAIL: Tone.BAD,
    Verdict.ERROR: Tone.BAD,
    Verdict.SKIPPED: Tone.DIM,
}


def plain(text: str, _tone: Tone) -> str:
    return text


class Tree:
    """Writes the tree, a piece at a time, in the order of what happens.

    Args:
        subject: who is judged.
        columns: how wide the terminal is.
        paint: gives a text its colour.
    """

    def __init__(self, subject: Subject, *, columns: int = 100, paint: Paint = plain) -> None:
        self._subject = subject
        self._columns = max(MIN_COLUMNS, columns)
        self._paint = paint
        self._group = ""
        self._skipped: Counter[str] = Counter()  # by reason
        self._hinted: dict[Symptom, str] = {}

    def begin(self, planned: int) -> str:
        of = f"{planned} case{'' if planned == 1 else 's'}"
        title = self._paint(f"{self._subject.kind} {escape(self._subject.target)}", Tone.STRONG)
        return f"Judging {title}: {of}"

    def add(self, result: Result) -> str:
        """Write a result, below the heading of its group when that is a new one.

        Gives "" for a case that was skipped for the reason of one before: `end` counts those.
        """
        if result.verdict is Verdict.SKIPPED:
            self._skipped[result.note] += 1
            if self._skipped[result.note] > 1:
                return ""
        heading = self._heading(result.case)
        return "\n".join([*heading, *self._case_lines(result), *self._detail_lines(result)])

    def listed(self, case: Case[object]) -> str:
        """Write a case that is not tried."""
        first = f"  {case.id:<{_ID_COLUMNS}}  "
        rest = self._wrap(f"{case.requirement} [{case.level.value}]", first=first, deep=" " * len(first))
        return "\n".join([*self._heading(case), *rest])

    def end(self, report: Report, *, page: str = "") -> str:
        """Write what it comes to, and what to do next; `page` is the file of the HTML report."""
        counted = " · ".join([*count_words(report.counts), f"{report.seconds:.1f} s"])
        more = [
            f"{count - 1} more skipped: {escape(note)}" for note, count in self._skipped.items() if count > 1
        ]
        lines = ["", *more, counted, *self._stale_lines(report)]
        tone, verdict, advice = _conclusion(report, page or "--html FILE")
        said = [self._paint(line, tone) for line in self._wrap(verdict, first="", deep="")]
        return "\n".join([*lines, *said, *(self._wrap(advice, first="", deep="") if advice else [])])

    def _heading(self, case: Case[object]) -> list[str]:
        if case.group == self._group:
            return []
        self._group = case.group
        return ["", self._paint(escape(case.group), Tone.STRONG)]

    def _case_lines(self, result: Result) -> Iterator[str]:
        mark = self._paint(MARKS[result.verdict], self._tone(result))
        first, *rest = self._wrap(
            result.case.requirement, first=f"    {result.case.id:<{_ID_COLUMNS}}  ", deep=_DEEP
        )
        yield f"  {mark}{first[3:]}"
        yield from rest

    def _tone(self, result: Result) -> Tone:
        is_light = result.verdict is Verdict.FAIL and not self._subject.counts(result)
        return Tone.NOTICE if is_light else _TONES[result.verdict]

    def _detail_lines(self, result: Result) -> Iterator[str]:
        if result.verdict is Verdict.PASS and not result.note:
            return
        word, note = weight_of(result), result.note
        if result.verdict in (Verdict.UNIMPLEMENTED, Verdict.SKIPPED):
            note = note.partition("\n")[0].partition(". ")[0]  # what the program printed stands on the page
        said, *more = f"{word}{': ' if note else ''}{note}".split("\n")
        first, *rest = self._wrap(escape(said), first=_DEEP, deep=_DEEP)
        yield first.replace(word, self._paint(word, self._tone(result)), 1)
        yield from rest
        for line in more:
            yield from self._wrap(escape(line), first=_DEEP, deep=_DEEP)
        if result.is_waived:
            yield from self._labelled("reason", self._subject.waived.get(result.case.id, ""))
        # Of what fails nobody the note is enough here; the page has it all.
        if result.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.LENIENT):
            yield from self._evidence_lines(result)

    def _evidence_lines(self, result: Result) -> Iterator[str]:
        room = self._columns - len(_DEEP) - _LABEL_COLUMNS
        compared = compare(result.expected, result.received, columns=room)
        yield from self._rows("expected", compared.expected, has_mark=False)
        yield from self._rows("received", compared.received, has_mark=True)
        if result.transcript.addresses:
            yield from self._labelled("from", _abridge(result.transcript.addresses))
        if result.symptom:
            yield from self._labelled("hint", self._hint(result.symptom, result.case))
        if result.transcript.addresses and result.verdict in (Verdict.FAIL, Verdict.ERROR):
            command = self._subject.command("--only", result.case.id)
            yield self._label("again") + command  # in one line, however long: it is there to be copied

    def _hint(self, symptom: Symptom, case: Case[object]) -> str:
        """Give a hint in full once, and after that say where it stands."""
        first = self._hinted.setdefault(symptom, case.id)
        return symptom.value if first == case.id else f"as for {first}"

    def _rows(self, label: str, rows: list[Row], *, has_mark: bool) -> Iterator[str]:
        for number, row in enumerate(rows):
            yield self._label("" if number else label) + row.text
            if has_mark and row.mark is not None:
                yield self._label("") + " " * row.mark + self._paint("^", Tone.BAD)

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        first, *rest = self._wrap(
            escape(text), first=_DEEP + " " * _LABEL_COLUMNS, deep=_DEEP + " " * _LABEL_COLUMNS
        )
        yield self._label(label) + first.lstrip()
        yield from rest

    def _label(self, label: str) -> str:
        return _DEEP + self._paint(f"{label:<{_LABEL_COLUMNS}}", Tone.DIM)

    def _wrap(self, text: str, *, first: str, deep: str) -> list[str]:
        lines = textwrap.wrap(
            text,
            self._columns,
            initial_indent=first,
            subsequent_indent=deep,
            break_long_words=True,
            break_on_hyphens=False,
        )
        return lines or [first]

    def _stale_lines(self, report: Report) -> list[str]:
        return [f"{id_} is waived but needs no waiver: take it off the list." for id_ in report.stale_waivers]


def _abridge(addresses: list[str]) -> str:
    rest = len(addresses) - MAX_ADDRESSES
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(addresses[:MAX_ADDRESSES]) + more


def _conclusion(report: Report, page: str) -> tuple[Tone, str, str]:
    """Say whether it conforms, and what to do next."""
    if report.is_unusable:
        return Tone.BAD, *_unusable(report)
    count = len(report.against)
    light = _light_failures(report)
    until = (
        f"Interrupted after {len(report.results)} of {report.planned} cases. "
        if report.is_interrupted
        else ""
    )
    if count:
        against = f"{count} case{' counts' if count == 1 else 's count'} against it."
        return Tone.BAD, f"{until}Does not conform: {against}{light}", _advice(report, page)
    if until:
        return Tone.NOTICE, f"{until}Nothing failed until then.{light}", ""
    waived = sum(result.is_waived for result in report.results)
    return Tone.GOOD, f"Conforms{f', with {waived} waived' if waived else ''}.{light}", ""


def _unusable(report: Report) -> tuple[str, str]:
    reasons = [escape(result.note.partition("\n")[0]) for result in report.results if result.note]
    why = reasons[0].rstrip(".") if reasons else "no case was tried"
    advice = "Check the address, and that the program is running; --start 'COMMAND' starts it."
    if report.subject.kind == "client":
        advice = "Check the command behind --, and that the program connects to this machine's port --listen."
        if why.startswith("we cannot listen"):
            advice = (
                "Stop what listens there, or give --listen another port, and the same one to the program."
            )
    return f"Nothing could be tried: {why}.", advice


def _advice(report: Report, page: str) -> str:
    first = report.against[0].case.id
    rest = "and judge again" if len(report.against) == 1 else "first: others may follow from it"
    return f"Mend {first} {rest}. {escape(page)} shows all that went over the wire."


def _light_failures(report: Report) -> str:
    """Tell of what fails and does not count, behind what does."""
    light = [
        result
        for result in report.results
        if result.verdict is Verdict.FAIL and not report.subject.counts(result) and not result.is_waived
    ]
    if not light:
        return ""
    return f" {len(light)} SHOULD {'fails' if len(light) == 1 else 'fail'}, which --strict would count."
