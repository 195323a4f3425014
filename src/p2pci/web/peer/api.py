"""The JSON API of a peer's page: the addresses below /api/, as docs/api.md has them.

A GET tells, a POST does; what goes wrong is `{"error": a sentence}`. Imports `mirror`, `library`, `errors`,
`web`, starlette and its package.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from p2pci.dialing import show_address
from p2pci.errors import (
    BusyError,
    InvalidValueError,
    NetworkError,
    NotFoundError,
    NotOnShelfError,
    P2PCIError,
)
from p2pci.library.text import entry_from_header
from p2pci.mirror import Selection, parse_ranges
from p2pci.protocol.grammar import parse_number
from p2pci.web.framing import number_in_query
from p2pci.web.peer import wording
from p2pci.web.peer.finding import Only, find

if TYPE_CHECKING:
    from p2pci.library import Document
    from p2pci.mirror import Offer
    from p2pci.web.peer.state import State

MAX_BODY_BYTES = 256 * 1024  # a selection of every second RFC is a third of that
MAX_ROWS = 500
_STATUSES: Mapping[type[P2PCIError], int] = {
    InvalidValueError: 400,
    NotFoundError: 404,
    NotOnShelfError: 404,
    NetworkError: 503,
    BusyError: 503,
}


def error_answer(_request: Request, error: Exception) -> Response:
    """Say what went wrong."""
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 502)
    return JSONResponse({"error": str(error)}, status)


class Api:
    """The answers; each is a method that the routes name.

    Args:
        state: of the peer's page.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._peer = state.peer

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/api/peer", self.tell_health),
            Route("/api/find", self.find),
            Route("/api/swarm", self.tell_swarm),
            Route("/api/peers", self.tell_peers),
            Route("/api/rfc/{number}", self.tell_document),
            Route("/api/rfc/{number}/text", self.tell_text),
            Route("/api/rfc/{number}/original", self.give_original),
            Route("/api/transfers", self.tell_transfers),
            Route("/api/log", self.tell_log),
            Route("/api/events", self.stream),
            _change("/api/fetch", self._fetch),
            _change("/api/mirror", self._mirror),
            _change("/api/mirror/stop", self._stop_mirror),
            _change("/api/swarm/refresh", self._refresh),
        ]

    # What is told

    async def tell_health(self, _request: Request) -> Response:
        return JSONResponse(wording.health(self._peer, self._state.chronicle))

    async def find(self, request: Request) -> Response:
        limit = _count(request, "limit", default=30)
        typed = request.query_params.get("q", "")
        only, state = _only(request), self._state
        with suppress(NetworkError):  # the shelf can be searched without an index
            await state.swarm.current()
        work = partial(find, self._peer, state.swarm.titles, typed, only=only, limit=limit)
        hits = await state.work.do(work, asked=request)
        offers, here = self._state.swarm.offers, self._peer.shelf.documents
        rows = [wording.hit_row(hit, offers.get(hit.number), here.get(hit.number)) for hit in hits]
        return JSONResponse({"q": typed, "hits": rows})

    async def tell_swarm(self, request: Request) -> Response:
        """One page of what the swarm has, with what only the shelf has."""
        problem = ""
        try:
            offers = await self._state.swarm.current()
        except NetworkError as error:
            offers, problem = {}, str(error)
        here = self._peer.shelf.documents
        numbers = _chosen(request, offers, here)
        missing = [number for number in numbers if number not in here]
        page = number_in_query(request, "page", default=1, least=1, most=10**9)
        size = _count(request, "size", default=100)
        shown = numbers[(page - 1) * size : page * size]
        return JSONResponse(
            {
                "total": len(numbers),
                "here": len(numbers) - len(missing),
                "missing": len(missing),
                "missing_bytes": sum(offers[number].size or 0 for number in missing),
                "page": page,
                "pages": max(1, -(-len(numbers) // size)),
                "read_at": self._state.swarm.read_at,
                "problem": problem or self._state.swarm.problem,
                "documents": [
                    wording.document_row(number, offers.get(number), here.get(number)) for number in shown
                ],
            }
        )

    async def tell_peers(self, _request: Request) -> Response:
        await self._state.swarm.current()
        holdings = self._state.swarm.holdings[:MAX_ROWS]
        return JSONResponse({"peers": wording.peers(holdings, self._peer.own_names)})

    async def tell_document(self, request: Request) -> Response:
        """What is known of a document, on the shelf or not."""
        number = _number(request.path_params["number"])
        try:
            offer = (await self._state.swarm.current()).get(number)
        except NetworkError:
            offer = None
        document, entry = self._peer.shelf.documents.get(number), self._peer.shelf.entry(number)
        row = wording.document_row(number, offer, document)
        row["title"] = row["title"] or (entry.title if entry else "")
        if document and entry is None:
            reading = await self._state.work.do(partial(self._state.reader.read, number), asked=request)
            entry = entry_from_header(number, reading.text.lines)
        sources = offer.sources if offer else []
        row["sources"] = [show_address(address) for address in sources]
        return JSONResponse(row | wording.entry_facts(entry))

    async def tell_text(self, request: Request) -> Response:
        number, here = _number(request.path_params["number"]), self._peer.shelf.documents

        def write() -> Response:
            return JSONResponse(wording.text_of(self._state.reader.read(number), here))

        return await self._state.work.do(write, asked=request)

    async def give_original(self, request: Request) -> Response:
        """The document as it is on the shelf; as plain text, whatever it holds."""
        pieces = self._state.reader.original(_number(request.path_params["number"]))
        first = await anext(pieces, b"")  # what is not there is said before anything of the answer
        return StreamingResponse(_lead(first, pieces), media_type="text/plain")

    async def tell_transfers(self, _request: Request) -> Response:
        return JSONResponse(self._state.transfers())

    async def tell_log(self, request: Request) -> Response:
        """Messages behind a position."""
        after = number_in_query(request, "after", default=0, most=10**15)
        messages = self._state.chronicle.messages
        kept = messages.after(after, limit=_count(request, "limit", default=200))
        return JSONResponse({"position": messages.position, "messages": list(map(wording.message, kept))})

    async def stream(self, _request: Request) -> Response:
        return self._state.streams.stream()

    # What is done

    async def _fetch(self, body: Mapping[str, Any]) -> object:
        numbers = body.get("numbers", [body.get("number")])
        if not isinstance(numbers, list) or len(numbers) > MAX_ROWS:
            raise InvalidValueError(f"Give a number, or a list of numbers with at most {MAX_ROWS}.")
        for number in [_number(str(number)) for number in numbers]:
            self._state.fetching.fetch(number)
        return self._state.transfers()

    async def _mirror(self, body: Mapping[str, Any]) -> object:
        numbers, words = body.get("numbers", ""), body.get("words", "")
        if not isinstance(numbers, str) or not isinstance(words, str):
            raise InvalidValueError("Give numbers as in 1-99,200, and words, both as text.")
        ranges = tuple(parse_ranges(numbers)) if numbers.strip() else None
        self._state.fetching.mirror(Selection(ranges, tuple(words.casefold().split())))
        return self._state.transfers()

    async def _stop_mirror(self, _body: Mapping[str, Any]) -> object:
        await self._state.fetching.stop()
        return self._state.transfers()

    async def _refresh(self, _body: Mapping[str, Any]) -> object:
        self._state.swarm.refresh()
        return {}


async def _lead(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


def _change(path: str, act: Callable[[Mapping[str, Any]], Awaitable[object]]) -> Route:
    async def change(request: Request) -> Response:
        return JSONResponse(await act(await _body(request)))

    return Route(path, change, methods=["POST"])


async def _body(request: Request) -> Mapping[str, Any]:
    """Read the JSON object that a POST carries; nothing counts as an empty one."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY_BYTES:
            raise InvalidValueError(f"That is too much. Send at most {MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("The body is no JSON. Send an object.") from error
    if not isinstance(body, dict):
        raise InvalidValueError("The body is no JSON object.")
    return body


def _number(text: str) -> int:
    return parse_number(text.encode("utf-8", "backslashreplace"))


def _count(request: Request, name: str, *, default: int) -> int:
    """How many rows are wanted."""
    return number_in_query(request, name, default=default, least=1, most=MAX_ROWS)


def _chosen(request: Request, offers: Mapping[int, Offer], here: Mapping[int, Document]) -> list[int]:
    """The numbers that a request for a list means, ascending."""
    only, words = _only(request), request.query_params.get("q", "").casefold().split()
    numbers = sorted(offers.keys() | here.keys())
    if only is not Only.ALL:
        numbers = [number for number in numbers if only.takes(is_here=number in here)]
    if not words:
        return numbers
    selection = Selection(words=tuple(words))
    titles = ((number, (offers.get(number) or here[number]).title) for number in numbers)
    return [number for number, title in titles if selection.has(number, f"RFC {number} {title}")]


def _only(request: Request) -> Only:
    try:
        return Only(request.query_params.get("only", "all"))
    except ValueError as error:
        raise InvalidValueError("only is one of: all, here, missing.") from error
