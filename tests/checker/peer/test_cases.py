"""Every case of holders passes the correct stub, and notices the one fault that was made for it."""

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.judging import judge
from p2pci.checker.peer import CASES, Holder
from p2pci.checker.wire import Patience
from tests.checker.peer.faults import FAULTS
from tests.checker.peer.stub import DOCUMENT, Stub

QUICK = Patience(answer_seconds=0.5, quiet_seconds=0.1)
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
# Those of ours fail nobody: that their faults are noticed is tried by make test-all.
ALL_FAULTS = pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if case.level is Level.INFO else ()) for case in CASES],
    ids=[case.id for case in CASES],
)


async def judge_stub(case: Case[Holder], stub: Stub) -> Result:
    async with stub:
        (result,) = await judge(
            [case],
            lambda wires: Holder("127.0.0.1", stub.port, wires, number=stub.number, document=DOCUMENT),
            patience=QUICK,
        )
    return result


@pytest.mark.slow
@ALL
async def test_correct_stub_passes(case: Case[Holder]) -> None:
    result = await judge_stub(case, Stub())
    right = Verdict.AMBIGUOUS if case.level is Level.OPEN else Verdict.PASS
    assert result.verdict is right, (result.note, result.transcript.pieces[-5:])


@ALL_FAULTS
async def test_fault_is_noticed(case: Case[Holder]) -> None:
    result = await judge_stub(case, FAULTS[case.id]())
    match case.level:
        case Level.MUST | Level.SHOULD:
            assert result.verdict is Verdict.FAIL, (result.note, result.transcript.pieces[-5:])
            assert result.symptom or result.expected
        case Level.INFO:
            assert result.verdict in (Verdict.UNIMPLEMENTED, Verdict.LENIENT), result.note
        case Level.OPEN:
            assert result.note != (await judge_stub(case, Stub())).note


def test_every_fault_belongs_to_a_case() -> None:
    assert set(FAULTS) == {case.id for case in CASES}
