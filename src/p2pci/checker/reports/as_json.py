"""A report as the plain values of a JSON document. Its keys are a contract: they are added to, never renamed.

May import `cases`, `showing` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from p2pci.checker.cases import Case, Result
from p2pci.checker.reports.report import Report, Subject
from p2pci.checker.showing import show_start

FORMAT = 1
MAX_SHOWN_BYTES = 64 * 1024  # of what was expected, or received


def report_as_json(report: Report) -> dict[str, Any]:
    """Give the whole report; bytes of the wire stand in it as `show_start` has them."""
    subject = report.subject
    return {
        "format": FORMAT,
        "kind": subject.kind,
        "target": subject.target,
        "command": subject.command(),
        "started": report.started.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "planned": report.planned,
        "strict": subject.is_strict,
        "conforms": report.conforms,
        "interrupted": report.is_interrupted,
        "usable": not report.is_unusable,
        "counts": {verdict.value: count for verdict, count in report.counts.items()},
        "stale_waivers": report.stale_waivers,
        "results": [_result(result, subject) for result in report.results],
    }


def _result(result: Result, subject: Subject) -> dict[str, Any]:
    return _case(result.case) | {
        "verdict": result.verdict.value,
        "counts": subject.counts(result),
        "waived": subject.waived.get(result.case.id) if result.is_waived else None,
        "note": result.note,
        "expected": _bytes(result.expected),
        "received": _bytes(result.received),
        "symptom": result.symptom.name.lower() if result.symptom else None,
        "hint": result.symptom.value if result.symptom else None,
        "from": result.transcript.addresses,
        "seconds": round(result.seconds, 3),
        "again": subject.command("--only", result.case.id),
    }


def cases_as_json(cases: Iterable[Case[Any]]) -> Sequence[dict[str, Any]]:
    return [_case(case) for case in cases]


def _case(case: Case[Any]) -> dict[str, Any]:
    return {
        "id": case.id,
        "level": case.level.value,
        "group": case.group,
        "requirement": case.requirement,
        "also": list(case.also),
    }


def _bytes(data: bytes | None) -> str | None:
    return None if data is None else show_start(data, max_bytes=MAX_SHOWN_BYTES)
