"""What weighs how much: only what the course text requires can fail, and every such clause is in the docs."""

from __future__ import annotations

import re

import pytest

from p2pci.checker.cases import Case, Level
from p2pci.checker.client import CASES, Client
from tests.cli.process import ROOT

MARKS = dict(
    re.findall(
        r"^- \*\*([PAB]-[0-9.]+)\*\* \*\*\[(handout|ours)\]\*\*",
        (ROOT / "docs/protocol.md").read_text("utf-8"),
        re.MULTILINE,
    )
)
POINTS = {f"Q-{number}" for number in range(1, 13)}
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


@ALL
def test_level_is_that_of_the_clause(case: Case[Client]) -> None:
    match case.level:
        case Level.MUST | Level.SHOULD:
            assert MARKS[case.clause] == "handout"
        case Level.INFO:
            assert MARKS[case.clause] == "ours"
        case Level.OPEN:
            assert case.clause in POINTS


@ALL
def test_further_clauses_are_in_the_docs(case: Case[Client]) -> None:
    assert not set(case.also) - MARKS.keys() - POINTS


def test_ids_are_given_once() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


@ALL
def test_requirement_is_one_sentence(case: Case[Client]) -> None:
    assert case.requirement.endswith(".")
    assert len(case.requirement) <= 100
