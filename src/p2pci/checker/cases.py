"""What a case is, what it may find, and what becomes of that: plain values.

A case has a stable id, the clause of `docs/protocol.md` and a number (`P-2.4/1`), one sentence that it
requires, and a function that tries it. Its level decides what a deviation is: a failure where the clause is
of the course text, information where it is ours. May import `symptoms` and `transcript`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any, Generic, TypeVar

from p2pci.checker.symptoms import Symptom
from p2pci.checker.transcript import Transcript

Target = TypeVar("Target")


class Level(Enum):
    """How much a case weighs."""

    MUST = "MUST"  # the course text requires it: a deviation fails
    SHOULD = "SHOULD"  # it fails, but counts only with --strict
    OPEN = "open"  # the course text allows several readings: which one was seen is told
    INFO = "information"  # a clause of ours: a deviation is told, and fails nobody


class Verdict(Enum):
    """What a case ends in; the value is its word in every report, and every report counts in this order."""

    PASS = "pass"  # noqa: S105 - not that kind of pass
    LENIENT = "lenient"  # works, but not as written
    AMBIGUOUS = "ambiguous"  # the course text can be read in several ways; the note says in which it was
    UNIMPLEMENTED = "unimplemented"  # an extension or tolerance of ours that the target does not have
    FAIL = "fail"
    ERROR = "error"  # the case could not be tried
    SKIPPED = "skipped"  # the case was not tried; the note says why


@dataclass(frozen=True, slots=True)
class Finding:
    """What a case found that is no deviation; no finding at all is a pass."""

    verdict: Verdict
    note: str


def lenient(note: str) -> Finding:
    return Finding(Verdict.LENIENT, note)


def ambiguous(reading: str) -> Finding:
    return Finding(Verdict.AMBIGUOUS, reading)


def skipped(why: str) -> Finding:
    return Finding(Verdict.SKIPPED, why)


class Deviation(Exception):  # noqa: N818 - a finding of a case, which its judge catches
    """The target did something else than the case requires.

    Attributes:
        what: one sentence.
        expected, received: bytes of the wire to set side by side; None where there is nothing to set.
        symptom: what it looks like, when it is known; it carries the hint.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: bytes | None = None,
        received: bytes | None = None,
        symptom: Symptom | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.received = received
        self.symptom = symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Generic[Target]):
    """One thing that is required, and how it is tried.

    Attributes:
        id: clause and number; never given to another case.
        also: further clauses that it looks at.
        group: the heading under which reports have it.
        run: tries it on a connection of its own; returns nothing for a pass, raises Deviation.
    """

    id: str
    level: Level
    requirement: str
    run: Callable[[Target], Awaitable[Finding | None]]
    also: tuple[str, ...] = ()
    group: str = ""

    @property
    def clause(self) -> str:
        return self.id.partition("/")[0]


def case(
    id_: str, level: Level, requirement: str, *, also: tuple[str, ...] = ()
) -> Callable[[Callable[[Target], Awaitable[Finding | None]]], Case[Target]]:
    """Make the case of a function."""

    def make(run: Callable[[Target], Awaitable[Finding | None]]) -> Case[Target]:
        group = run.__globals__["GROUP"]
        return Case(id=id_, level=level, requirement=requirement, run=run, also=also, group=group)

    return make


def cases_in(*modules: ModuleType) -> list[Case[Target]]:
    """Collect the cases of modules, in the order in which they stand there."""
    return [value for module in modules for value in vars(module).values() if isinstance(value, Case)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one case.

    Attributes:
        note: one sentence or a few words; "" for a plain pass.
        transcript: what went over the wire, both ways.
        is_waived: it would count against the target, but was waived.
    """

    case: Case[Any]
    verdict: Verdict
    transcript: Transcript
    note: str = ""
    expected: bytes | None = None
    received: bytes | None = None
    symptom: Symptom | None = None
    seconds: float = 0.0
    is_waived: bool = False


def conforms(results: Iterable[Result], *, is_strict: bool = False) -> bool:
    """Whether no result counts against the target."""
    return not any(counts_against(result, is_strict=is_strict) for result in results)


def counts_against(result: Result, *, is_strict: bool = False) -> bool:
    """Whether a MUST failed, or a case could not be tried; when strict also a SHOULD, and what is lenient.

    What is lenient by a clause of ours counts against nobody.
    """
    if result.is_waived:
        return False
    match result.verdict:
        case Verdict.FAIL:
            return is_strict or result.case.level is Level.MUST
        case Verdict.ERROR:
            return True
        case Verdict.LENIENT:
            return is_strict and result.case.level in (Level.MUST, Level.SHOULD)
        case _:
            return False
