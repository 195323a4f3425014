"""A file from a web server: whole, within limits, and each failure in words.

It counts only when the server said where it ends and it got there. Redirects are followed on the same host
alone, and never from https to http: another host is somebody else, whom the user has not named. The
environment may name a proxy, and further authorities to trust (SSL_CERT_FILE). Imports its package's
`limits`, `dialing` and `errors`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2

from p2pci.dialing import show_address
from p2pci.errors import (
    CannotConnectError,
    ConnectionLostError,
    DeadlineError,
    P2PCIError,
    ProtocolError,
    RefusedError,
)
from p2pci.origin.limits import OriginLimits

Progressed = Callable[[int, int], None]

_HEADERS = {"Accept": "text/plain, */*", "Accept-Encoding": "identity", "User-Agent": "p2pci"}
_REDIRECTS = {301, 302, 303, 307, 308}
_PAGES = {"text/html", "application/xhtml+xml"}
_MAX_IGNORED_BYTES = 64 * 1024


class Answer(NamedTuple):
    """A file that came whole; `modified` in seconds since 1970, if that was said."""

    body: bytearray
    modified: float | None


class Web:
    """One connection to one web server at a time; kept for the next file.

    Raises:
        CannotConnectError: the environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, limits: OriginLimits) -> None:
        self._limits = limits
        self._is_kept = False  # whether there may be a connection from the last time
        self._end_handshake: Callable[[], Awaitable[None]] | None = None
        try:
            self._client = httpx2.AsyncClient(
                headers=_HEADERS,
                timeout=httpx2.Timeout(limits.stall_seconds, connect=limits.connect_seconds),
                limits=httpx2.Limits(max_connections=1),
            )
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
            reason = f"the certificates or the proxy that the environment names cannot be used, {error}"
            raise CannotConnectError("the origin", reason=reason) from error

    async def close(self) -> None:
        await self._client.aclose()

    async def get(
        self, url: str, *, since: float | None = None, progressed: Progressed | None = None
    ) -> Answer:
        """Ask for a file and read it to its end.

        Args:
            url: of http or https.
            since: seconds since 1970; a file that was not changed since is a RefusedError with code 304.
            progressed: told how many bytes came, and of how many.

        Raises:
            CannotConnectError, ConnectionLostError, DeadlineError: the server cannot be reached, or stopped.
            RefusedError: it answered with another code than 200.
            ProtocolError: it sent no plain file, none whose end can be known, or too large a one.
        """
        headers = {} if since is None else {"If-Modified-Since": formatdate(since, usegmt=True)}
        seconds = self._limits.whole_seconds
        target = _parse_address(url)
        try:
            async with asyncio.timeout(seconds):
                for _ in range(self._limits.max_redirects + 1):
                    answer = await self._ask_while_kept(target, headers, progressed=progressed or _ignore)
                    if isinstance(answer, Answer):
                        return answer
                    target = answer
        except TimeoutError as error:
            raise DeadlineError(f"{target} did not come within {seconds:g} s. Try again later.") from error
        redirects = self._limits.max_redirects
        raise ProtocolError(f"{url} leads on and on, {redirects} times by now. Give another origin.")

    async def _ask_while_kept(
        self, url: httpx2.URL, headers: dict[str, str], *, progressed: Progressed
    ) -> Answer | httpx2.URL:
        """Ask, and again where the server may just have ended a connection that had been kept."""
        was_kept, self._is_kept = self._is_kept, False
        try:
            return await self._ask(url, headers, progressed=progressed)
        except ConnectionLostError:
            if not was_kept:
                raise
            return await self._ask(url, headers, progressed=progressed)

    async def _ask(
        self, url: httpx2.URL, headers: dict[str, str], *, progressed: Progressed
    ) -> Answer | httpx2.URL:
        """Ask once, and give what came, or the address of a redirect."""
        try:
            async with self._client.stream(
                "GET", url, headers=headers, extensions={"trace": self._note_handshake}
            ) as head:
                self._is_kept = True
                if head.status_code == 200:
                    _check_kind(head)
                    body = await _read_body(head, max_bytes=self._limits.max_bytes, progressed=progressed)
                    return Answer(body, _modified(head))
                with suppress(ProtocolError):  # read to its end, it leaves the connection to the next
                    await _read_body(head, max_bytes=_MAX_IGNORED_BYTES, progressed=_ignore)
        except (httpx2.HTTPError, OSError) as error:
            raise _translate(error, url, self._limits) from error
        except asyncio.CancelledError:
            if self._end_handshake:
                await self._end_handshake()
            raise
        if head.status_code in _REDIRECTS and "Location" in head.headers:
            return _check_redirect(url, head.headers["Location"])
        advice = "Check the origin's address, or try again later."
        raise RefusedError(head.status_code, request=f"GET {url}", reason=advice)

    async def _note_handshake(self, step: str, facts: Mapping[str, Any]) -> None:
        """Note how to end a handshake; cancelled there, httpcore2 2.16 leaves the connection open."""
        if step == "connection.connect_tcp.complete":
            self._end_handshake = facts["return_value"].aclose
        elif step == "connection.start_tls.complete":
            self._end_handshake = None


