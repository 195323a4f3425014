"""A report in the XML of JUnit, as servers for continuous integration read it.

What counts against the target is a failure or an error there, and nothing else is, so that such a server
and the exit code say the same. Everything is escaped before it becomes XML, which has no way to write most
control characters. May import `cases`, `showing` and its neighbours.
"""

from __future__ import annotations

import itertools
from xml.etree import ElementTree as ET

from p2pci.checker.cases import Result, Verdict
from p2pci.checker.reports.report import Report, Subject, weight_of
from p2pci.checker.showing import show_start
from p2pci.protocol.escaping import escape

_MAX_SHOWN_BYTES = 4096


def report_as_junit(report: Report) -> str:
    """Write one test suite for each group of cases."""
    subject = report.subject
    root = ET.Element("testsuites", {"name": _name(subject)} | _totals(report.results, subject))
    for group, results in itertools.groupby(report.results, key=lambda result: result.case.group):
        root.append(_suite(group, list(results), report))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _name(subject: Subject) -> str:
    return escape(f"p2pci check {subject.kind} {subject.target}")


def _totals(results: list[Result] | tuple[Result, ...], subject: Subject) -> dict[str, str]:
    elements = [_outcome(result, subject) for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _outcome(result: Result, subject: Subject) -> str:
    """Give the element that says what became of a case; "" for one that is fine."""
    if subject.counts(result):
        return "error" if result.verdict is Verdict.ERROR else "failure"
    is_left_out = result.is_waived or result.verdict in (Verdict.SKIPPED, Verdict.UNIMPLEMENTED)
    return "skipped" if is_left_out else ""


def _suite(group: str, results: list[Result], report: Report) -> ET.Element:
    suite = ET.Element("testsuite", {"name": escape(group)} | _totals(results, report.subject))
    suite.set("timestamp", report.started.isoformat(timespec="seconds"))
    suite.extend(_case(result, report.subject) for result in results)
    return suite


def _case(result: Result, subject: Subject) -> ET.Element:
    name = escape(f"{result.case.id} {result.case.requirement}")
    classname = escape(f"{subject.kind}.{result.case.group}")
    case = ET.Element("testcase", classname=classname, name=name, time=f"{result.seconds:.3f}")
    message = weight_of(result) + (f": {escape(result.note)}" if result.note else "")
    outcome = _outcome(result, subject)
    if outcome == "skipped":
        reason = f" ({escape(subject.waived[result.case.id])})" if result.is_waived else ""
        ET.SubElement(case, "skipped", message=message + reason)
    elif outcome:
        found = ET.SubElement(case, outcome, message=message, type=result.verdict.value)
        found.text = _evidence(result, subject)
    elif result.note:
        ET.SubElement(case, "system-out").text = message
    return case


def _evidence(result: Result, subject: Subject) -> str:
    rows = [
        ("expected", show_start(result.expected or b"", max_bytes=_MAX_SHOWN_BYTES)),
        ("received", show_start(result.received or b"", max_bytes=_MAX_SHOWN_BYTES)),
        ("from", ", ".join(result.transcript.addresses)),
        ("hint", result.symptom.value if result.symptom else ""),
        ("again", escape(subject.command("--only", result.case.id))),
    ]
    return "\n".join(f"{label}: {text}" for label, text in rows if text)
