"""Which cases are tried, and which may fail: by what people write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from p2pci.checker.cases import Case, Level, Verdict
from p2pci.checker.selecting import select
from p2pci.checker.waiving import read_waivers, waive
from p2pci.errors import InvalidValueError
from tests.checker.reports.fixed import RESULTS, make_case

CASES: list[Case[object]] = [
    make_case("P-1.4/1", Level.MUST, "One.", "Group", also=("B-18",)),
    make_case("P-1.4/10", Level.MUST, "Two.", "Group"),
    make_case("P-1.46/1", Level.MUST, "Three.", "Group"),
    make_case("B-18/1", Level.SHOULD, "Four.", "Group"),
]


def ids(*only: str, skip: tuple[str, ...] = ()) -> list[str]:
    return [case.id for case in select(CASES, only=only, skip=skip)]


@pytest.mark.parametrize(
    "only, found",
    [
        ((), ["P-1.4/1", "P-1.4/10", "P-1.46/1", "B-18/1"]),
        (("P-1.4/1",), ["P-1.4/1"]),
        (("p-1.4",), ["P-1.4/1", "P-1.4/10"]),
        (("P-1",), ["P-1.4/1", "P-1.4/10", "P-1.46/1"]),
        (("P",), ["P-1.4/1", "P-1.4/10", "P-1.46/1"]),
        (("P-*/1",), ["P-1.4/1", "P-1.46/1"]),
        (("B-18",), ["P-1.4/1", "B-18/1"]),
        (("B-18/1, P-1.46", "P-1.4/10"), ["P-1.4/10", "P-1.46/1", "B-18/1"]),
    ],
)
def test_only(only: tuple[str, ...], found: list[str]) -> None:
    assert ids(*only) == found


def test_skip_goes_by_the_clause_of_a_case_alone() -> None:
    assert ids(skip=("B-18",)) == ["P-1.4/1", "P-1.4/10", "P-1.46/1"]
    assert ids("P-1.4", skip=("*/10",)) == ["P-1.4/1"]


@pytest.mark.parametrize("word, said", [("P-1.5", "Near it are P-1.4"), ("zzz", "See --list.")])
def test_unknown_pattern_names_near_ones(word: str, said: str) -> None:
    with pytest.raises(InvalidValueError, match=f"no case '{word}'. {said}"):
        ids(word)


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(InvalidValueError, match="No case is left"):
        ids("B-18/1", skip=("B",))


def test_waivers() -> None:
    lines = ["\ufeffP-1.4/1", "", "# only a comment", "  B-18/1   # agreed  "]
    assert read_waivers(lines, CASES, source="x") == {"P-1.4/1": "no reason given", "B-18/1": "agreed"}
    with pytest.raises(InvalidValueError, match=r"x, line 2: there is no case 'P-1\.4/11'\. Near it are P-1"):
        read_waivers(["", "P-1.4/11 # why"], CASES, source="x")


def test_only_what_would_count_is_waived() -> None:
    failing = next(result for result in RESULTS if result.case.id == "B-15/1")
    waived = {"B-15/1": "agreed"}
    assert waive(failing, waived, is_strict=False).is_waived
    assert not waive(replace(failing, verdict=Verdict.PASS), waived, is_strict=False).is_waived
    assert not waive(replace(failing, verdict=Verdict.LENIENT), waived, is_strict=False).is_waived
    assert waive(replace(failing, verdict=Verdict.LENIENT), waived, is_strict=True).is_waived
