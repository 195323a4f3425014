"""Every case of servers passes the correct stub, and notices the one fault that was made for it."""

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.judging import judge
from p2pci.checker.server import CASES, Server
from p2pci.checker.wire import Patience
from tests.checker.server.faults import FAULTS
from tests.checker.server.stub import Stub

QUICK = Patience(quiet_seconds=0.1)
HASTY = Patience(answer_seconds=0.4, quiet_seconds=0.1)  # for stubs that may not answer at all
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
# Those of ours fail nobody: that their faults are noticed is tried by make test-all.
ALL_FAULTS = pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if case.level is Level.INFO else ()) for case in CASES],
    ids=[case.id for case in CASES],
)


async def judge_stub(case: Case[Server], stub: Stub, *, patience: Patience = QUICK) -> Result:
    async with stub:
        make = lambda wires: Server("127.0.0.1", stub.port, wires)  # noqa: E731
        (result,) = await judge([case], make, patience=patience)
    return result


@pytest.mark.slow
@ALL
async def test_correct_stub_passes(case: Case[Server]) -> None:
    result = await judge_stub(case, Stub())
    right = Verdict.AMBIGUOUS if case.level is Level.OPEN else Verdict.PASS
    assert result.verdict is right, (result.note, result.transcript.pieces)


@ALL_FAULTS
async def test_fault_is_noticed(case: Case[Server]) -> None:
    patience = QUICK if case.level is Level.OPEN else HASTY
    result = await judge_stub(case, FAULTS[case.id](), patience=patience)
    match case.level:
        case Level.MUST:
            assert result.verdict is Verdict.FAIL, (result.note, result.transcript.pieces)
        case Level.SHOULD:
            assert result.verdict in (Verdict.FAIL, Verdict.LENIENT), result.note
        case Level.INFO:
            assert result.verdict in (Verdict.UNIMPLEMENTED, Verdict.LENIENT), result.note
        case Level.OPEN:
            assert result.verdict is Verdict.AMBIGUOUS, (result.note, result.transcript.pieces)
            assert result.note != (await judge_stub(case, Stub())).note


def test_every_fault_belongs_to_a_case() -> None:
    assert set(FAULTS) == {case.id for case in CASES}
