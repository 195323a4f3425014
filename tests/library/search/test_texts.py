"""The text of a document without its pages' furniture, and the pieces that are cut out of it."""

from __future__ import annotations

import pytest

from p2pci.library.search import Part, parse_query
from p2pci.library.search.facts import Facts, facts_in, year_of
from p2pci.library.search.snippets import SNIPPET_CHARS, cut_snippet
from p2pci.library.search.words import fold, text_of, words_in
from tests.library.layouts import LAYOUTS

PAGES = (
    b"The end of a page is in the middle of\n\n\n\nExample      Standards Track      [Page 1]\n\f\n"
    b"RFC 7        A Running Head        May 2001\n\n\na sentence.\n\nExample  [Page 2]\n"
)


def cut(text: str, typed: str) -> str:
    """Give a snippet with its hits in brackets."""
    parts = cut_snippet(text, parse_query(typed).phrases)
    return "".join(f"[{part.text}]" if part.is_hit else part.text for part in parts)


def test_page_breaks_do_not_break_sentences() -> None:
    assert " ".join(words_in(text_of(PAGES))) == "the end of a page is in the middle of a sentence"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\f",
        b"\f\f\f",
        b"[Page 1]",
        b"RFC 1\f[Page 1]\fRFC 2",
        b"\xff\xfe\0\f\x80",
        b"No pages.\nAt all.\n",
    ],
)
def test_odd_pages_are_no_trouble(data: bytes) -> None:
    text_of(data)


def test_document_without_pages_stays_as_it_is() -> None:
    assert text_of(b"RFC 1 is a name.\n[Page 1]\n") == "RFC 1 is a name.\n[Page 1]\n"


@pytest.mark.parametrize("text", ["Stra\u00dfe", "\u0130stanbul", "e\u0301te\u0301", "\U0001d518x", "ABC"])
def test_folding_keeps_places(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_hits_are_marked_in_their_own_letters() -> None:
    assert cut("Of Path\n   MTU Discovery.", '"path mtu"') == "Of [Path MTU] Discovery."
    assert cut("A r\u00e9sum\u00e9 of it", "RESUME") == "A [r\u00e9sum\u00e9] of it"
    assert cut("congested, congestion", "congest*") == "[congest]ed, [congest]ion"
    assert cut("subtcp tcpip tcp", "tcp") == "subtcp tcpip [tcp]"


def test_snippet_shows_where_most_is_in_sight() -> None:
    text = f"alpha {'filler ' * 200} alpha of beta {'filler ' * 200} beta"
    snippet = cut(text, "alpha beta")
    assert "[alpha] of [beta]" in snippet
    assert len(snippet) < SNIPPET_CHARS * 1.5


def test_snippet_is_of_the_text_and_not_of_header_or_contents() -> None:
    header, contents = "A Tale of TCP\n\nAbstract\n\nNothing.\n\n", "1. TCP ........... 1\n"
    text = f"{header}{contents}{'x' * SNIPPET_CHARS}\nHere is TCP at work."
    assert cut(text, "tcp").endswith("Here is [TCP] at work.")


def test_what_is_not_there_has_no_snippet() -> None:
    assert cut_snippet("Nothing of it.", parse_query("tcp").phrases) == ()
    assert cut_snippet("", parse_query("tcp").phrases) == ()


def test_one_endless_line_is_cut_too() -> None:
    snippet = cut_snippet("x" * 100_000 + " tcp " + "y" * 100_000, parse_query("tcp").phrases)
    assert Part("tcp", is_hit=True) in snippet
    assert sum(len(part.text) for part in snippet) < SNIPPET_CHARS * 2


@pytest.mark.parametrize(
    "layout, year", [("of_1969", 1969), ("of_1970", 1970), ("of_1975", 1975), ("of_2021", 2011)]
)
def test_document_says_its_year(layout: str, year: int) -> None:
    assert facts_in(LAYOUTS[layout](7, "A Title")).year == year


def test_document_says_its_status() -> None:
    assert facts_in(LAYOUTS["of_2011"](7, "A Title")) == Facts(2011, "BEST CURRENT PRACTICE")
    assert facts_in("nothing") == Facts()


def test_year_of_a_date() -> None:
    assert [year_of(date) for date in ("1 April 2020", "May 1969", "", "no")] == [2020, 1969, 0, 0]
