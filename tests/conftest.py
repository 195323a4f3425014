"""What all tests share: where programs run, dead ports, and nothing skipped where P2PCI_NO_SKIPS is set."""

import os
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.process import Stage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("P2PCI_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and P2PCI_NO_SKIPS is set: {report.longrepr}"
    return report


@pytest.fixture
def dead_port() -> Iterator[Callable[[], int]]:
    """Give ports of 127.0.0.1 that refuse connections, each another one, and nobody else's meanwhile."""
    with ExitStack() as held:

        def hold() -> int:
            bound = held.enter_context(socket.socket())
            bound.bind(("127.0.0.1", 0))
            return int(bound.getsockname()[1])

        yield hold


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Start programs in a folder of the test's own, all of which are gone afterwards."""
    stage = Stage(tmp_path)
    yield stage
    stage.end()
