"""Upload servers: the cases that they are judged by.

Each module has the cases of one theme, under its GROUP. Clauses that index servers are judged by too have
numbers from 50 on here, so that no id means two things.
"""

from p2pci.checker.cases import Case, cases_in
from p2pci.checker.peer import (
    answers,
    data,
    errors,
    extensions,
    hostile,
    segments,
    several,
    tolerance,
    values,
)
from p2pci.checker.peer.target import MAX_DOCUMENT_BYTES, Habits, Holder

CASES: list[Case[Holder]] = cases_in(
    answers, values, data, errors, segments, several, hostile, tolerance, extensions
)

__all__ = ["CASES", "MAX_DOCUMENT_BYTES", "Habits", "Holder"]
