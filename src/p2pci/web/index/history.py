"""What an index server did in the last hour: samples of its figures, and who came and went.

Times are seconds since 1970. Imports `server` and `events`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple, Self

from p2pci.events import Event, Joined, Left, TurnedAway
from p2pci.server import IndexServer

SAMPLE_SECONDS = 10.0
SAMPLES = 361  # an hour
PASSAGES = 30
RATE_SECONDS = 10.0  # rates are means of so long, at least


class Sample(NamedTuple):
    """The figures of one moment; requests and bytes are those since the start."""

    time: float
    connections: int
    peers: int
    requests: int
    sent: int


class Passage(NamedTuple):
    """Somebody came, went or was turned away; `count` is of the records that went."""

    time: float
    event: Joined | Left | TurnedAway


class History:
    """Takes samples while it is entered; `note` is told of events."""

    def __init__(self, server: IndexServer) -> None:
        self.began = time.time()
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self.passages: deque[Passage] = deque(maxlen=PASSAGES)  # newest last
        self._server = server
        self._sampling: asyncio.Task[None] | None = None

    def note(self, event: Event) -> None:
        """Keep an event of the server, if it is one of coming or going."""
        if isinstance(event, Joined | Left | TurnedAway):
            self.passages.append(Passage(time.time(), event))

    async def __aenter__(self) -> Self:
        self.samples.append(self.now())
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sampling:
            self._sampling.cancel()
            with suppress(asyncio.CancelledError):
                await self._sampling

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self.samples.append(self.now())

    def now(self) -> Sample:
        """Take a sample without keeping it."""
        server = self._server
        return Sample(
            time.time(),
            server.connection_count,
            server.index.member_count,
            sum(server.counts.answered().values()),
            server.counts.sent,
        )

    def recent(self) -> tuple[Sample, Sample]:
        """Give what rates are made of: a sample of some seconds ago, and one of now."""
        now = self.now()
        before = next((each for each in reversed(self.samples) if now.time - each.time >= RATE_SECONDS), None)
        return before or (self.samples[0] if self.samples else now), now


def rates(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """Give requests a second between each two samples, with the time of the later one."""
    return [
        (after.time, (after.requests - before.requests) / (after.time - before.time))
        for before, after in pairwise(samples)
        if after.time > before.time
    ]
