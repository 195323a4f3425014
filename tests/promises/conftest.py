"""Index servers and a holder that are attacked: each is well at the end, and never printed a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from tests.cli.process import Stage
from tests.promises.running import ON_ASYNCIO, ON_UVLOOP, QUIET_INDEX, Served

Start = Callable[..., Served]


@pytest.fixture
def start(stage: Stage) -> Iterator[Start]:
    """Start short_limits.py with some words, on uvloop or plain asyncio."""
    with ExitStack() as stack:

        def start(*words: str, on: Sequence[str] = ON_UVLOOP) -> Served:
            served = Served(*stage.start_server(*words, program=on))
            stack.callback(served.close)
            return served

        yield start


@pytest.fixture(params=["uvloop", "asyncio"])
def index(request: pytest.FixtureRequest, stage: Stage, start: Start) -> Iterator[Served]:
    """`p2pci server` as it is installed, and on a bare Python."""
    if request.param == "asyncio":
        yield start("index", on=ON_ASYNCIO)
        return
    served = Served(*stage.start_server(program=QUIET_INDEX))
    yield served
    served.close()


@pytest.fixture(params=[ON_UVLOOP, ON_ASYNCIO], ids=["uvloop", "asyncio"])
def on(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The programs for both event loops."""
    program: tuple[str, ...] = request.param
    return program


@pytest.fixture
def holder(stage: Stage) -> Iterator[Served]:
    """A peer with a document, RFC 7, and its upload port."""
    _, port = stage.start_server()
    served = Served(*stage.start_holder(port, {7: "Seven"}))
    yield served
    served.close()
