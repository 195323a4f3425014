"""The addresses of an index server's page: for people, for programs, for Prometheus, and for probes.

Nothing here changes anything. Imports its package, `web`, `server` and starlette.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from p2pci.errors import InvalidValueError
from p2pci.events import Address
from p2pci.server import IndexServer, State
from p2pci.web.framing import number_in_query, static_files
from p2pci.web.guarding import Guard, Rules
from p2pci.web.index.copies import Copies
from p2pci.web.index.history import History
from p2pci.web.index.metrics import Metrics
from p2pci.web.index.page import StatsPage
from p2pci.web.index.stats import MAX_PAGE, Facts, Pages, describe
from p2pci.web.serving import WebServer

OPEN_PATHS = ("/metrics", "/healthz", "/readyz")  # what operators' programs ask
_MOST = 2**32


@asynccontextmanager
async def serving_index(
    server: IndexServer, history: History, *, address: Address, rules: Rules
) -> AsyncIterator[WebServer]:
    """Serve the page of an index server, whatever its state.

    Raises:
        CannotListenError: the port is taken, or the host is not this machine's.
    """
    app = Guard(IndexApp(server, history).make(), rules=rules)
    async with history, WebServer(app, host=address[0], port=address[1]) as web:
        yield web


class IndexApp:
    """Answers for one index server."""

    def __init__(self, server: IndexServer, history: History) -> None:
        self._server = server
        self._history = history
        self._copies = Copies(server.index)
        self._metrics = Metrics(server)
        self._page = StatsPage()

    def make(self) -> Starlette:
        """Give the application."""
        shown: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/": self._start,
            "/stats": self._show,
            "/stats.json": self._tell,
            "/metrics": self._measure,
            "/healthz": self._is_alive,
            "/readyz": self._is_ready,
        }
        return Starlette(
            routes=[
                *(Route(path, endpoint) for path, endpoint in shown.items()),
                static_files(),
            ],
            exception_handlers={InvalidValueError: _refuse},
        )

    async def _describe(self, pages: Pages) -> Facts:
        return describe(self._server, self._history, await self._copies.count(), pages=pages)

    async def _start(self, _request: Request) -> Response:
        return RedirectResponse("/stats")

    async def _show(self, request: Request) -> Response:
        pages = _pages(request)
        return self._page.show(await self._describe(pages), pages)

    async def _tell(self, request: Request) -> Response:
        return JSONResponse(await self._describe(_pages(request)))

    async def _measure(self, request: Request) -> Response:
        survey = await self._copies.count()
        data, media_type = self._metrics.write(survey, accept=request.headers.get("accept", ""))
        return Response(data, headers={"content-type": media_type})

    async def _is_alive(self, _request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def _is_ready(self, _request: Request) -> Response:
        state, shared = self._server.state, self._server.shared
        is_silent = state is State.READY and shared is not None and not shared.may_answer()
        words = ["answering nothing" if is_silent else state.value, *([shared.state.value] if shared else [])]
        is_ready = state is State.READY and not is_silent
        return PlainTextResponse("\n".join(words) + "\n", 200 if is_ready else 503)


def _pages(request: Request) -> Pages:
    return Pages(
        size=number_in_query(request, "size", default=Pages().size, most=MAX_PAGE),
        peers=number_in_query(request, "peers", default=0, most=_MOST),
        alone=number_in_query(request, "alone", default=0, most=_MOST),
    )


async def _refuse(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)
