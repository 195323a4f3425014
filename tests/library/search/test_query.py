"""What is typed, read into a query; and which texts fit it, by SQLite and by ourselves alike."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given, strategies as st

from p2pci.library.search import Query, parse_query
from p2pci.library.search.query import NEAR_WORDS, Near, Phrase
from p2pci.library.search.words import compose, words_in

TCP, MTU = Phrase(("tcp",)), Phrase(("path", "mtu"))


@pytest.mark.parametrize(
    "typed, wanted",
    [
        ("TCP", [TCP]),
        ("tcp  tcp", [TCP]),
        ("tcp ip", [TCP, Phrase(("ip",))]),
        ("tcp AND ip", [TCP, Phrase(("ip",))]),
        ('"Path MTU"', [MTU]),
        ("path-mtu", [MTU]),
        ('"path mtu', [MTU]),
        ('tcp "', [TCP]),
        ("“path mtu”", [MTU]),
        ("«path mtu» tcp", [MTU, TCP]),
        ("tcp*", [Phrase(("tcp",), is_prefix=True)]),
        ('"path mt"*', [Phrase(("path", "mt"), is_prefix=True)]),
        ("tcp NEAR ip", [Near((TCP, Phrase(("ip",))), NEAR_WORDS)]),
        ("tcp NEAR/3 ip", [Near((TCP, Phrase(("ip",))), 3)]),
        ('NEAR(tcp "path mtu", 5)', [Near((TCP, MTU), 5)]),
        ("NEAR(tcp)", [TCP]),
        ("NEAR()", []),
        ("NEAR tcp", [Phrase(("near",)), TCP]),
        ("tcp NEAR", [TCP]),
        ("the tcp of the", [TCP]),
        ("the", [Phrase(("the",))]),
        ("Müller", [Phrase(("muller",))]),
        ("Mu\u0308ller", [Phrase(("muller",))]),
        ("\" '; DROP TABLE texts; --", [Phrase(("drop", "table", "texts"))]),
        ("tcp\0ip", [Phrase(("tcp", "ip"))]),
        ("^*:(){}+", []),
        ("", []),
    ],
)
def test_what_is_typed_is_read(typed: str, wanted: list[object]) -> None:
    assert parse_query(typed) == Query(tuple(wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "typed, shown",
    [
        ('"Path MTU', '"path mtu"'),
        ('"tcp', "tcp"),
        ("“path mtu” the tcp*", '"path mtu" tcp*'),
        ('tcp NEAR "path mt"* \N{MINUS SIGN}ip -"a b', 'NEAR(tcp "path mt"*, 10) -ip -"a b"'),
        ("tcp\0ip\x1b[31m", '"tcp ip 31m"'),
    ],
)
def test_query_is_shown_as_it_was_understood(typed: str, shown: str) -> None:
    assert str(parse_query(typed)) == shown


@pytest.mark.parametrize("minus", ["-", "\N{MINUS SIGN}"])
def test_minus_excludes_a_word_or_a_phrase(minus: str) -> None:
    assert parse_query(f'tcp {minus}ip {minus}"path mtu"') == Query((TCP,), (Phrase(("ip",)), MTU))
    assert not parse_query(f"{minus}tcp").wanted


def test_word_that_is_still_typed_is_a_beginning() -> None:
    assert parse_query("path mt", is_typing=True).wanted[-1] == Phrase(("mt",), is_prefix=True)
    assert parse_query("path mtu ", is_typing=True).wanted[-1] == Phrase(("mtu",))


def test_long_text_is_read_as_far_as_it_makes_sense() -> None:
    query = parse_query(" ".join(f"word{number}" for number in range(5000)))
    assert 0 < len(query.wanted) <= 32
    assert len(parse_query('"' + "a " * 50_000).wanted[0].words) <= 32  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "typed, text, fits",
    [
        ("mtu path", "the path of an mtu", True),
        ("mtu path", "the path", False),
        ('"path mtu"', "a path-MTU discovery", True),
        ('"path mtu"', "mtu path", False),
        ("disc*", "path mtu discovery", True),
        ('"mtu disc"*', "path mtu discovery", True),
        ("path -mtu", "path mtu", False),
        ("path NEAR/1 discovery", "path mtu discovery", True),
        ("path NEAR/0 discovery", "path mtu discovery", False),
        ("discovery NEAR/1 path", "path mtu discovery", True),
        ('NEAR("path mtu" discovery black hole, 5)', "discovery of a path mtu, black hole", True),
        ('NEAR("path mtu" discovery black hole, 4)', "discovery of a path mtu, black hole", False),
        ("resume", "r\u00e9sum\u00e9", True),
        ("-path", "mtu", False),
    ],
)
def test_texts_fit_here_as_they_do_in_sqlite(typed: str, text: str, fits: bool) -> None:  # noqa: FBT001
    query = parse_query(typed)
    assert query.fits(words_in(text)) == fits
    if query.wanted:
        assert bool(found_by_sqlite(query, text)) == fits


def found_by_sqlite(query: Query, text: str) -> list[tuple[int]]:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE texts USING fts5(text, tokenize='unicode61 remove_diacritics 2')"
    )
    connection.execute("INSERT INTO texts VALUES (?)", (compose(text),))
    found = connection.execute(
        "SELECT rowid FROM texts WHERE texts MATCH ?", (query.expression(),)
    ).fetchall()
    connection.close()
    return found


@given(st.text(max_size=200) | st.text(alphabet='ab "*-()NEAR,/5\0\ud800^:+{}', max_size=60))
@example('NEAR("" "", 99999999999)')
@example("a NEAR/999999999 b")
@example('"' * 999)
def test_anything_typed_is_safe_in_sqlite(typed: str) -> None:
    for is_typing in (False, True):
        query = parse_query(typed, is_typing=is_typing)
        query.fits(["a", "b"])
        assert parse_query(str(query)) == query
        if query.wanted:
            found_by_sqlite(query, "a b")


@given(
    st.lists(st.sampled_from(["a1", "b1", "c1"]), max_size=8),
    st.lists(st.sampled_from(["a1", "b1", "c1", '"a1 b1"']), min_size=2, max_size=3, unique=True),
    st.integers(0, 3),
)
def test_near_means_the_same_here_and_in_sqlite(words: list[str], phrases: list[str], most: int) -> None:
    query = parse_query(f"NEAR({' '.join(phrases)}, {most})")
    assert query.fits(words) == bool(found_by_sqlite(query, " ".join(words)))
