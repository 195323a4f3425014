"""One connection to a page: uvicorn's, with the bounds that it lacks.

Whoever may not open the page can still connect to it. So there are MAX_CONNECTIONS at most, which leaves the
descriptors to the peer or the index itself; and one whose request does not come to its end, or that takes
nothing of its answer, is cut after PATIENCE_SECONDS, twice that at most. Imports uvicorn.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MAX_CONNECTIONS = 256  # a browser has 6, and of streams there are 64
PATIENCE_SECONDS = 30.0

_State = tuple[int, RequestResponseCycle | None]


class Connection(H11Protocol):
    """Speaks HTTP/1.1 with one client."""

    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(PATIENCE_SECONDS, self._look, self._state())

    def _look(self, before: _State) -> None:
        """Cut it when it is where it was, unless it waits for us."""
        unsent, cycle = state = self._state()
        is_ours = not unsent and cycle and not cycle.response_complete and not cycle.more_body
        if state == before and not is_ours:
            self.transport.abort()
        else:
            self._look_later()

    def _state(self) -> _State:
        """What changes when it gets on: the bytes that wait to be taken, and the request."""
        return self.transport.get_write_buffer_size(), self.cycle
