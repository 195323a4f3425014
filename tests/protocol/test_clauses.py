"""The tests cite clauses that exist, and every clause of the protocol package is cited by a test of it."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
CLAUSES = TESTS.parent / "docs" / "protocol.md"

_CITED = re.compile(r"\b(?:P-\d+\.\d+|[ABQ]-\d+)\b")
_DEFINED = re.compile(r"^(?:- |\| )\*\*((?:P-\d+\.\d+|[ABQ]-\d+))\*\*", re.MULTILINE)

# What bytes and values alone cannot show: each of these is a matter of the floor that is named.
ELSEWHERE = {
    "connections": {"P-1.1", "P-1.2", "P-1.7", "P-1.9", "P-1.29", "P-1.44", "P-1.45", "P-1.46", "P-2.28"},
    "library": {"P-1.42"},
    "index and server": {"P-2.5", "P-2.6", "P-2.7", "P-2.9", "P-2.10"},
    "upload": {"P-3.4"},
    "membership": {"A-20"},
}


def defined() -> set[str]:
    return set(_DEFINED.findall(CLAUSES.read_text(encoding="utf-8")))


def cited(folder: Path) -> dict[str, set[str]]:
    """Give the clauses that each test, transcript or module of tests cites."""
    paths = [*folder.rglob("*.py"), *folder.rglob("*.txt")]
    return {
        str(path.relative_to(TESTS)): set(_CITED.findall(path.read_text(encoding="utf-8"))) for path in paths
    }


def test_every_clause_that_a_test_cites_exists() -> None:
    clauses = defined()
    unknown = {path: found - clauses for path, found in cited(TESTS).items() if found - clauses}
    assert unknown == {}


def test_every_clause_of_this_package_is_cited_by_its_tests() -> None:
    elsewhere = set().union(*ELSEWHERE.values())
    here = {clause for clause in defined() if clause.startswith(("P-1.", "P-2.", "P-3.", "A-"))} - elsewhere
    found = set().union(*(found for path, found in cited(Path(__file__).parent).items() if path != _THIS))
    assert sorted(here - found) == []


def test_clauses_left_to_others_are_not_claimed_here() -> None:
    elsewhere = set().union(*ELSEWHERE.values())
    assert elsewhere <= defined()


_THIS = str(Path(__file__).relative_to(TESTS))
