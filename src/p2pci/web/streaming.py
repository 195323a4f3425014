"""Server-sent events: what changes is told to every page that listens, each topic as it is now.

Nothing is queued: a reader that is slow gets the newest state of each topic when it is ready for it, and one
that takes nothing for a while is let go. Imports starlette alone.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

MAX_READERS = 64
PAUSE_SECONDS = 0.1  # between two tellings, so that what changes often costs little
BEAT_SECONDS = 15.0  # a line of comment, so that a page that is gone is noticed
TAKE_SECONDS = 20.0  # a reader that has taken nothing for so long is let go


class Streams:
    """Topics, and the pages that listen to them; `stream` answers a request with what happens.

    Args:
        topics: gives what there is to say of each topic now, as JSON can have it; called once for each
            change, however many listen, and now and then for who comes.
    """

    def __init__(self, topics: Mapping[str, Callable[[], object]]) -> None:
        self._topics = topics
        self._versions: Counter[str] = Counter()
        self._said: dict[str, _Said] = {}
        self._readers: set[_Reader] = set()
        self._is_closed = False

    def stir(self, topic: str) -> None:
        """Say that a topic has changed."""
        self._versions[topic] += 1
        for reader in self._readers:
            reader.stirred.set()

    def close(self) -> None:
        """End every stream; a server that stops would wait for them."""
        self._is_closed = True
        for reader in self._readers:
            reader.stirred.set()

    def stream(self) -> _Reader | Response:
        """Give the answer to one more page that listens, or why it cannot."""
        if self._is_closed or len(self._readers) >= MAX_READERS:
            return PlainTextResponse("Too many pages listen. Close some.", 503)
        return _Reader(self)

    # What readers ask

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def enter(self, reader: _Reader) -> None:
        self._readers.add(reader)

    def leave(self, reader: _Reader) -> None:
        self._readers.discard(reader)

    def news(self, told: dict[str, int]) -> bytes:
        """Write the topics that have changed since `told`, which is brought up to date."""
        pieces = []
        for topic, describe in self._topics.items():
            version = self._versions[topic]
            if told.get(topic) != version:
                told[topic] = version
                pieces.append(self._say(topic, version, describe))
        return "".join(pieces).encode()

    def _say(self, topic: str, version: int, describe: Callable[[], object]) -> str:
        """Write a topic; for all who ask within a moment once."""
        now = asyncio.get_running_loop().time()
        said = self._said.get(topic)
        if said is None or said.version != version or now - said.time >= PAUSE_SECONDS:
            said = self._said[topic] = _Said(
                version, now, f"event: {topic}\ndata: {json.dumps(describe())}\n\n"
            )
        return said.text


class _Said(NamedTuple):
    """What a topic was written as, of which version and when, in the loop's time."""

    version: int
    time: float
    text: str


class _Reader(Response):
    """One page that listens, as an answer that does not end by itself."""

    def __init__(self, streams: Streams) -> None:
        super().__init__(media_type="text/event-stream")
        self.stirred = asyncio.Event()
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            return await super().__call__(scope, receive, send)
        self._streams.enter(self)
        telling = asyncio.ensure_future(self._tell(send))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait((telling, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.leave(self)
            for task in (telling, gone):
                task.cancel()
            await asyncio.gather(telling, gone, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        told: dict[str, int] = {}
        news = b"retry: 1000\n\n" + self._streams.news(told)
        while not self._streams.is_closed:
            async with asyncio.timeout(TAKE_SECONDS):
                await send({"type": "http.response.body", "body": news, "more_body": True})
            await asyncio.sleep(PAUSE_SECONDS)
            news = await self._next(told)
        await send({"type": "http.response.body", "body": b""})

    async def _next(self, told: dict[str, int]) -> bytes:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await self.stirred.wait()
        except TimeoutError:
            return b":\n\n"
        self.stirred.clear()
        return self._streams.news(told)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
