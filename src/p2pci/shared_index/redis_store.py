"""The meeting place in Redis or Valkey, with commands of Redis 6.2: the one module that knows redis-py.

Keys, each behind the prefix: `nodes`, a hash of epochs by name; `lease:NAME`, the epoch, which ends by
itself; and for each epoch `editions:…` and `peers:…`, hashes, and `sequence:…`, which end some time after it.
A transaction that watches the lease is all the fencing there is: who no longer has it writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from p2pci.errors import (
    InvalidValueError,
    LeaseLostError,
    NotInstalledError,
    SharedIndexError,
    StoreAwayError,
)
from p2pci.shared_index.encoding import check_name
from p2pci.shared_index.store import Fields, Post

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline, PubSub

AWAY_SECONDS = 2.0  # an answer that takes longer is none
SILENCE_SECONDS = 0.25
SCAN_COUNT = 200
KEPT_LEASES = 2  # fields outlive the lease by one, so that it is the lease that decides


class RedisStore:
    """See Store.

    Args:
        url: `redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER]`, or rediss:// for TLS.
        prefix: of every key and of the channel.
        away_seconds: an answer that takes longer is none.

    Raises:
        NotInstalledError: redis-py is not installed.
        InvalidValueError: the URL or the prefix is none.
    """

    def __init__(self, url: str, *, prefix: str, away_seconds: float = AWAY_SECONDS) -> None:
        self._prefix = check_name(prefix, kind="prefix of keys")
        self._away_seconds = away_seconds
        self._redis = _make_client(url, away_seconds)
        self._heard: PubSub | None = None

    async def open(self) -> None:
        async with self._answering():
            await _given(self._redis.ping())

    async def close(self) -> None:
        heard, self._heard = self._heard, None
        with suppress(SharedIndexError):
            async with self._answering():
                if heard:
                    await heard.aclose()  # type: ignore[no-untyped-call]
        with suppress(SharedIndexError):
            async with self._answering():
                await self._redis.connection_pool.disconnect()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Wait no longer than for an answer, and tell in words what goes wrong.

        redis-py's own limit goes through asyncio.wait_for, which on Python 3.11 may lose a cancelling.
        """
        with _told_in_words():
            async with asyncio.timeout(self._away_seconds):
                yield

    async def listen(self) -> AsyncIterator[bytes | None]:
        self._heard = heard = self._redis.pubsub(ignore_subscribe_messages=True)
        async with self._answering():
            await heard.subscribe(self._key("changes"))
        return self._hear(heard)

    async def _hear(self, heard: PubSub) -> AsyncIterator[bytes | None]:
        with _told_in_words():
            while True:
                message = await heard.get_message(timeout=SILENCE_SECONDS)
                data = message["data"] if message else None
                yield data if isinstance(data, bytes) else None

    async def claim(self, name: str, epoch: str, *, instead_of: str, lease_seconds: float) -> bool:
        lease = self._key("lease", name)
        async with self._answering(), self._redis.pipeline() as pipe:
            await pipe.watch(lease)
            holder = await _given(pipe.get(lease))
            if holder not in (None, instead_of.encode()):
                return False
            pipe.multi()  # type: ignore[no-untyped-call]
            pipe.set(lease, epoch, px=_milliseconds(lease_seconds))
            pipe.hset(self._key("nodes"), name, epoch)
            with _watch_errors() as lost:
                await pipe.execute()
        return not lost

    async def seconds_left(self, name: str) -> float:
        async with self._answering():
            milliseconds = int(await _given(self._redis.pttl(self._key("lease", name))))
        return max(0, milliseconds) / 1000

    async def post(self, name: str, epoch: str, post: Post, *, lease_seconds: float) -> None:
        lease = self._key("lease", name)
        async with self._answering(), self._redis.pipeline() as pipe:
            await pipe.watch(lease)
            if await _given(pipe.get(lease)) != epoch.encode():
                raise LeaseLostError
            pipe.multi()  # type: ignore[no-untyped-call]
            if post.renews:
                pipe.pexpire(lease, _milliseconds(lease_seconds))
                pipe.hset(self._key("nodes"), name, epoch)
            if post.renews or post.stores:
                self._write(pipe, (name, epoch), post, kept_seconds=KEPT_LEASES * lease_seconds)
            for message in post.messages:
                pipe.publish(self._key("changes"), message)
            with _watch_errors() as lost:
                await pipe.execute()
        if lost:
            raise LeaseLostError

    def _write(self, pipe: Pipeline, writer: tuple[str, str], post: Post, *, kept_seconds: float) -> None:
        name, epoch = writer
        for key, fields in (
            (self._key("editions", name, epoch), post.editions),
            (self._key("peers", name, epoch), post.peers),
        ):
            _put(pipe, key, fields)
            pipe.pexpire(key, _milliseconds(kept_seconds))
        sequence = self._key("sequence", name, epoch)
        if post.sequence is not None:
            pipe.set(sequence, post.sequence)
        pipe.pexpire(sequence, _milliseconds(kept_seconds))

    async def release(self, name: str, epoch: str, message: bytes) -> None:
        lease = self._key("lease", name)
        async with self._answering(), self._redis.pipeline() as pipe:
            await pipe.watch(lease)
            if await _given(pipe.get(lease)) != epoch.encode():
                return
            pipe.multi()  # type: ignore[no-untyped-call]
            pipe.hdel(self._key("nodes"), name)
            pipe.unlink(lease, *(self._key(kind, name, epoch) for kind in _KINDS))
            pipe.publish(self._key("changes"), message)
            with _watch_errors():
                await pipe.execute()

    async def nodes(self) -> dict[str, str]:
        async with self._answering():
            named: dict[bytes, bytes] = await _given(self._redis.hgetall(self._key("nodes")))
            names = [name.decode("ascii", "replace") for name in named]
            if not names:
                return {}
            epochs = await _given(self._redis.mget([self._key("lease", name) for name in names]))
            live = {
                name: epoch.decode("ascii", "replace")
                for name, epoch in zip(names, epochs, strict=True)
                if epoch
            }
            gone = [name for name in named if name.decode("ascii", "replace") not in live]
            if gone:  # whoever is there after all writes itself in again
                await _given(self._redis.hdel(self._key("nodes"), *gone))
        return live

    async def sequence(self, name: str, epoch: str) -> int | None:
        async with self._answering():
            value = await _given(self._redis.get(self._key("sequence", name, epoch)))
        return int(value) if value and value.isdigit() and len(value) < 20 else None

    def editions(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        return self._fields(self._key("editions", name, epoch))

    def peers(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        return self._fields(self._key("peers", name, epoch))

    async def _fields(self, key: str) -> AsyncIterator[dict[bytes, bytes]]:
        cursor = 0
        while True:
            async with self._answering():
                cursor, fields = await _given(self._redis.hscan(key, cursor, count=SCAN_COUNT))
            yield fields
            if not cursor:
                return

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, *parts))


