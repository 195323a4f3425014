"""A server as it is written for the course conforms; three typical faults are found and explained."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from p2pci.checker.cases import Level, Result, Verdict, conforms
from p2pci.checker.judging import judge
from p2pci.checker.server import CASES, Server
from p2pci.checker.symptoms import Symptom
from p2pci.checker.wire import Patience

PROGRAM = Path(__file__).parents[1] / "students" / "server.py"
BINDING = [case for case in CASES if case.level in (Level.MUST, Level.SHOULD, Level.OPEN)]


@asynccontextmanager
async def student(*options: str) -> AsyncIterator[int]:
    """Give the port of the student's server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def judge_student(*options: str) -> list[Result]:
    async with student(*options) as port:
        return await judge(
            BINDING,
            lambda wires: Server("127.0.0.1", port, wires),
            patience=Patience(answer_seconds=2.0, quiet_seconds=0.2),
        )


def failures(results: list[Result]) -> dict[str, Symptom | None]:
    return {result.case.id: result.symptom for result in results if result.verdict is Verdict.FAIL}


@pytest.mark.slow
async def test_correct_one_conforms() -> None:
    results = await judge_student()
    assert not failures(results)
    assert conforms(results)


@pytest.mark.slow
async def test_one_recv_is_explained() -> None:
    found = failures(await judge_student("--one-recv"))
    assert set(found) == {"B-2/3", "B-15/2", "B-15/3", "B-15/4", "B-15/5"}
    assert set(found.values()) == {Symptom.ONE_RECV}


@pytest.mark.slow
async def test_println_is_explained() -> None:
    assert failures(await judge_student("--println")) == {"B-15/1": Symptom.LF_ONLY}


@pytest.mark.slow
async def test_records_kept_after_a_reset_are_explained() -> None:
    found = failures(await judge_student("--keeps-after-reset"))
    assert found == dict.fromkeys(["P-4.2/2", "P-4.2/4"], Symptom.RESET_KEEPS_RECORDS)
