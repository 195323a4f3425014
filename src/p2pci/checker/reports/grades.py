"""A class as a table for a spreadsheet. May import `cases`, `matrix` and `escaping`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from p2pci.checker.cases import Verdict
from p2pci.checker.reports.matrix import Judged
from p2pci.protocol.escaping import escape

FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - wide ones are the same to a spreadsheet

COLUMNS = (
    "name",
    "kind",
    "conforms",
    "must_kept",
    "must_cases",
    "percent",
    *(verdict.value for verdict in Verdict),
    "against",
    "trouble",
)


def grades_as_csv(judged: Iterable[Judged]) -> str:
    """Write a line for each program below the names of the columns.

    `percent` is of MUST cases, `against` has the ids of what counts against the program.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in judged:
        writer.writerow(map(_as_cell, _cells(one)))
    return written.getvalue()


def _cells(one: Judged) -> Iterator[object]:
    kept, total = one.must_cases
    yield from (one.name, one.kind, "yes" if one.conforms else "no")
    yield from (kept, total, round(100 * kept / total) if total else 0)
    counts = one.report.counts if one.report else {}
    yield from (counts.get(verdict, 0) for verdict in Verdict)
    yield " ".join(result.case.id for result in one.report.against) if one.report else ""
    yield one.trouble.replace("\n", " | ")


def _as_cell(value: object) -> str:
    """Keep a spreadsheet from taking a name for a formula, and a name from what it could do elsewhere."""
    text = escape(str(value))
    return f"'{text}" if text.lstrip()[:1] in FORMULA else text
