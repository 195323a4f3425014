"""Worker threads: jobs wait for a free one, work from one stop to the next, and are heard of later.

When is chance's, so that the loop and other jobs come in between (`strands`). As with real threads a job
that is called off before it has begun is never done, and one that has begun is done whoever still waits.
"""

from __future__ import annotations

import asyncio
import errno
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.network import HERE
from tests.simulation.strands import Strand

if TYPE_CHECKING:
    from tests.simulation.loop import SimulatedLoop

DEFAULT_THREADS = 6  # asyncio's, on a machine with two cores
_GUARDED = "the shelf is closed"  # says the shelf itself, without asking the system


class _Job(NamedTuple):
    func: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    host: str


class Workers:
    """The worker threads of all machines.

    Args:
        loop: in which they work.
        work_seconds: gives how long the next step of a job takes.

    Attributes:
        counts: of what became of the jobs.
    """

    def __init__(self, loop: SimulatedLoop, *, work_seconds: Callable[[], float]) -> None:
        fates = ("jobs", "jobs interrupted", "jobs called off", "jobs nobody waited for")
        self.counts = dict.fromkeys(fates, 0)
        self._loop = loop
        self._work_seconds = work_seconds
        self._waiting: defaultdict[tuple[str, object], deque[_Job]] = defaultdict(deque)
        self._working: defaultdict[tuple[str, object], list[_Job]] = defaultdict(list)

    @property
    def under_way(self) -> list[str]:
        """The jobs that wait or work."""
        jobs = [job for pool in (*self._waiting.values(), *self._working.values()) for job in pool]
        return [f"{job.func} on {job.host}" for job in jobs]

    def submit(self, executor: Any, func: Callable[..., Any], args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Give a job to the threads of an executor, or with None to those of the machine that runs."""
        self.counts["jobs"] += 1
        job = _Job(func, args, self._loop.create_future(), HERE.get())
        pool = (job.host, executor)
        self._waiting[pool].append(job)
        self._loop.call_later(self._work_seconds(), self._take_next, pool)
        return job.future

    def _take_next(self, pool: tuple[str, Any]) -> None:
        """Let a thread that is free begin with the next job; called for each job, and each free thread."""
        most = pool[1]._max_workers if pool[1] else DEFAULT_THREADS
        while self._waiting[pool] and len(self._working[pool]) < most:
            job = self._waiting[pool].popleft()
            if job.future.cancelled():
                self.counts["jobs called off"] += 1
                continue
            self._working[pool].append(job)
            self._loop.call_later(self._work_seconds(), self._begin, pool, job)
            return

    def _begin(self, pool: tuple[str, Any], job: _Job) -> None:
        self._go_on(pool, job, Strand(partial(job.func, *job.args)))

    def _go_on(self, pool: tuple[str, Any], job: _Job, strand: Strand) -> None:
        strand.advance()
        seconds = self._work_seconds()
        if not strand.is_done:
            self.counts["jobs interrupted"] += 1
            self._loop.call_later(seconds, self._go_on, pool, job, strand)
            return
        if strand.error:
            self._check_error(job, strand.error)
        self._loop.call_later(seconds, self._end, pool, job, strand.result, strand.error)

    def _end(self, pool: tuple[str, Any], job: _Job, result: Any, error: Exception | None) -> None:
        self._working[pool].remove(job)
        if job.future.cancelled():
            self.counts["jobs nobody waited for"] += 1
        elif error:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
        self._take_next(pool)

    def _check_error(self, job: _Job, error: Exception) -> None:
        """Note the use of a descriptor that is closed, which soon is another file's, also where unheard."""
        for each in (error, error.__cause__):
            if isinstance(each, OSError) and each.errno == errno.EBADF and each.strerror != _GUARDED:
                context = {"message": f"{job.func} on {job.host} uses a closed file", "exception": each}
                self._loop.call_exception_handler(context)
