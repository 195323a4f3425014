"""Reports of a target that sends what would act on a terminal, in XML or in a page."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from p2pci.checker.cases import Verdict
from p2pci.checker.reports.html import report_as_html
from p2pci.checker.reports.junit import report_as_junit
from p2pci.checker.reports.matrix import matrix_as_html
from p2pci.checker.reports.report import quote
from tests.checker.reports.a_class import CLASS
from tests.checker.reports.fixed import FULL, SUBJECT
from tests.checker.reports.test_snapshots import TEXTS

# What acts on a terminal, turns directions, ends a line elsewhere, or is no text at all.
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_that_acts_comes_out(name: str) -> None:
    assert ACTING.findall(TEXTS[name]) == []


def test_junit_counts_what_the_exit_code_says() -> None:
    root = ET.fromstring(report_as_junit(FULL))
    failures = [
        case.get("name", "").split()[0] for case in root.iter("testcase") if case.find("failure") is not None
    ]
    errors = [case for case in root.iter("testcase") if case.find("error") is not None]
    assert failures == [r.case.id for r in FULL.against if r.verdict is not Verdict.ERROR]
    assert (root.get("failures"), root.get("errors")) == (str(len(failures)), str(len(errors)))
    assert root.get("tests") == str(len(FULL.results)) == str(len(list(root.iter("testcase"))))
    strict = ET.fromstring(report_as_junit(replace(FULL, subject=replace(SUBJECT, is_strict=True))))
    assert int(strict.get("failures", "0")) == len(failures) + 2  # a SHOULD, and what is lenient


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action", "data", "background"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_has_no_script_no_reference_outside_and_no_markup_of_the_wire() -> None:
    text = report_as_html(FULL)
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert page.references
    assert all(reference[1:] in page.ids for reference in page.references)
    assert all(reference.startswith("#") for reference in page.references)
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_page_of_a_class_refers_to_the_pages_of_its_programs_alone() -> None:
    page = _Page()
    page.feed(matrix_as_html(CLASS, title="<script>alert(1)</script>"))
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    files = {reference.partition("#")[0] for reference in page.references}
    assert files == {one.page for one in CLASS if one.page}


@pytest.mark.parametrize(
    "word", ["plain", "two words", "it's", "$HOME `x` \\", "a\nb", "\x1b[31m'", "é\u202e", ""]
)
def test_quoted_word_is_the_same_word_to_a_shell(word: str) -> None:
    quoted = quote(word)
    done = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)
    assert done.stdout.decode() == word
    assert ACTING.findall(quoted) == []