_KINDS = ("editions", "peers", "sequence")


def _put(pipe: Pipeline, key: str, fields: Fields) -> None:
    kept: dict[Any, Any] = {name: value for name, value in fields.items() if value is not None}
    if kept:
        pipe.hset(key, mapping=kept)
    if gone := [str(name) for name, value in fields.items() if value is None]:
        pipe.hdel(key, *gone)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


async def _given(answer: Any) -> Any:
    """Await what redis-py types as one thing or another."""
    return await answer


def require_redis() -> None:
    """Make sure that this module can be used.

    Raises:
        NotInstalledError: redis-py is not installed.
    """
    try:
        import redis.asyncio  # noqa: F401
    except ImportError as error:
        raise NotInstalledError("A shared index", package="redis", extra="shared") from error


def _make_client(url: str, away_seconds: float) -> Redis:
    require_redis()
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    tls: dict[str, Any] = {"ssl_check_hostname": True} if url.startswith("rediss:") else {}
    try:
        client = Redis.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=away_seconds,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            **tls,  # redis-py looks at the certificate, and before version 6 at no name in it
        )
        # This alone finds out what is behind a "?".
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        _check_path(url)
    except (ValueError, TypeError) as error:
        raise InvalidValueError(
            "The address of the shared index is none. Write redis://USER:PASSWORD@HOST:6379/0, or rediss://… "
            "for TLS."
        ) from error
    return client


def _check_path(url: str) -> None:
    """See that the database is a number, in whose place redis-py takes 0; raises ValueError."""
    place = urlsplit(url)
    if place.scheme != "unix" and place.path not in ("", "/"):
        int(place.path[1:])


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Turn the errors of redis-py and of the system into ours."""
    from redis import exceptions

    try:
        yield
    except (
        exceptions.AuthenticationError,
        exceptions.AuthorizationError,
        exceptions.NoPermissionError,
    ) as error:
        raise SharedIndexError(
            f"Redis refuses us: {_words(error)}. Check user, password and rights in --shared."
        ) from error
    except (exceptions.RedisError, OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise StoreAwayError(_words(error) or "it does not answer") from error


def _words(error: Exception) -> str:
    """Give what Redis or the system says, without what redis-py writes around it for a pipeline."""
    _, pipeline, words = str(error).rpartition(" of pipeline caused error: ")
    return (words.strip("(,)\"'") if pipeline else words).rstrip(".?! ")


@contextmanager
def _watch_errors() -> Iterator[list[bool]]:
    """Give a list that has something in it once the lease changed under a transaction."""
    from redis.exceptions import WatchError

    lost: list[bool] = []
    try:
        yield lost
    except WatchError:
        lost.append(True)
