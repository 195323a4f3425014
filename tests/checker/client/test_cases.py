"""Every case of clients passes the correct stub, and notices the one fault that was made for it."""

import sys

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.client import CASES, ByScript, Client, Launch, Script
from p2pci.checker.judging import judge
from p2pci.checker.wire import Patience
from tests.checker.client.faults import FAULTS
from tests.cli.process import ROOT

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

QUICK = Patience(answer_seconds=1.5, quiet_seconds=0.1)
SCRIPT = Script(quiet_seconds=0.12)
# One of each theme, and the three that hold the machinery most; make test-all tries them all.
QUICKLY = {"B-7/2", "P-1.1/3", "P-1.3/2", "B-12/5", "B-9/1", "B-9/4", "B-10/16", "A-4/1", "P-3.8/1"}
ALL = pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case.id in QUICKLY else pytest.mark.slow) for case in CASES],
    ids=[case.id for case in CASES],
)


async def judge_stub(case: Case[Client], fault: str = "") -> Result:
    command = (sys.executable, "-S", "-m", "tests.checker.client.faults", "{port}", fault)
    launch = Launch(command=command, host="127.0.0.1", port=0, folder=ROOT)
    (result,) = await judge([case], lambda wires: Client(wires, launch, ByScript(SCRIPT)), patience=QUICK)
    return result


@ALL
async def test_correct_stub_passes(case: Case[Client]) -> None:
    result = await judge_stub(case)
    right = Verdict.AMBIGUOUS if case.level is Level.OPEN else Verdict.PASS
    assert result.verdict is right, (result.note, result.transcript.pieces)


@ALL
async def test_fault_is_noticed(case: Case[Client]) -> None:
    result = await judge_stub(case, case.id)
    match case.level:
        case Level.MUST | Level.SHOULD:
            assert result.verdict is Verdict.FAIL, (result.note, result.transcript.pieces)
        case Level.INFO:
            assert result.verdict in (Verdict.UNIMPLEMENTED, Verdict.LENIENT), result.note
        case Level.OPEN:
            assert result.note != (await judge_stub(case)).note


def test_every_fault_belongs_to_a_case() -> None:
    assert set(FAULTS) == {case.id for case in CASES}
