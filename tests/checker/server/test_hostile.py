"""Programs that are no index servers end in verdicts: soon, and without a traceback."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from p2pci.checker.cases import Result, Verdict, conforms
from p2pci.checker.judging import judge
from p2pci.checker.server import CASES, Server
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Patience
from tests.checker import hostile
from tests.checker.hostile import Behaviour

pytestmark = pytest.mark.slow  # most of them wait; make test-all runs it

HASTY = Patience(connect_seconds=1.0, answer_seconds=0.2, quiet_seconds=0.05, case_seconds=1.5)
SOME = [case for case in CASES if case.id in {"P-2.3/1", "P-2.4/1", "P-4.2/2", "B-15/2", "P-1.46/1", "B-2/8"}]


async def judge_port(port: int) -> list[Result]:
    return await judge(SOME, lambda wires: Server("127.0.0.1", port, wires), patience=HASTY)


LONG = {
    hostile.sends_endless_records,
    hostile.sends_endless_blank_lines,
}  # much is read before it is given up
EACH = [
    pytest.param(one, marks=pytest.mark.slow if one in LONG else (), id=one.__name__) for one in hostile.ALL
]


@pytest.mark.parametrize("behave", EACH)
async def test_hostile_program_ends_in_verdicts(behave: Behaviour, caplog: pytest.LogCaptureFixture) -> None:
    async with hostile.hostile(behave) as port, asyncio.timeout(60):
        results = await judge_port(port)
    assert len(results) == len(SOME)
    assert not conforms(results)
    assert not any("itself failed" in result.note for result in results), [result.note for result in results]
    assert not any(result.verdict is Verdict.PASS for result in results)
    assert not caplog.records


async def test_program_that_hangs_is_given_up() -> None:
    async with hostile.hostile(hostile.is_silent) as port:
        results = await judge(CASES, lambda wires: Server("127.0.0.1", port, wires), patience=HASTY)
    assert results[0].symptom is Symptom.SILENT
    assert results[-1].verdict is Verdict.SKIPPED
    assert results[-1].note == "the program answers nothing, or without end"


async def test_closed_port_is_given_up(dead_port: Callable[[], int]) -> None:
    results = await judge_port(dead_port())
    assert results[0].note == "Connection refused"
    assert [result.verdict for result in results] == [Verdict.ERROR] * 3 + [Verdict.SKIPPED] * 3


async def test_program_that_dies_in_between_is_found_out(dead_port: Callable[[], int]) -> None:
    async def join_twice(server: Server) -> None:
        await server.join()
        server.port = dead_port()
        await server.join()

    case = dataclasses.replace(SOME[0], run=join_twice)
    async with hostile.hostile(hostile.is_silent) as port:
        (result,) = await judge([case], lambda wires: Server("127.0.0.1", port, wires), patience=HASTY)
    assert (result.verdict, result.symptom) == (Verdict.FAIL, Symptom.DIED)
