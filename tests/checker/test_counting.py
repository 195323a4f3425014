"""What counts against a program, and what does not."""

from __future__ import annotations

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict, conforms
from p2pci.checker.transcript import Transcript


async def _run(target: object) -> None:
    raise NotImplementedError


@pytest.mark.parametrize(
    "level,verdict,is_plain,is_strict",
    [
        (Level.MUST, Verdict.FAIL, False, False),
        (Level.SHOULD, Verdict.FAIL, True, False),
        (Level.MUST, Verdict.LENIENT, True, False),
        (Level.INFO, Verdict.LENIENT, True, True),
        (Level.INFO, Verdict.UNIMPLEMENTED, True, True),
        (Level.OPEN, Verdict.AMBIGUOUS, True, True),
        (Level.INFO, Verdict.ERROR, False, False),
        (Level.MUST, Verdict.SKIPPED, True, True),
    ],
)
def test_conforms(level: Level, verdict: Verdict, is_plain: bool, is_strict: bool) -> None:  # noqa: FBT001 - of the table
    case: Case[object] = Case(id="X-1/1", level=level, requirement="It is.", run=_run)
    result = Result(case=case, verdict=verdict, transcript=Transcript())
    assert conforms([result]) is is_plain
    assert conforms([result], is_strict=True) is is_strict
