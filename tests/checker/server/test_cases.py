"""Every case of servers passes the correct stub, and notices the one fault that was made for it."""

import pytest

from p2pci.checker.cases import Case, Level, Result, Verdict
from p2pci.checker.judging import judge
from p2pci.checker.server import CASES, Server
from p2pci.checker.wire import Patience
from tests.checker.server.faults import FAULTS
from tests.checker.server.stub import Stub

QUICK = Patience(answer_seconds=0.5, quiet_seconds=0.1)
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


async def judge_stub(case: Case[Server], stub: Stub) -> Result:
    async with stub:
        (result,) = await judge([case], lambda wires: Server("127.0.0.1", stub.port, wires), patience=QUICK)
    return result


@ALL
async def test_correct_stub_passes(case: Case[Server]) -> None:
    result = await judge_stub(case, Stub())
    right = Verdict.AMBIGUOUS if case.level is Level.OPEN else Verdict.PASS
    assert result.verdict is right, (result.note, result.transcript.pieces)


@ALL
async def test_fault_is_noticed(case: Case[Server]) -> None:
    result = await judge_stub(case, FAULTS[case.id]())
    match case.level:
        case Level.MUST | Level.SHOULD:
            assert result.verdict is Verdict.FAIL, (result.note, result.transcript.pieces)
        case Level.INFO:
            assert result.verdict in (Verdict.UNIMPLEMENTED, Verdict.LENIENT)
        case Level.OPEN:
            assert result.note != (await judge_stub(case, Stub())).note


def test_every_fault_belongs_to_a_case() -> None:
    assert set(FAULTS) == {case.id for case in CASES}
