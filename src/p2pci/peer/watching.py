"""The system's word that something has changed in a folder: the one place that knows watchfiles.

Where it is not installed, or the system refuses, a peer looks for itself now and then (`following`).
Network disks tell nothing of what other machines change. Imports nothing of the project.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import Any

GATHER_MS = 200  # at most, while changes come one upon the other
PAUSE_MS = 50  # without a change, which ends the gathering
CHECK_MS = 1000  # between two looks whether the path still leads to the folder that is watched
ABSENCE_SECONDS = 0.5  # between two looks for a folder that is gone


class CannotWatchError(Exception):
    """The system does not watch; its text says why. It never leaves `following`."""


async def changes_in(folder: Path) -> AsyncGenerator[None, None]:
    """Say that something may have changed in a folder: first when it is watched, then each time.

    Goes on where the folder is gone and comes back, or another one takes its place.

    Raises:
        ImportError: watchfiles is not installed.
        CannotWatchError: the system refuses, or gave up.
    """
    run = asyncio.get_running_loop().run_in_executor
    watchfiles = await run(None, import_module, "watchfiles")
    while True:
        identity = await run(None, _identify, folder)
        is_news = True
        async with aclosing(_watch(watchfiles, folder)) as changes:
            async for names in changes:
                if not names:
                    is_there = await run(None, _identify, folder) == identity
                else:
                    is_there = folder.name not in names
                if is_news or not is_there or not all(name.startswith(".") for name in names):
                    is_news = False
                    yield
                if not is_there:
                    break
        if is_news:  # so it was gone before it could be watched
            await asyncio.sleep(ABSENCE_SECONDS)


async def _watch(watchfiles: Any, folder: Path) -> AsyncGenerator[set[str], None]:
    """Give the names of what changes, and nothing now and then; ends when the folder is gone."""
    watched = watchfiles.awatch(
        folder,
        watch_filter=None,
        recursive=False,
        debounce=GATHER_MS,
        step=PAUSE_MS,
        rust_timeout=CHECK_MS,
        yield_on_timeout=True,
    )
    try:
        async with aclosing(watched):
            async for changes in watched:
                yield {Path(path).name for _, path in changes}
    except FileNotFoundError:
        return
    except (OSError, RuntimeError) as error:
        raise CannotWatchError(str(error)) from error


def _identify(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one at its path; None when there is none."""
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
