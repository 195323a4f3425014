"""A lapse: something in a message that is not as a clause has it. May import `cases` and `symptoms`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from p2pci.checker.cases import Deviation, Level
from p2pci.checker.symptoms import Symptom


class Lapse(NamedTuple):
    """What is not as written, by which clause, and how much that weighs.

    `expected` and `received` are a line each, or a part of one.
    """

    clause: str
    level: Level
    what: str
    expected: bytes
    received: bytes
    symptom: Symptom | None = None


def require(lapses: Iterable[Lapse], *clauses: str, level: Level | None = None) -> None:
    """Check that a message keeps these clauses, or what of them has this level.

    Raises:
        Deviation: the first lapse from one of them.
    """
    for lapse in lapses:
        if lapse.clause in clauses and level in (None, lapse.level):
            raise Deviation(
                lapse.what, expected=lapse.expected, received=lapse.received, symptom=lapse.symptom
            )
