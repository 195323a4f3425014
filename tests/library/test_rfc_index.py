"""Titles read from an index file of the RFC Editor's form."""

from pathlib import Path

import pytest

from p2pci.errors import LibraryError
from p2pci.library.rfc_index import titles_from_entries, titles_from_index

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


def read(entry: str) -> str | None:
    return titles_from_entries(f"{HEAD}\n\n7001 {entry} {FORMAT} \n\n".encode()).get(7001)


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
    assert read(entry) == title


def test_explanations_and_numbers_not_issued_are_no_titles() -> None:
    text = f"{HEAD}\n0014 Not Issued. \n\n0015 Something. A. Example. May 1969. (Format: TXT)\n"

    assert titles_from_entries(text.encode()) == {15: "Something"}


def test_line_ends_of_other_systems_make_no_difference() -> None:
    text = "0015 Some\r\n     thing. A. Example. May 1969. (Format: TXT)\r\n\r\n"

    assert titles_from_entries(text.encode()) == {15: "Some thing"}


def test_index_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rfc-index.txt"
    path.write_text("0015 Some\n     thing. A. Example. May 1969. (Format: TXT)\n", encoding="utf-8")

    assert titles_from_index(path) == {15: "Some thing"}


def test_missing_index_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"nowhere\.txt: cannot be read: it is no longer there\. .*again"):
        titles_from_index(tmp_path / "nowhere.txt")
