"""Numbers and ranges as people write them."""

from __future__ import annotations

import pytest

from p2pci.errors import InvalidValueError
from p2pci.mirror import Selection, parse_list, parse_ranges

LAST = 4_294_967_295


@pytest.mark.parametrize(
    "text,ranges",
    [
        ("3457", [(3457, 3457)]),
        ("1-999,9000-", [(1, 999), (9000, LAST)]),
        ("-10", [(1, 10)]),
        (" 7 ,, 8;9\t10-11\n", [(7, 7), (8, 8), (9, 9), (10, 11)]),
        ("RFC 7 rfc8 rfc0009.txt RFC10.TXT", [(7, 7), (8, 8), (9, 9), (10, 10)]),
    ],
)
def test_ranges_are_read(text: str, ranges: list[tuple[int, int]]) -> None:
    assert parse_ranges(text) == ranges


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "x", "1-x", "1--3", "9-1", "0", "0-3", "4294967296", "1_0", "\u0661", "+1", "0x7", "rfc"],
)
def test_what_is_no_range_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"\. (Write|Give) "):
        parse_ranges(text)


def test_list_may_have_remarks() -> None:
    lines = ["# what we need\n", "7 # the seventh\n", "\n", "9-10\n"]
    assert parse_list(lines) == [(7, 7), (9, 10)]


def test_selection_wants_all_words_in_any_case() -> None:
    selection = Selection(((5, 6),), ("ipsec", "remote access"))
    assert selection.has(5, "Requirements for IPsec Remote Access Scenarios")
    assert not selection.has(5, "Requirements for IPsec")
    assert not selection.has(7, "Requirements for IPsec Remote Access Scenarios")
    assert Selection().has(LAST, "")
