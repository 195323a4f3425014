"""Which clauses about holders their cases look at; tests/checker/test_coverage.py tells of all suites."""

from p2pci.checker.peer import CASES

# Clauses about holders that no answer of one shows, and why.
NOT_SEEN = {
    "P-1.29": "takes 30 s to show",
    "P-1.30": "what it says of lines is shown by P-1.17 and P-1.31",
    "P-3.6": "needs an empty document; P-3.2/6 then shows it",
    "P-5.19": "of downloaders",
    "P-5.23": "of downloaders",
    "P-5.29": "of downloaders",
}


def sections(first: int, last: int, *, chapter: int) -> set[str]:
    return {f"P-{chapter}.{number}" for number in range(first, last + 1)}


def test_every_clause_about_holders_is_looked_at() -> None:
    seen = {clause for case in CASES for clause in (case.clause, *case.also)}
    about_holders = sections(11, 46, chapter=1) | sections(1, 6, chapter=3) | sections(19, 29, chapter=5)
    not_for_holders = {"P-1.19", "P-1.20", "P-1.23", "P-1.37", "P-1.39", "P-1.40", "P-1.42", "P-1.43"}
    assert about_holders - not_for_holders - seen - NOT_SEEN.keys() == set()
    assert {"B-6", "B-10", "B-12", "B-13", "B-15", "B-20", "B-21", "P-1.2", "P-1.3"} <= seen
    assert {"A-12", "A-13", "A-14", "A-15", "A-21", "A-22", "A-23", "A-24", "A-25"} <= seen
