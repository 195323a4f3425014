"""How many copies of the documents there are: a survey that is kept for a while, and shared.

Whoever asks while one is made waits for that one; between its steps the index serves others.
"""

from __future__ import annotations

import asyncio

from p2pci.index import Index, Survey

KEPT_TIMES = 20  # as long as it took, so that surveys have a twentieth of the time


class Copies:
    """Surveys of one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._survey = Survey(index)
        self._good_until = 0.0
        self._making = asyncio.Lock()

    async def count(self) -> Survey:
        """Give a survey: a new one, or of many documents one that is not much older than it took to make."""
        loop = asyncio.get_running_loop()
        async with self._making:
            began = loop.time()
            if began >= self._good_until:
                survey = Survey(self._index)
                took = 0.0  # in one step, no time that counts
                for _ in survey.steps():
                    await asyncio.sleep(0)
                    took = loop.time() - began
                self._survey, self._good_until = survey, loop.time() + KEPT_TIMES * took
            return self._survey
