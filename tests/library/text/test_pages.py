"""A document without its pages has every line of its text once, and nothing of its pages."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from p2pci.library.names import document_number
from p2pci.library.text.pages import without_pages
from p2pci.library.titles import decode_document
from tests.library.text.paged import LAYOUTS, Layout, made_document, on_pages

FURNITURE = re.compile(r"\f|\[Page [\w]+\]\s*$|^RFC \d+\s{2,}.*\s\d{4}$")
FIRST_OF_1980 = 760


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_text_comes_back_from_its_pages_as_it_was(layout: Layout) -> None:
    lines = made_document()

    assert without_pages(on_pages(lines, layout)).lines == lines


@pytest.mark.parametrize("ends", ["\r\n", "\r"], ids=repr)
def test_line_ends_of_others_are_line_ends(ends: str) -> None:
    text = on_pages(made_document(), LAYOUTS["modern"])

    assert without_pages(text.replace("\n", ends)).lines == made_document()


def test_pages_are_known_when_form_feeds_are_lost() -> None:
    text = on_pages(made_document(), LAYOUTS["modern"])

    assert without_pages(text.replace("\f", "")).lines == made_document()


def test_paragraphs_that_end_with_a_page_stay_apart() -> None:
    text = "   One ends.\n\n\nExample    [Page 1]\n\f\nRFC 7  Title   May 1999\n\n   Two begins.\n"

    assert without_pages(text).lines == ["   One ends.", "", "   Two begins."]


def test_reference_at_the_top_of_a_page_is_no_running_head() -> None:
    lines = [
        "   This is said in many a document, and it is said again and again in",
        "   RFC 793 and others.",
    ]

    assert without_pages("\n\f\n".join(lines)).lines == lines


def test_page_numbers_in_contents_and_examples_stay() -> None:
    lines = ["1. Introduction ......... [Page 3]", "", "   A foot is written [Page 7]", "", "   as here."]

    assert without_pages("\n".join(lines)).lines == lines


def test_every_line_of_real_documents_is_there_once_and_in_order(rfcs: Path) -> None:
    for path in documents(rfcs):
        text = decode_document(path.read_bytes())
        unpaged = without_pages(text)
        lines = [line for page in text.expandtabs().split("\f") for line in page.splitlines()]
        before = [line.rstrip() for line in lines if line.strip()]
        after = list(filter(None, unpaged.lines))
        rest = iter(before)
        assert all(line in rest for line in after), path.name  # each is looked for behind the one before
        assert Counter(after) + Counter(unpaged.furniture) == Counter(before), path.name


def test_no_real_document_since_1980_has_furniture_left(rfcs: Path) -> None:
    recent = [path for path in documents(rfcs) if (document_number(path.name) or 0) >= FIRST_OF_1980]
    left = {
        path.name: lines
        for path in recent
        if (lines := list(filter(FURNITURE.search, without_pages(decode_document(path.read_bytes())).lines)))
    }
    print(f"{len(recent) - len(left)} of {len(recent)} documents since 1980 have no page furniture left.")
    assert not left


def documents(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if document_number(path.name)]
