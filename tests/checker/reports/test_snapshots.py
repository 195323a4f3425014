"""Each report of fixed results is, to the byte, the one in `snapshots/`; of a style only that it is there.

After a change that is meant, look at the new ones and keep them:
`P2PCI_RENEW_SNAPSHOTS=1 python -m pytest tests/checker/reports`, then `git diff tests/checker/reports`.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from p2pci.checker.cases import Verdict
from p2pci.checker.reports import Report
from p2pci.checker.reports.as_json import report_as_json
from p2pci.checker.reports.grades import grades_as_csv
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.html_style import STYLE
from p2pci.checker.reports.junit import report_as_junit
from p2pci.checker.reports.matrix import MATRIX_STYLE, matrix_as_html
from p2pci.checker.reports.tree import Tree
from tests.checker.reports.a_class import CLASS
from tests.checker.reports.fixed import DEAD, FULL, GOOD, INTERRUPTED

SNAPSHOTS = Path(__file__).parent / "snapshots"
IS_RENEWING = bool(os.environ.get("P2PCI_RENEW_SNAPSHOTS"))


def write_tree(report: Report, *, columns: int = 100) -> str:
    tree = Tree(report.subject, columns=columns)
    pieces = [tree.begin(report.planned), *map(tree.add, report.results), tree.end(report)]
    return "\n".join(piece for piece in pieces if piece) + "\n"


def without_styles(page: str) -> str:
    return page.replace(STYLE, "/* style */").replace(MATRIX_STYLE, "/* style of the matrix */")


TEXTS = {
    "full.txt": write_tree(FULL),
    "full-60-columns.txt": write_tree(FULL, columns=60),
    "good.txt": write_tree(GOOD),
    "dead.txt": write_tree(DEAD),
    "interrupted.txt": write_tree(INTERRUPTED),
    "full.json": json.dumps(report_as_json(FULL), indent=2) + "\n",
    "full.xml": report_as_junit(FULL),
    "full.html": without_styles(report_as_html(FULL)),
    "class.html": without_styles(matrix_as_html(CLASS, title="<b>class")),
    "class.csv": grades_as_csv(CLASS),
}


@pytest.mark.parametrize("name", TEXTS)
def test_report_is_as_its_snapshot(name: str) -> None:
    path = SNAPSHOTS / name
    if IS_RENEWING:
        path.write_text(TEXTS[name], encoding="utf-8", newline="\n")
    assert TEXTS[name] == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("verdict", [Verdict.UNIMPLEMENTED, Verdict.SKIPPED])
def test_what_fails_nobody_is_told_in_one_sentence(verdict: Verdict) -> None:
    result = replace(FULL.results[0], verdict=verdict, note="no GET came. It printed last: 1. ADD | 2. GET")
    assert Tree(FULL.subject).add(result).endswith(f"\n               {verdict.value}: no GET came")


def test_every_snapshot_has_its_report() -> None:
    assert {path.name for path in SNAPSHOTS.iterdir()} == set(TEXTS)
