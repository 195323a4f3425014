"""Titles read from documents, and made fit to send."""

import random
import unicodedata

import pytest
from hypothesis import given, strategies as st

from p2pci.library.titles import HEAD_BYTES, MAX_TITLE_CHARS, decode_document, fit_title, title_from_text
from tests.library.layouts import LAYOUTS, STATUS, centred, columns

HEAD = columns(
    ("Network Working Group", "A. Example"), ("Request for Comments: 7001", "ACME"), ("", "May 1999")
)
TITLES = [
    "A Short Title",
    "NAMES IN CAPITALS - CONCEPTS AND FACILITIES",
    "The Text/Example Media Type, Version 2.1 (TEMT): Requirements",
    "Framework and Requirements for the Transport of IEEE 802.1X over a Network That Nobody Has Seen Yet",
    "Comments on RFC 33",
    "Requests for Comments on Requests for Comments",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_title_is_found_in_every_layout(layout: str, title: str) -> None:
    text = LAYOUTS[layout](7001, title)

    assert title_from_text(text) == title
    assert title_from_text(text.encode()) == title
    assert title_from_text(text.replace("\n", "\r\n").encode()) == title


@pytest.mark.parametrize(
    "number_line",
    [
        "Request for Comments: 7001",
        "Request for Comments # 7001",
        "REQUEST FOR COMMENTS 7001",
        "Request for Comments (RFC) 7001",
        "Request for Comments: XXXX",
        "Network Working Group Request for Comments: 7001",
        "RFC # 7001",
        "RFC#7001",
        "RFC: 7001",
        "RFC-7001",
        "RFC No. 7001",
        "NWG/RFC# 7001",
        "RFC 7001                      Some Short Form                       May 1999",
    ],
)
def test_number_line_is_no_title(number_line: str) -> None:
    assert title_from_text(f"{number_line}\n\n{centred('On Lines')}\n{STATUS}") == "On Lines"


@pytest.mark.parametrize(
    "line",
    [
        "NIC: 5668",
        "NIC 7672",
        "Categories: D.1, D.2",
        "Category: Standards Track",
        "Obsoletes: RFCs 66, 80",
        "Obsoleted by: 8000",
        "Updates: 2345 (if approved)",
        "STD: 1",
        "BCP 14",
        "FYI: 22",
        "IEN: 128",
        "ISSN: 2070-1721",
        "Related RFCs: 5, 6",
        "1540, 1500, 1410",
        "20 April 71",
        "July, 1982",
        "10-May-75",
        "From: A. Example",
        "[Page 1]",
    ],
)
def test_line_of_the_header_is_no_title_even_when_it_stands_alone(line: str) -> None:
    assert title_from_text(f"{HEAD}\n{line}\n\n{centred('On Lines')}\n{STATUS}") == "On Lines"


def test_column_of_authors_goes_on_below_a_blank_line() -> None:
    authors = columns(("", "C. Sample"), ("", "Sample University"), ("", "May 2021"))

    assert title_from_text(f"{HEAD}\n\n{authors}\n{centred('On Columns')}\nAbstract\n") == "On Columns"


def test_remark_in_parentheses_below_the_title_belongs_to_it() -> None:
    text = f"{HEAD}\n{centred('Addendum to RFC 5')}\n{centred('(Mapping between A and B)')}\n{STATUS}"

    assert title_from_text(text) == "Addendum to RFC 5 (Mapping between A and B)"


def test_title_that_hangs_on_a_small_word_goes_on_below_a_blank_line() -> None:
    text = f"{HEAD}\n{centred('STANDARD FOR THE FORMAT OF')}\n{centred('EXAMPLE MESSAGES')}\n{STATUS}"

    assert title_from_text(text) == "STANDARD FOR THE FORMAT OF EXAMPLE MESSAGES"


def test_second_centred_paragraph_is_no_title_otherwise() -> None:
    text = f"{HEAD}\n{centred('On Programs')}\n{centred('An Example Program')}\n{STATUS}"

    assert title_from_text(text) == "On Programs"


@pytest.mark.parametrize("after", ["Abstract", "Status of This Memo", "1. Introduction", "May 1999", "by"])
def test_title_ends_where_the_next_thing_begins_without_a_blank_line(after: str) -> None:
    assert title_from_text(f"{HEAD}\n{centred('On Ends')}{after}\n{STATUS}") == "On Ends"


@pytest.mark.parametrize("name", ["<draft-ietf-example-topic-07.txt>", "draft-example-topic-00"])
def test_name_of_the_draft_is_dropped(name: str) -> None:
    assert title_from_text(f"{HEAD}\n{centred('On Drafts')}{name:^72}\n\n{STATUS}") == "On Drafts"
    assert title_from_text(f"{HEAD}\n{centred(f'On Drafts {name}')}\n{STATUS}") == "On Drafts"


def test_hyphen_at_the_end_of_a_line_takes_no_blank() -> None:
    assert (
        title_from_text(f"{HEAD}\n{'Headers for Non-':^72}\n{'ASCII Text':^72}\n\n")
        == "Headers for Non-ASCII Text"
    )
    assert title_from_text(f"{HEAD}\n{'The Pre-':^72}\n{'and Post-Test':^72}\n\n") == "The Pre- and Post-Test"
    assert title_from_text(f"{HEAD}\n{'Names -':^72}\n{'Concepts':^72}\n\n") == "Names - Concepts"


def test_centred_title_is_found_without_any_header() -> None:
    text = f"\n\n{'SUBPROGRAMS FOR':^72}\n{'A NETWORK':^72}\n\n{'April 21, 1971':^72}\n\n{STATUS}"

    assert title_from_text(text) == "SUBPROGRAMS FOR A NETWORK"


@pytest.mark.parametrize(
    "text,title",
    [
        ("", ""),
        (" \n\t\n\f\n", ""),
        ("notes of a meeting\nwith more text\n", "notes of a meeting"),
        ("\ufeff\n\f\n   My Notes  \n\nand more\n", "My Notes"),
        ("Abstract\n\nNothing but a heading.\n", "Abstract"),
        ("May 1999\n", "May 1999"),
    ],
)
def test_text_of_no_layout_is_called_by_its_first_line(text: str, title: str) -> None:
    assert title_from_text(text) == title


@pytest.mark.parametrize("size", [200, 1000, 100_000])
def test_bytes_that_are_no_text_have_no_title(size: int) -> None:
    assert title_from_text(random.Random(7).randbytes(size)) == ""
    assert title_from_text(bytes(size)) == ""


def test_control_here_and_there_makes_no_text_binary() -> None:
    assert title_from_text(b"My \x1b[1mNotes\x1b[0m of a long day, with much to remember\n" * 50).startswith(
        "My [1mNotes"
    )


def test_prose_below_a_header_gives_its_first_line_alone() -> None:
    prose = "".join(f"line {row} of a letter without a title\n" for row in range(1, 9))

    assert title_from_text(f"{HEAD}\n{prose}") == "line 1 of a letter without a title"


def test_document_is_utf_8_or_else_latin_1() -> None:
    assert decode_document("\ufeffA. Keränen".encode()) == "A. Keränen"
    assert decode_document("A. Keränen".encode("latin-1")) == "A. Keränen"


def test_head_that_ends_inside_a_character_is_utf_8_still() -> None:
    assert decode_document("ä – é".encode()[:-1]) == "ä – "


def test_head_bytes_hold_the_title_of_the_longest_header() -> None:
    authors = columns(*(("", f"Author {row}") for row in range(100)))

    assert title_from_text(f"{HEAD}{authors}\n{centred('On Crowds')}\n".encode()[:HEAD_BYTES]) == "On Crowds"


@given(st.text(st.characters()) | st.text("ab \t\n\0\x7f\x85\u2028\u2029\ud800\u00a0", max_size=700))
def test_any_text_is_made_fit_and_then_stays_as_it_is(text: str) -> None:
    title = fit_title(text)

    assert len(title) <= MAX_TITLE_CHARS
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in title)
    assert title == " ".join(title.split())
    assert title.encode().decode() == title
    assert fit_title(title) == title


@given(st.binary(max_size=400) | st.text(" abRFC:1\n\f\t()[]-draft<>", max_size=400).map(str.encode))
def test_any_bytes_have_a_title_that_is_fit(data: bytes) -> None:
    title = title_from_text(data)

    assert fit_title(title) == title


@pytest.mark.parametrize(
    "text,title",
    [
        ("  On \t\r\n Blanks ", "On Blanks"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("a\0b\x1b[2Jc\x7fd\x9be", "ab[2Jcde"),
        ("lone \ud800surrogate", "lone surrogate"),
        ("Größe – 漢字", "Größe – 漢字"),
        ("x" * 513, "x" * 512),
        ("x" * 511 + " y", "x" * 511),
        ("\0 \0", ""),
    ],
)
def test_what_does_not_fit_a_title_line_is_removed(text: str, title: str) -> None:
    assert fit_title(text) == title
