"""The levels of all cases agree with the marks in docs/protocol.md: nobody fails on a clause of ours."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from p2pci.checker.cases import Case, Level
from p2pci.cli.suites import all_cases

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
MARKS = dict(re.findall(r"^- \*\*([PAB]-[0-9.]+)\*\* \*\*\[(handout|ours)\]\*\*", PROTOCOL, re.MULTILINE))
OPEN_POINTS = set(re.findall(r"^\| \*\*(Q-[0-9]+)\*\* \|", PROTOCOL, re.MULTILINE))
ALL = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)


def test_document_was_understood() -> None:
    assert {"P-1.1", "P-5.32", "A-26", "B-21"} <= set(MARKS)
    assert len(OPEN_POINTS) == 12


@ALL
def test_level_agrees_with_the_mark(case: Case[Any]) -> None:
    match case.level:
        case Level.MUST | Level.SHOULD:
            assert MARKS.get(case.clause) == "handout"
        case Level.INFO:
            assert MARKS.get(case.clause) == "ours"
        case Level.OPEN:
            assert case.clause in OPEN_POINTS


@ALL
def test_further_clauses_exist(case: Case[Any]) -> None:
    assert set(case.also) <= MARKS.keys() | OPEN_POINTS
    assert case.clause not in case.also


@ALL
def test_case_reads_as_one_sentence(case: Case[Any]) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", case.requirement)
    assert len(case.requirement) <= 100
    assert case.group


def test_ids_are_given_once_in_all_suites() -> None:
    counts = Counter(case.id for case in all_cases())
    assert [id_ for id_, count in counts.items() if count > 1] == []
    assert all(re.fullmatch(r"[PABQ]-[0-9.]+/[0-9]+", id_) for id_ in counts)
