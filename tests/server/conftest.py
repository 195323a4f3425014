"""Servers on both event loops, and none of them may leave a warning or a traceback behind."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import pytest

from p2pci.server import IndexServer
from p2pci.serving import ServingLimits
from tests.server.running import MakeLoop, RunningServer

Serve = Callable[..., RunningServer]


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


_needs_uvloop = pytest.mark.skipif(not find_spec("uvloop"), reason="uvloop is not installed")


@pytest.fixture(
    params=[
        pytest.param(asyncio.new_event_loop, id="asyncio"),
        pytest.param(_uvloop, id="uvloop", marks=_needs_uvloop),
    ]
)
def make_loop(request: pytest.FixtureRequest) -> MakeLoop:
    make: MakeLoop = request.param
    return make


@pytest.fixture
def serve(make_loop: MakeLoop) -> Iterator[Serve]:
    """Start servers; the keywords are those of IndexServer, and of ServingLimits."""
    with ExitStack() as stack:

        def start(**options: Any) -> RunningServer:
            limits = {
                name: options.pop(name) for name in ServingLimits.__dataclass_fields__ if name in options
            }
            options = {"host": "127.0.0.1", "port": 0, **options}
            server = IndexServer(**options, limits=ServingLimits(**limits))
            return stack.enter_context(RunningServer(server, make_loop=make_loop))

        yield start


@pytest.fixture
def server(serve: Serve) -> RunningServer:
    return serve()


@pytest.fixture(autouse=True, scope="session")
def room_for_hundreds_of_sockets() -> None:
    """Both ends of each are ours, and macOS begins with 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < 2048:
        wanted = 2048 if hard == resource.RLIM_INFINITY else min(2048, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.WARNING)
    yield
    logged = [*caplog.get_records("call"), *caplog.get_records("teardown")]
    assert [record.getMessage() for record in logged] == []
