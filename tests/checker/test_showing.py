"""Bytes of the wire on their way to a report: nothing acts, nothing is lost, and the caret stands right."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from p2pci.checker.reports.comparing import Row, compare
from p2pci.checker.showing import columns_of, first_difference, glyphs_of, show_bytes

NAMED = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}


def read_again(text: str) -> bytes:
    parts = re.findall(r"\\x([0-9a-f]{2})|\\(.)|([^\\])", text)
    return b"".join(
        bytes.fromhex(code) if code else NAMED[name] if name else letter.encode()
        for code, name, letter in parts
    )


@settings(deadline=None)
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_every_byte_can_be_told_and_none_acts(data: bytes) -> None:
    shown = show_bytes(data)
    assert shown.isprintable()
    assert read_again(shown) == data


@pytest.mark.parametrize(
    "data, shown",
    [
        (b"\x1b[31m", r"\x1b[31m"),
        ("\u202e".encode(), r"\xe2\x80\xae"),
        ("\u2028".encode(), r"\xe2\x80\xa8"),
        ("a\u0301".encode(), r"a\xcc\x81"),
        (b"\xff\r\n", r"\xff\r\n"),
        ("é 漢".encode(), "é 漢"),
        (b"a\\b", r"a\\b"),
    ],
)
def test_shown(data: bytes, shown: str) -> None:
    assert show_bytes(data) == shown


def test_wide_characters_count_twice() -> None:
    assert columns_of(glyphs_of("漢a\r".encode())) == 5


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(20, 120))
def test_rows_fit_and_the_mark_is_in_one_of_them(expected: bytes, received: bytes, columns: int) -> None:
    compared = compare(expected, received, columns=columns)
    for row in (*compared.expected, *compared.received):
        assert sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in row.text) <= columns
    marks = [row.mark for row in compared.received if row.mark is not None]
    assert len(marks) == (expected != received)
    assert all(0 <= mark <= columns for mark in marks)


@pytest.mark.parametrize(
    "one, other, at", [(b"ab", b"ab", None), (b"ab", b"ac", 1), (b"a", b"ab", 1), (b"", b"x", 0)]
)
def test_first_difference(one: bytes, other: bytes, at: int | None) -> None:
    assert first_difference(one, other) == at


def test_equal_parts_are_cut_at_the_same_place() -> None:
    start = b"x" * 500
    compared = compare(start + b"right, and on\r\n", start + b"wrong\n", columns=40)
    (expected,), (received,) = compared.expected, compared.received
    assert received == Row("…" + "x" * 20 + r"wrong\n", 21)
    assert expected.text == "…" + "x" * 20 + r"right, and on\r\n"


def test_only_lines_near_the_difference_are_shown() -> None:
    lines = [b"line %d\r\n" % number for number in range(100)]
    received = b"".join(lines).replace(b"line 50", b"line fifty")
    shown = [row.text for row in compare(b"".join(lines), received, columns=40).received]
    assert shown[0] == "… 48 lines before"
    assert shown[3] == r"line fifty\r\n"
    assert shown[-1] == "… 45 lines more"


def test_what_is_missing_is_marked_behind_what_came() -> None:
    assert compare(b"a\r\n\r\n", b"a\r\n", columns=40).received == [Row(r"a\r\n"), Row("(nothing more)", 0)]
    assert compare(b"a", b"", columns=40).received == [Row("(nothing)", 0)]
    assert compare(None, b"", columns=40).received == [Row("(nothing)")]


@pytest.mark.parametrize("filling", [b"\n", b"x", b"\xff", b"RFC 1 T h 5\r\n"])
def test_megabytes_are_compared_in_a_moment(filling: bytes) -> None:
    expected = filling * (8 * 1024 * 1024 // len(filling))
    compared = compare(expected, expected + b"!", columns=80)
    assert [row.text[row.mark] for row in compared.received if row.mark is not None] == ["!"]
    assert compared.received[0].text.startswith("…")
    assert len(compared.received) < 12
