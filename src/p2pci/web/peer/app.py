"""The page of a peer put together: the API, the one page that all addresses of people show, and its guard.

Imports its package, `web`, `errors`, `protocol` and starlette.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from p2pci.errors import InvalidValueError, P2PCIError
from p2pci.protocol.grammar import parse_number
from p2pci.web.framing import static_files, templates
from p2pci.web.guarding import Guard, Rules
from p2pci.web.peer.api import Api, error_answer
from p2pci.web.peer.state import State
from p2pci.web.serving import WebServer

if TYPE_CHECKING:
    from p2pci.events import Address
    from p2pci.peer import Peer
    from p2pci.web.peer.chronicle import Chronicle

PAGES = (
    ("/find", "Find"),
    ("/swarm", "Swarm"),
    ("/transfers", "Transfers"),
    ("/peers", "Peers"),
    ("/log", "Log"),
)


@asynccontextmanager
async def serving_peer(
    peer: Peer, chronicle: Chronicle, *, address: Address, rules: Rules
) -> AsyncIterator[WebServer]:
    """Serve the page of a running peer.

    Raises:
        CannotListenError: the port is taken, or the host is not this machine's.
    """
    async with State(peer, chronicle) as state:
        app = Guard(_make_app(state, change_token=rules.change_token), rules=rules)
        async with WebServer(app, host=address[0], port=address[1]) as server:
            try:
                yield server
            finally:
                state.streams.close()


def _make_app(state: State, *, change_token: str) -> Starlette:
    page = templates().get_template("peer.html")

    async def show(request: Request) -> Response:
        path = request.url.path
        return HTMLResponse(page.render(kind="peer", pages=PAGES, page=path, change_token=change_token))

    async def say_nothing_is_there(request: Request, error: Exception) -> Response:
        answer = await show(request) if _is_of_a_person(request) else _nothing_there()
        answer.status_code = error.status_code if isinstance(error, HTTPException) else 404
        return answer

    async def show_document(request: Request) -> Response:
        try:
            parse_number(request.path_params["number"].encode())
        except InvalidValueError as error:
            raise HTTPException(404) from error
        return await show(request)

    return Starlette(
        routes=[
            *Api(state).routes(),
            *(Route(address, show) for address in ("/", *(address for address, _ in PAGES))),
            Route("/rfc/{number}", show_document),
            static_files(),
        ],
        exception_handlers={P2PCIError: error_answer, HTTPException: say_nothing_is_there},
    )


def _is_of_a_person(request: Request) -> bool:
    """Tell a mistyped address, where the page itself says that there is nothing, from a program's."""
    is_page = not request.url.path.startswith(("/api/", "/static/"))
    return is_page and request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _nothing_there() -> Response:
    return JSONResponse({"error": "Nothing is done at this address. docs/api.md has those where it is."})
