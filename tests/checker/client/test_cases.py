"""Every case of clients passes the correct stub, and notices the one fault that was made for it."""

import sys

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.client import CASES, ByScript, Client, Launch, Script
from p2pci.checker.judging import judge
from p2pci.checker.wire import Patience
from tests.checker.client.faults import FAULTS
from tests.cli.process import ROOT

QUICK = Patience(answer_seconds=1.5, quiet_seconds=0.1)
SCRIPT = Script(quiet_seconds=0.12)
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


async def judge_stub(case: Case[Client], fault: str = "") -> Result:
    command = (sys.executable, "-S", "-m", "tests.checker.client.faults", "{port}", fault)
    launch = Launch(command=command, host="127.0.0.1", port=0, folder=ROOT)
    (result,) = await judge([case], lambda wires: Client(wires, launch, ByScript(SCRIPT)), patience=QUICK)
    return result


@pytest.mark.slow
@ALL
async def test_correct_stub_passes(case: Case[Client]) -> None:
    result = await judge_stub(case)
    right = Verdict.AMBIGUOUS if case.level is Level.OPEN else Verdict.PASS
    assert result.verdict is right, (result.note, result.transcript.pieces)


@pytest.mark.slow
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
