"""What a test of running parts leaves behind in its event loop: nothing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio

WAIT_SECONDS = 10.0  # for what comes at once; only a fault waits so long


@pytest_asyncio.fixture(autouse=True)
async def quiet_loop() -> AsyncIterator[None]:
    """Fail the test for every traceback that a user would find in the log, and for tasks left running."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    yield
    gc.collect(1)  # a task that failed unseen complains when it goes
    await eventually(lambda: len(asyncio.all_tasks()) == 1, what="no task but this one runs")
    assert not complaints, complaints


async def eventually(condition: Callable[[], object], *, what: str) -> None:
    """Let the loop run until the condition holds.

    Raises:
        AssertionError: it did not become true.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS
    while not condition():
        assert loop.time() < deadline, f"not so: {what}"
        turn = loop.create_future()
        loop.call_later(0.002, turn.set_result, None)
        await turn
