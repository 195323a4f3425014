"""How a command runs: on the fastest event loop there is, until it is done or a signal ends it."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T], *, is_short: bool = False) -> _T:
    """Run a coroutine to its end, on uvloop where it is installed.

    The first SIGINT or SIGTERM cancels it, so that it leaves its files in order; the second one is the
    system's to handle.

    Args:
        main: what to run.
        is_short: one question; to import uvloop would take longer than it saves.
    """
    make_loop = None if is_short else _fastest_loop()
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(_until_signal(main))


async def _until_signal(main: Coroutine[Any, Any, _T]) -> _T:
    with ending_signals() as ending:
        working = asyncio.ensure_future(main)
        try:
            await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait([working])
        if ending.done() and working.cancelled():
            raise KeyboardInterrupt if ending.result() == signal.SIGINT else SystemExit(128 + ending.result())
        return working.result()


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def raise_descriptor_limit() -> None:
    """Allow this process as many open connections as the system lets it have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS refuses what it announces as unlimited
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def ending_signals() -> Iterator[asyncio.Future[signal.Signals]]:
    """Catch SIGINT and SIGTERM: the first one ends the future, the second one is the system's to handle.

    Yields:
        The future of the first signal.
    """
    loop = asyncio.get_running_loop()
    first: asyncio.Future[signal.Signals] = loop.create_future()

    def note(number: signal.Signals) -> None:
        if not first.done():
            first.set_result(number)
        for caught in _ENDING:
            loop.remove_signal_handler(caught)
            # Not Python's own handler: its KeyboardInterrupt would wait until all is ended in order.
            signal.signal(caught, signal.SIG_DFL)

    if sys.platform == "win32":  # no handlers on its loops: Ctrl-C cancels the main task
        yield first
        return
    for number in _ENDING:
        loop.add_signal_handler(number, note, number)
    try:
        yield first
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


_ENDING = (signal.SIGINT, signal.SIGTERM)