def _parse_address(text: str, *, below: httpx2.URL | None = None) -> httpx2.URL:
    try:
        return below.join(text) if below else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        raise ProtocolError(f"{text} is no address: {error}. Give another origin.") from error


def _check_redirect(here: httpx2.URL, location: str) -> httpx2.URL:
    """Where a redirect leads to.

    Raises:
        ProtocolError: to another host, or out of https.
    """
    there = _parse_address(location, below=here)
    if there.host == here.host and there.scheme in {here.scheme, "https"}:
        return there
    raise ProtocolError(
        f"{here} leads to {there}: another host, or out of https, which is not followed. "
        "If that is right, give it as the origin."
    )


def _check_kind(head: httpx2.Response) -> None:
    """Refuse what is no plain file.

    Raises:
        ProtocolError: it is a page, or encoded.
    """
    kind = head.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in _PAGES:
        raise ProtocolError(f"{head.url} is a web page and no document. Check the origin's address.")
    if head.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise ProtocolError(f"{head.url} came compressed, though nobody asked for that. Give another origin.")


async def _read_body(head: httpx2.Response, *, max_bytes: int, progressed: Progressed) -> bytearray:
    """Read the body to the end that was announced; httpx2 sees to it that it is reached.

    Raises:
        ProtocolError: no end was announced, or it is beyond `max_bytes`.
    """
    length = head.headers.get("Content-Length")
    if length is None and "Transfer-Encoding" not in head.headers:
        raise ProtocolError(
            f"{head.url} came without its length, so its end is unknown. Give another origin."
        )
    size = int(length or 0)
    body = bytearray()
    if size <= max_bytes:
        async for piece in head.aiter_raw():
            body += piece
            if len(body) > max_bytes:
                break
            progressed(len(body), size or len(body))
    if max(size, len(body)) > max_bytes:
        raise ProtocolError(f"{head.url} is larger than {max_bytes} bytes, which is the most that is taken.")
    return body


def _modified(head: httpx2.Response) -> float | None:
    with suppress(ValueError, OverflowError):
        return parsedate_to_datetime(head.headers.get("Last-Modified", "")).timestamp()
    return None


def _translate(error: Exception, url: httpx2.URL, limits: OriginLimits) -> P2PCIError:
    """The error to raise for what httpx2 or the system said."""
    where = show_address((url.host, url.port or (443 if url.scheme == "https" else 80)))
    match error:
        case httpx2.ConnectTimeout():
            return CannotConnectError(where, reason=f"no answer within {limits.connect_seconds:g} s")
        case httpx2.ConnectError() | httpx2.ProxyError():
            is_known = not any(isinstance(cause, socket.gaierror) for cause in _causes(error))
            return CannotConnectError(where, reason=_reason(error), is_known=is_known)
        case httpx2.TimeoutException():
            return DeadlineError(f"{where} sent nothing for {limits.stall_seconds:g} s. Try again later.")
        case httpx2.ProtocolError() if not re.search("closed|disconnected", str(error)):
            return ProtocolError(f"{where} does not speak HTTP as it should: {error}. Check the address.")
        case _:
            return ConnectionLostError(f"{where} closed before its answer was complete. Try again later.")


def _reason(error: Exception) -> str:
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return (
                    f"its certificate is not to be trusted, {cause.verify_message}; "
                    "SSL_CERT_FILE may name a file of further authorities"
                )
            case socket.gaierror():
                return "there is no host of that name"
            case ConnectionRefusedError():
                return "connection refused, nothing listens there"
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _ignore(_done: int, _size: int) -> None:
    pass
