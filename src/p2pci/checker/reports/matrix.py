"""A class on one page: implementations beside each other, cases below each other, and where to read more.

May import `cases` and its neighbours.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.reports.html_case import TONES
from p2pci.checker.reports.html_page import page
from p2pci.checker.reports.markup import Markup, tag
from p2pci.checker.reports.report import MARKS, Report, weight_of

MATRIX_STYLE = """
main { max-width: none }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; margin: .5rem 0 1rem; font-size: .9rem }
.legend b { display: inline-block; min-width: 1.2rem; text-align: center }
.scroll {
  overflow: auto; max-height: 90vh; width: fit-content; max-width: 100%;
  border: 1px solid var(--edge); border-radius: .6rem;
}
table { border-collapse: separate; border-spacing: 0; background: var(--card); font-size: .9rem }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: top }
thead th { position: sticky; top: 0; background: var(--card); z-index: 1; vertical-align: bottom }
thead th:first-child { left: 0; z-index: 2 }
tbody th { position: sticky; left: 0; background: var(--card); font-weight: 400 }
tbody th.group { font-weight: 700; padding-top: .9rem; z-index: 1 }
.summary thead th, .summary td { white-space: nowrap }
.summary tbody th { min-width: 8rem; max-width: 16rem; overflow-wrap: anywhere }
.summary thead th:nth-child(n + 4) { text-align: right }
.number { text-align: right; font-variant-numeric: tabular-nums }
.summary .trouble { min-width: 16rem; max-width: 30rem; white-space: normal; overflow-wrap: anywhere }
.cases thead th span {
  display: block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 12rem;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; margin: 0 auto;
}
.cases tbody th { min-width: 22rem; max-width: 38rem; padding-left: 6.6rem; text-indent: -6rem }
.cases tbody th code { color: var(--soft); display: inline-block; width: 6rem; text-indent: 0 }
.cases tbody th.group { padding-left: .6rem; text-indent: 0 }
.cases .mark { text-align: center; font-weight: 700; padding: 0; min-width: 2.2rem }
.cases .mark a { text-decoration: none; display: block; padding: .25rem 0 }
.cases .bad { background: var(--bad-soft) }
@media (max-width: 40rem) {
  th, td { padding: .2rem .4rem }
  .summary tbody th { max-width: 8rem }
  .cases tbody th { min-width: 9.5rem; max-width: 11rem; padding-left: .4rem; text-indent: 0 }
  .cases tbody th code { display: block }
}
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One program of a class.

    Attributes:
        name: of its folder.
        kind: `server`, `peer` or `client`; "" when that could not be found out.
        report: None when it could not be started.
        trouble: why; "" otherwise.
        page: the file of its own report, beside the matrix; "" for none.
    """

    name: str
    kind: str
    report: Report | None = None
    trouble: str = ""
    page: str = ""

    @property
    def conforms(self) -> bool:
        return self.report is not None and self.report.conforms

    @property
    def must_cases(self) -> tuple[int, int]:
        """How many MUST cases are kept, and how many were tried."""
        results = self.report.results if self.report else ()
        musts = [
            result
            for result in results
            if result.case.level is Level.MUST and result.verdict is not Verdict.SKIPPED
        ]
        return sum(_is_kept(result) for result in musts), len(musts)


def _is_kept(result: Result) -> bool:
    return result.is_waived or result.verdict in (Verdict.PASS, Verdict.LENIENT)


def matrix_as_html(judged: Sequence[Judged], *, title: str) -> str:
    """Write the page of a class; each kind of program has a table of its own."""
    return page(*_main(judged, title=title), title=f"{title}: P2P-CI conformance", style=MATRIX_STYLE)


def _main(judged: Sequence[Judged], *, title: str) -> Iterator[Markup]:
    yield tag("p", "P2P-CI/1.0 conformance of a class", class_="over")
    yield tag("h1", title)
    yield tag("p", *_legend(), class_="legend")
    yield tag("div", _summary(judged), class_="scroll")
    for kind in dict.fromkeys(one.kind for one in judged if one.report):
        those = [one for one in judged if one.kind == kind and one.report]
        yield tag("h2", f"Every case: {kind}")
        yield tag("div", _table(those), class_="scroll")
    yield tag("footer", "Each mark leads to its case. Made by p2pci check class.")


def _legend() -> Iterator[Markup]:
    for mark in dict.fromkeys(MARKS.values()):
        verdicts = [verdict for verdict in MARKS if MARKS[verdict] == mark]
        words = " or ".join(verdict.value for verdict in verdicts)
        yield tag("span", tag("b", mark, class_=TONES[verdicts[0]]), f" {words}")


def _summary(judged: Sequence[Judged]) -> Markup:
    names = ("Program", "", "Verdict", "MUST kept", *(verdict.value for verdict in MARKS))
    rows = (tag("tr", *_summary_cells(one)) for one in judged)
    return tag("table", _head(names), tag("tbody", *rows), class_="summary")


def _summary_cells(one: Judged) -> Iterator[Markup]:
    yield tag("th", _link(one.name, one.page), scope="row")
    yield tag("td", one.kind)
    if not one.report:
        yield tag("td", "could not be judged", class_="bad")
        yield tag("td", *_lines(one.trouble), colspan=str(1 + len(MARKS)), class_="trouble")
        return
    words, tone = ("conforms", "good") if one.conforms else ("does not conform", "bad")
    yield tag("td", words, class_=tone)
    kept, total = one.must_cases
    yield tag("td", f"{kept} of {total}", class_="number")
    for verdict in MARKS:
        yield tag("td", str(one.report.counts.get(verdict, "")), class_="number")


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Markup("<br>")
        yield line


def _table(judged: Sequence[Judged]) -> Markup:
    cases = dict.fromkeys(result.case for one in judged if one.report for result in one.report.results)
    found = [{result.case.id: result for result in one.report.results} for one in judged if one.report]
    rows: list[Markup] = []
    for group, members in itertools.groupby(cases, key=lambda case: case.group):
        rows.append(tag("tr", tag("th", group, class_="group", colspan=str(1 + len(judged)))))
        for case in members:
            cells = (_cell(one.get(case.id), each.page) for one, each in zip(found, judged, strict=True))
            rows.append(tag("tr", _case_head(case), *cells))
    return tag("table", _head(("", *(one.name for one in judged))), tag("tbody", *rows), class_="cases")


def _case_head(case: Case[object]) -> Markup:
    return tag("th", tag("code", case.id), " ", case.requirement, scope="row")


def _cell(result: Result | None, page: str) -> Markup:
    if result is None:
        return tag("td", "")
    mark = tag("span", MARKS[result.verdict], title=f"{weight_of(result)}: {result.note}".removesuffix(": "))
    tone = "calm" if result.is_waived else TONES[result.verdict]
    return tag("td", _link(mark, f"{page}#{result.case.id}"), class_=f"mark {tone}")


def _head(names: Sequence[str]) -> Markup:
    heads = (tag("th", tag("span", name, title=name), scope="col") for name in names)
    return tag("thead", tag("tr", *heads))


def _link(text: str, page: str) -> Markup:
    return tag("a", text, href=page) if page else tag("span", text)
