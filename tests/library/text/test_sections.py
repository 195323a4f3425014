"""Sections are what their headings say, and nothing else is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from p2pci.library.text import Text, read_text
from p2pci.library.text.contents import find_contents
from tests.library.text.paged import APPENDIX, LAYOUTS, TITLES, Layout, made_document, on_pages
from tests.library.text.test_pages import documents

PROMISE = 0.95
LOST = 0.05  # of what a document's own contents name


def numbers(text: Text) -> list[str]:
    return [section.label for section in text.sections if section.number]


def titles(text: Text) -> list[str]:
    return [section.title for section in text.sections]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_headings_are_sections_and_contents_and_items_are_none(layout: Layout) -> None:
    text = read_text(on_pages(made_document(), layout))

    assert numbers(text) == ["1", "1.1", "2", "2.1", "3", "3.1", "Appendix A"]
    unnumbered = [section.title for section in text.sections if not section.number]
    assert unnumbered == ["Abstract", "Table of Contents", "Author's Address"]
    assert [text.lines[section.line] for section in text.sections if section.level == 1][2:-1] == [
        *(f"{number}.  {title}" for number, title in TITLES),
        f"Appendix A.  {APPENDIX}",
    ]


def test_section_reaches_to_the_next_that_is_not_in_it() -> None:
    text = read_text("1.  One\n\n   a\n\n1.1.  Part\n\n   b\n\n1.1.1.  Piece\n\n   c\n\n2.  Two\n\n   d\n")

    assert [(each.number, each.line, each.stop, each.level) for each in text.sections] == [
        ("1", 0, 12, 1),
        ("1.1", 4, 12, 2),
        ("1.1.1", 8, 12, 3),
        ("2", 12, 15, 1),
    ]


def test_documents_without_numbers_have_sections_too() -> None:
    text = read_text(
        "Status of this Memo\n\n   a\n\nLinks\n\n   b\n\nSecurity Considerations\n\n   c\n\n   d\n"
    )

    assert titles(text) == ["Status of this Memo", "Links", "Security Considerations"]


def test_roman_numbers_letters_and_trailing_zeros_are_numbers() -> None:
    lines = ["I. Romans", "II. More", "1.0 Arabs", "1.1 Part", "2.0 More", "A.1 Letters", "B.1 More"]
    text = read_text("\n\n   text\n\n".join(lines) + "\n\n   text\n")

    assert numbers(text) == ["I", "II", "1.0", "1.1", "2.0", "A.1"]


def test_appendices_are_letters_numbers_or_romans() -> None:
    lines = ["Appendix H.  Eight", "Appendix I.  Nine", "I.1.  Part", "APPENDIX 1 - One", "Annex II: Two"]
    prose = "Appendix J lists more of them,\nand is none."
    text = read_text("\n\n   text\n\n".join([*lines, prose]) + "\n\n   text\n")

    assert [section.number for section in text.sections] == ["H", "I", "I.1", "1", "II"]


@pytest.mark.parametrize("number", ["Iv.", "iv.", "Xi.", "a.", "IIX.", "VX.", "999.", "0.", "0.0.0", "A.0"])
def test_odd_numbers_are_read_without_an_error(number: str) -> None:
    text = read_text(f"I.  One\n\n   text\n\n{number}  Odd One\n\n   text\n")

    assert titles(text)[:1] == ["One"]


def test_title_goes_on_in_the_next_line() -> None:
    text = read_text(
        "1.  A Title That Is Too Long for One\n    Line\n\n   text\n   text\n\nAppendix A\n\n   More\n"
    )

    assert titles(text) == ["A Title That Is Too Long for One Line", "More"]


@pytest.mark.parametrize(
    "wanted, title",
    [
        ("3.2", "Four"),
        ("section 3.2", "Four"),
        ("3.2.", "Four"),
        ("appendix a", "Alpha"),
        ("A", "Alpha"),
        ("Appendix A.1", "Alpha One"),
        ("consider", "Security Considerations"),
        ("four", "Four"),
        ("alpha one", "Alpha One"),
    ],
)
def test_section_is_found_by_number_appendix_or_title(wanted: str, title: str) -> None:
    found = FINDABLE.find(wanted)

    assert found is not None
    assert found.title == title


FINDABLE = read_text(
    "1.  Fourteen of 99\n\n   a\n\n2.  Two\n\n   a\n\n3.  Three\n\n   a\n\n3.1.  Five\n\n   a\n\n"
    "3.2.  Four\n\n   a\n\n"
    "4.  Security Considerations\n\n   a\n\nAppendix A.  Alpha\n\n   a\n\nA.1.  Alpha One\n\n   a\n   b\n"
)


@pytest.mark.parametrize(
    "wanted, near",
    [
        ("3.9", ["3", "3.1", "3.2"]),
        ("3.2.1", ["3.2"]),
        ("secruity considrations", ["4"]),
        ("99", ["1", "2", "3", "4", "A"]),
        ("", ["1", "2", "3", "4", "A"]),
    ],
)
def test_near_are_sections_that_may_have_been_meant(wanted: str, near: list[str]) -> None:
    assert FINDABLE.find(wanted) is None
    assert [section.number for section in FINDABLE.near(wanted)] == near


@pytest.mark.slow
def test_real_documents_have_the_sections_that_their_contents_name(rfcs: Path) -> None:
    lost: dict[str, list[str]] = {}
    seen = 0
    for path in documents(rfcs):
        text = read_text(path.read_bytes())
        named = find_contents(text.lines).titles
        if not named:
            continue
        seen += 1
        found = {section.number for section in text.sections}
        missing = [number for number in named if number not in found]
        if len(missing) > LOST * len(named):
            lost[path.name] = missing
    print(f"{seen - len(lost)} of {seen} documents have the sections that their contents name; not: {lost}")
    assert seen >= (200 if "P2PCI_TEST_RFCS" in os.environ else 5)
    assert len(lost) <= (1 - PROMISE) * seen
