"""Entries read from an index file of the RFC Editor's text form."""

import pytest

from p2pci.library.entries import MAX_ENTRIES, Entry, NoIndexError
from p2pci.library.rfc_index import TextIndex

FORMAT = "(Format: TXT, HTML) (Status: UNKNOWN) (DOI: 10.17487/RFC7001)"
HEAD = """
                             RFC INDEX

RFC citations appear in this format:

  ####  Title of RFC.  Author 1, Author 2.  Issue date.

  1129 An Example among the Explanations. A. Example.
       October 1989. (Format: TXT)

Key to citations:

#### is the RFC number.

2 words of prose that begin with a number.
"""


def read(entry: str) -> Entry | None:
    return TextIndex(f"{HEAD}\n\n7001 {entry} {FORMAT} \n\n".encode()).entry(7001)


@pytest.mark.parametrize(
    "entry,title",
    [
        ("Host Things. A. Example. April 1969.", "Host Things"),
        ("Host Things. A.B. Example, C. Sample. 1 April 1999.", "Host Things"),
        ("Over several\n     lines. A.\n     Example. May\n     1999.", "Over several lines"),
        ("Use of IEEE 802.1X v1.0. A. Example, Ed., B. Sample, Ed.. May 1999.", "Use of IEEE 802.1X v1.0"),
        ("The U.S. Department of Examples. A. Example. May 1999.", "The U.S. Department of Examples"),
        ("Myths vs. Reality. A. Example. May 1999.", "Myths vs. Reality"),
        ("Talks with A. Nobody (ACME). B. Example. May 1999.", "Talks with A. Nobody (ACME)"),
        ("M.I.T. A. Example. May 1999.", "M.I.T"),
        ("Over IP. L-E. Example, J-P. Sample, Y(J). Third. May 1999.", "Over IP"),
        ("Enhancements. A. Example Jr., B. Sample. May 1999.", "Enhancements"),
        ("Enhancements. A. Example. Ed., B. Sample. May 1999.", "Enhancements"),
        ("Enhancements. A. Example,B. Sample. May 1999.", "Enhancements"),
        ("Enhancements. JP. Example, TC. Sample. May 1999.", "Enhancements"),
        ("On Statements. Internet Architecture Board, A. Example. May 1999.", "On Statements"),
        ("With ACME, Inc. in the matter of X. The Society. May 1999.", "With ACME, Inc. in the matter of X"),
        ("Statistics (June 1973). A. Example. July 1973.", "Statistics (June 1973)"),
        ("List of May 1999. A. Example. June 1999.", "List of May 1999"),
        ("Statement. IAB. May 1999.", "Statement"),
        ("Only a Title. May 1999.", "Only a Title"),
    ],
)  # fmt: skip
def test_title_ends_before_authors_and_date(entry: str, title: str) -> None:
    found = read(entry)

    assert found
    assert found.title == title
    assert found.date.endswith("19" + found.date[-2:])


@pytest.mark.parametrize(
    "entry,authors",
    [
        ("T. A. Example. May 1999.", ("A. Example",)),
        ("T. A.B. Example, C. de Sample. 1 April 1999.", ("A.B. Example", "C. de Sample")),
        ("T. A. Example, Ed., B. Sample, Ed.. May 1999.", ("A. Example", "B. Sample")),
        ("T. A. Example. Ed., B. Sample. May 1999.", ("A. Example", "B. Sample")),
        ("T. A. Example, Jr., B. Sample, III. May 1999.", ("A. Example, Jr.", "B. Sample, III")),
        ("T. The Board of Examples, A. Example. May 1999.", ("The Board of Examples", "A. Example")),
        ("Only a Title. May 1999.", ()),
    ],
)  # fmt: skip
def test_authors_stand_between_title_and_date(entry: str, authors: tuple[str, ...]) -> None:
    found = read(entry)

    assert found
    assert found.authors == authors


def test_entry_says_what_became_of_a_document() -> None:
    text = """
0123 Some Thing. A. Example. 1 April 1999. (Format: TXT, HTML) (Obsoletes
     RFC0066, RFC0080) (Obsoleted by RFC0165) (Updates RFC0098) (Updated
     by RFC0127, RFC7100) (Also STD0005, BCP0014) (Status: INTERNET
     STANDARD) (DOI: 10.17487/RFC0123)
"""

    assert TextIndex(text.encode()).entry(123) == Entry(
        123,
        title="Some Thing",
        authors=("A. Example",),
        date="1 April 1999",
        status="INTERNET STANDARD",
        obsoletes=("RFC 66", "RFC 80"),
        obsoleted_by=("RFC 165",),
        updates=("RFC 98",),
        updated_by=("RFC 127", "RFC 7100"),
        also=("STD 5", "BCP 14"),
    )


def test_what_a_title_says_in_parentheses_is_no_note() -> None:
    found = read("Thing (Updates RFC 1) (Status: OPEN). A. Example. May 1999.")

    assert found
    assert (found.updates, found.status) == ((), "UNKNOWN")


def test_number_that_was_not_issued_has_an_entry_and_no_title() -> None:
    index = TextIndex(
        f"{HEAD}\n0014 Not Issued. \n\n0015 Thing. A. Example. May 1969. (Format: TXT)\n".encode()
    )

    assert index.entry(14) == Entry(14, status="NOT ISSUED", is_issued=False)
    assert index.entry(15) == Entry(15, title="Thing", authors=("A. Example",), date="May 1969")


def test_explanations_and_prose_are_no_entries() -> None:
    prose = "7001 words of prose behind its entry.\n"
    index = TextIndex(f"{HEAD}\n7001 Thing. A. Example. May 1969. (Format: TXT)\n\n{prose}".encode())

    assert [index.entry(number) for number in (2, 1129, 3)] == [None, None, None]
    found = index.entry(7001)
    assert found
    assert found.title == "Thing"


def test_entry_takes_the_place_of_prose_before_it() -> None:
    found = TextIndex(b"15 words of prose.\n\n0015 Thing. A. Example. May 1969. (Format: TXT)\n").entry(15)

    assert found
    assert found.title == "Thing"


def test_line_ends_of_other_systems_make_no_difference() -> None:
    text = "0015 Some\r\n     thing. A. Example. May 1969. (Format: TXT)\r\n\r\n"

    found = TextIndex(text.encode()).entry(15)

    assert found
    assert found.title == "Some thing"


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff" * 1000, b"<html>404</html>", HEAD.encode(), b"7 prose\n" * 100]
)
def test_file_without_an_entry_is_no_index(data: bytes) -> None:
    with pytest.raises(NoIndexError, match="not one entry"):
        TextIndex(data)


def test_far_too_many_entries_are_no_index() -> None:
    data = b"".join(b"%d Not Issued.\n" % number for number in range(1, MAX_ENTRIES + 2))

    with pytest.raises(NoIndexError, match="more documents than there can be"):
        TextIndex(data)


@pytest.mark.parametrize("text", ["A. ", "x. a. b, ", ". ", " Ed. ", "May 1999. ", "("])
def test_entry_without_end_is_passed_over(text: str) -> None:
    """Looking for its authors would take hours."""
    data = f"7 Thing. {text * 300_000}. May 1999.\n\n8 Thing. A. Example. May 1999.\n".encode()
    index = TextIndex(data)

    assert index.entry(7) is None
    assert index.entry(8)
