"""A web application on a port of its own, in the loop that runs: uvicorn without its signals and logs.

Imports `accepting`, `dialing`, `protocol` and its package's `connection`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import h11
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from p2pci.accepting import cannot_listen
from p2pci.dialing import show_address
from p2pci.protocol.escaping import escape
from p2pci.web.connection import Connection

STOP_SECONDS = 1  # answers under way at the end; a stream of events never ends by itself


class WebServer:
    """Serves an application while it is entered.

    Args:
        app: what is served.
        host: the address to listen on.
        port: 0 for any free one; `port` then tells which.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self.host = host
        self.port = port
        logging.getLogger("uvicorn.error").addFilter(_tell_in_one_line)
        self._server = _InOurLoop(
            uvicorn.Config(
                app,
                http=Connection,
                lifespan="off",
                log_config=None,
                log_level="error",  # what is no HTTP is answered, and no news
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        listening = _listen(self.host, self.port)
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        if self._serving:
            await self._serving


def _tell_in_one_line(record: logging.LogRecord) -> bool:
    """Say why an answer was cut, and not in which lines of ours; nothing when the other end is to blame.

    That went on with what is no HTTP before its answer was there, left, or takes nothing of a stream.
    """
    if not record.exc_info:
        return "without completing response" not in record.getMessage()
    if error := record.exc_info[1]:
        if isinstance(error, h11.LocalProtocolError | ClientDisconnect):
            return False
        reason = escape(str(error.__cause__ or error))
        record.msg, record.args, record.exc_info = "An answer of the page was cut: %s", (reason,), None
    return True


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        is_both = (
            address[0] == "::" and socket.has_dualstack_ipv6()
        )  # the address that is told may be of IPv4
        return socket.create_server(address[:2], family=family, dualstack_ipv6=is_both)  # without its scope
    except OSError as error:
        raise cannot_listen(show_address((host, port)), error) from error


class _InOurLoop(uvicorn.Server):
    """Leaves the signals to the command, which ends everything in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
