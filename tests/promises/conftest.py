"""Index servers and a holder that are attacked: each is well at the end, and never printed a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Stage
from tests.promises.running import ON_ASYNCIO, QUIET_INDEX, Served, start_index


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.end()


@pytest.fixture(params=["uvloop", "asyncio"])
def index(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Served]:
    """`p2pci server` as it is installed, and on a bare Python."""
    if request.param == "uvloop":
        served = Served(*stage.start_server(program=QUIET_INDEX))
    else:
        served = start_index(stage, on=ON_ASYNCIO)
    yield served
    served.close()


@pytest.fixture
def holder(stage: Stage) -> Iterator[Served]:
    """A peer with a document, RFC 7, and its upload port."""
    _, port = stage.start_server()
    served = Served(*stage.start_holder(port, {7: "Seven"}))
    yield served
    served.close()
