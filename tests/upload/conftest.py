"""An upload server over a real shelf; every test runs on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from p2pci.library import Shelf
from p2pci.upload import UploadLimits, UploadServer
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]

Serve = Callable[[UploadLimits], Awaitable[UploadServer]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if importlib.util.find_spec("uvloop"):  # not on Windows
        loops["uvloop"] = importlib.import_module("uvloop").new_event_loop
    return loops


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rfcs").mkdir()
    return tmp_path / "rfcs"


@pytest.fixture
def shelf(folder: Path) -> Iterator[Shelf]:
    with Shelf(folder) as shelf:
        yield shelf


@pytest_asyncio.fixture
async def serve(shelf: Shelf) -> AsyncIterator[Serve]:
    """Start upload servers with limits; they are stopped at the end."""
    async with AsyncExitStack() as running:

        async def start(limits: UploadLimits) -> UploadServer:
            return await running.enter_async_context(UploadServer(shelf, host="127.0.0.1", limits=limits))

        yield start


@pytest_asyncio.fixture
async def port(serve: Serve) -> int:
    """The port of an upload server with the limits that everybody has."""
    return (await serve(UploadLimits())).port
