"""Documents and the index file from an origin, onto a shelf.

A document has come whole before it is put on the shelf. `web`, and httpx2 with it, is imported when something
is asked for. Imports its package, `library`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import urlsplit

from p2pci.errors import InvalidValueError, NotFoundError, NotInstalledError, RefusedError
from p2pci.events import Downloaded, Downloading, Progress
from p2pci.library.listing import TEXT_NAME
from p2pci.library.names import document_name
from p2pci.origin.limits import OriginLimits

if TYPE_CHECKING:
    from p2pci.events import Address, Watcher
    from p2pci.library import Shelf
    from p2pci.origin.web import Web

_T = TypeVar("_T")
_PREFIX = re.compile(r"https?://[^\s?#@\\]+", re.IGNORECASE)


class Origin:
    """Documents from a web server, one after the other over one connection.

    An async context manager that closes the connection. Nothing is opened before something is asked for.

    Args:
        prefix: the address of the folder of rfcN.txt, such as https://www.rfc-editor.org/rfc/.
        limits: see OriginLimits.

    Raises:
        InvalidValueError: that is no such address.
    """

    def __init__(self, prefix: str, *, limits: OriginLimits | None = None) -> None:
        self.prefix = _check_prefix(prefix)
        self._limits = limits or OriginLimits()
        self._web: Web | None = None
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; harmless when there is none."""
        web, self._web = self._web, None
        if web:
            await web.close()

    async def fetch(self, number: int, *, shelf: Shelf, watch: Watcher | None = None) -> Downloaded:
        """Fetch a document into a shelf's folder; what that has under the number is replaced.

        Args:
            number: the RFC.
            shelf: where it is saved.
            watch: told of Downloading, Progress and Downloaded.

        Raises:
            NotInstalledError: httpx2 is missing.
            NotFoundError: the origin has no such document either.
            CannotConnectError, ConnectionLostError, DeadlineError: it cannot be reached, or stopped.
            RefusedError: it answered with another error.
            ProtocolError: its answer is no document, has no end that can be known, or is too large.
            LibraryError: the document cannot be saved.
        """
        tell = watch or _ignore
        url = self.prefix + document_name(number)
        async with self._asking:
            web = self._open()
            tell(Downloading(number, *_address(url)))
            try:
                answer = await web.get(url, progressed=lambda done, size: tell(Progress(number, done, size)))
            except RefusedError as error:
                if error.code == 404:
                    raise NotFoundError(number, where=f"{url} is not there either") from error
                raise
            # There is no SHA-256 to compare with, but TLS has seen to it that these are the origin's bytes.
            is_verified = self.prefix.lower().startswith("https:")
            save = partial(_save, answer.body, number, shelf=shelf, is_verified=is_verified)
            downloaded = await _run_to_end(save)
        tell(downloaded)
        return downloaded

    async def update_index(self, shelf: Shelf) -> bool:
        """Fetch `rfc-index.txt` into a shelf's folder, where the origin's is newer; True when it was.

        Raises:
            LibraryError: what came is no index, or cannot be saved; an older one is untouched.
            P2PCIError: others as in `fetch`.
        """
        async with self._asking:
            web = self._open()
            since = await _run_to_end(shelf.listing.modified)
            try:
                answer = await web.get(self.prefix + TEXT_NAME, since=since)
            except RefusedError as error:
                if since is not None and error.code == 304:
                    return False
                raise
            replace = partial(shelf.listing.replace, bytes(answer.body), modified=answer.modified)
            await _run_to_end(replace)
        return True

    def _open(self) -> Web:
        if self._web is None:
            try:
                from p2pci.origin.web import Web  # noqa: PLC0415 - see the head
            except ImportError as error:
                raise NotInstalledError(
                    "Fetching from an origin", package="httpx2", extra="origin"
                ) from error
            self._web = Web(self._limits)
        return self._web


def _check_prefix(text: str) -> str:
    """The prefix with a slash at its end."""
    prefix = text.strip()
    with suppress(ValueError):  # of a port or an IPv6 address
        if _PREFIX.fullmatch(prefix) and urlsplit(prefix).hostname and urlsplit(prefix).port != 0:
            return prefix if prefix.endswith("/") else prefix + "/"
    raise InvalidValueError(
        f"{text!r} is no origin. Write the address of its folder, as in https://www.rfc-editor.org/rfc/."
    )


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme.lower() == "https" else 80)


def _save(body: bytearray, number: int, *, shelf: Shelf, is_verified: bool) -> Downloaded:
    with shelf.receive(number) as incoming:
        incoming.write(body)
        digest = incoming.digest
        return Downloaded(number, incoming.commit(), len(body), digest, is_verified=is_verified)


async def _run_to_end(work: Callable[[], _T]) -> _T:
    """Work in a thread, and wait for its end also when this is cancelled: it uses the shelf."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        working.exception()  # nobody else will ask for it
        raise


def _ignore(_event: object) -> None:
    pass
