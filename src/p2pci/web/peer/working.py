"""Turns at what takes a processor or the disk for the page: few at a time, and nothing for who has left.

It has threads of its own. In those of the loop the peer reads and writes documents, which must not wait
behind what somebody types into a page. Imports `errors` and starlette.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from p2pci.errors import BusyError

MAX_AT_ONCE = 2  # more of them do not get done sooner, and the loop gets its turn later
MAX_WAITING = 64

Outcome = TypeVar("Outcome")


class Work:
    """Does work in turns."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="page")
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._waiting = 0

    async def do(self, work: Callable[[], Outcome], *, asked: Request) -> Outcome:
        """Do a piece of work for a request, when it is its turn.

        Raises:
            BusyError: too much waits already, or who asked has left.
        """
        if self._waiting >= MAX_WAITING:
            raise BusyError("The page is asked for too much at once. Try again in a moment.")
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            if await asked.is_disconnected():
                raise BusyError("Who asked has left.")
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Begin nothing more; what is being done ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
