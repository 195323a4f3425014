"""A report as one page: nothing is loaded, nothing needs a script, and nothing of the wire is markup.

May import `cases` and its neighbours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from p2pci.checker.cases import Result, Verdict
from p2pci.checker.reports.html_case import TONES, case_element
from p2pci.checker.reports.html_page import page
from p2pci.checker.reports.markup import Markup, tag
from p2pci.checker.reports.report import MARKS, Report


def report_as_html(report: Report) -> str:
    """Write the page."""
    title = f"{report.subject.kind} {report.subject.target}: P2P-CI conformance"
    return page(*_main(report), title=title)


def _main(report: Report) -> Iterator[Markup]:
    yield from _header(report)
    yield _conclusion(report)
    yield _counts(report)
    yield _bar(report)
    if report.against and not report.is_unusable:
        yield tag("h2", "What to mend")
        yield tag("ul", *map(_mend, report.against), class_="mend")
    if report.stale_waivers:
        yield tag("p", f"Waived, but needs no waiver: {', '.join(report.stale_waivers)}.")
    yield _filter()
    for group, results in itertools.groupby(report.results, key=lambda result: result.case.group):
        yield tag("h2", group)
        yield from (case_element(result, report.subject) for result in results)
    yield tag("footer", "Made by p2pci check. Clauses are those of docs/protocol.md.")


def _header(report: Report) -> Iterator[Markup]:
    subject = report.subject
    yield tag("p", "P2P-CI/1.0 conformance", class_="over")
    yield tag("h1", f"{subject.kind} {subject.target}")
    when = report.started.strftime("%d %B %Y, %H:%M %Z").lstrip("0")
    strict = " · strict" if subject.is_strict else ""
    yield tag("p", f"{when} · {report.seconds:.1f} s{strict}", class_="about")
    yield tag("p", tag("code", subject.command()), class_="about")


def _conclusion(report: Report) -> Markup:
    tone, words, more = _judgement(report)
    return tag("div", tag("strong", words), tag("p", more), class_=f"verdict {tone}")


def _judgement(report: Report) -> tuple[str, str, str]:
    total = len(report.results)
    tried = (
        f"{total} of {report.planned} cases, then interrupted" if report.is_interrupted else f"{total} cases"
    )
    if report.is_unusable:
        reason = next((result.note for result in report.results if result.note), "No case was tried.")
        return "bad", "Nothing could be tried", reason.partition("\n")[0]
    if report.against:
        return "bad", "Does not conform", f"{len(report.against)} of {tried} count against it."
    if report.is_interrupted:
        return "note", "Interrupted", f"Nothing failed in {tried}."
    waived = sum(result.is_waived for result in report.results)
    return (
        "good",
        "Conforms",
        f"Nothing in {tried} counts against it{f', with {waived} waived' if waived else ''}.",
    )


def _counts(report: Report) -> Markup:
    tiles = (
        tag("div", tag("b", f"{MARKS[verdict]} {count}", class_=TONES[verdict]), tag("span", verdict.value))
        for verdict, count in report.counts.items()
    )
    return tag("div", *tiles, class_="counts")


def _bar(report: Report) -> Markup:
    parts = (
        tag("i", class_=TONES[verdict], style=f"flex: {count}", title=f"{count} {verdict.value}")
        for verdict, count in report.counts.items()
    )
    return tag("div", *parts, class_="bar", aria_hidden="true")


def _mend(result: Result) -> Markup:
    link = tag("a", result.case.id, href=f"#{result.case.id}")
    return tag("li", link, f" {result.case.requirement}")


def _filter() -> Markup:
    words = f"Hide what plainly passes ({MARKS[Verdict.PASS]})"
    return tag("label", Markup('<input type="checkbox" id="brief">'), words, class_="filter")
