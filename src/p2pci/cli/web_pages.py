"""A web page beside what runs: what its flags say, who may open it, and the line that tells where it is.

The packages that pages need are imported when there is one: the starters run without them.
"""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from p2pci.dialing import outward_address, show_address
from p2pci.errors import InvalidValueError, NotInstalledError
from p2pci.protocol.addresses import EVERYWHERE, is_loopback

if TYPE_CHECKING:
    from p2pci.cli.log import Log
    from p2pci.events import Address, Event, Watcher
    from p2pci.peer import Peer
    from p2pci.server import IndexServer
    from p2pci.web.guarding import Rules

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}").fullmatch  # goes into an address and a cookie as it is
_OURS = ("127.0.0.1", "::1", "localhost")


class Web(NamedTuple):
    """What the flags of a page say.

    Attributes:
        address: where it is served.
        token: that whoever opens it must know; "" for none.
        names: that it goes by besides those of this machine.
        opens_metrics: programs of operators need no token.
    """

    address: Address
    token: str = ""
    names: tuple[str, ...] = ()
    opens_metrics: bool = False

    @property
    def is_for_all(self) -> bool:
        """Whether others than this machine reach it."""
        return self.address[0] != "localhost" and not is_loopback(self.address[0])

    def check(self) -> None:
        """See that whoever should not open it cannot.

        Raises:
            InvalidValueError: others could, and there is no token, or one that can be guessed or not be sent.
        """
        if self.is_for_all and not self.token:
            raise InvalidValueError(
                "A page that other machines reach needs --web-token, or P2PCI_WEB_TOKEN in the environment."
            )
        if self.token and not _TOKEN(self.token):
            raise InvalidValueError(
                "--web-token is made of 16 or more letters, digits, - and _, as of `openssl rand -hex 16`."
            )


def require_web() -> None:
    """Make sure that pages can be served.

    Raises:
        NotInstalledError: one of their packages is missing.
    """
    for package in ("starlette", "uvicorn", "jinja2", "prometheus_client"):
        if find_spec(package) is None:
            raise NotInstalledError("A web page", package=package.replace("_", "-"), extra="web")


async def make_rules(web: Web, *, open_paths: Sequence[str] = ()) -> Rules:
    """Decide who may open a page; `open_paths` need no token."""
    from p2pci.web.guarding import Rules

    names = {*_OURS, web.address[0].lower(), *(name.lower() for name in web.names)}
    if web.is_for_all:
        names |= {socket.gethostname().lower(), await outward_address()}
    return Rules(hosts=names - set(EVERYWHERE), web_token=web.token, open_paths=open_paths)


async def page_address(web: Web, port: int) -> str:
    """Write the address of a page for people, with its token."""
    host = await outward_address() if web.address[0] in EVERYWHERE else web.address[0]
    return f"http://{show_address((host, port))}/" + (f"?token={web.token}" if web.token else "")


class PeerPage:
    """The page of a peer, which is made before the peer, so as to hear what it tells.

    Attributes:
        watch: the peer's watcher.
        trace: its trace.
    """

    def __init__(self, web: Web) -> None:
        from p2pci.web.peer.chronicle import Chronicle

        self._web = web
        self._chronicle = Chronicle()
        self.watch: Watcher = self._chronicle.watch
        self.trace: Watcher = self._chronicle.trace

    @asynccontextmanager
    async def served(self, peer: Peer, log: Log) -> AsyncIterator[None]:
        """Serve the page of a running peer, and say where it is.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        from p2pci.web.peer.app import serving_peer

        rules = await make_rules(self._web)
        async with serving_peer(peer, self._chronicle, address=self._web.address, rules=rules) as server:
            address = await page_address(self._web, server.port)
            log.say(f"[Peer] Open {address} in a browser.", "page", address=address)
            yield


class IndexPage:
    """The page of an index server that has not started yet: it is there before and after, and says so.

    Args:
        web: what its flags say.
        server: the index server; its watcher is told as before.
    """

    def __init__(self, web: Web, server: IndexServer) -> None:
        from p2pci.web.index.history import History

        self._web = web
        self._server = server
        self._history = History(server)
        server.watch = both(server.watch, self._history.note)

    @asynccontextmanager
    async def served(self, log: Log) -> AsyncIterator[None]:
        """Serve the page, and say where it is.

        Raises:
            CannotListenError: the port is taken, or the host is not this machine's.
        """
        from p2pci.web.index.app import OPEN_PATHS, serving_index

        rules = await make_rules(self._web, open_paths=OPEN_PATHS if self._web.opens_metrics else ())
        address = self._web.address
        async with serving_index(self._server, self._history, address=address, rules=rules) as web:
            shown = await page_address(self._web, web.port)
            log.say(f"[SERVER] Open {shown} in a browser.", "page", address=shown)
            yield


def both(first: Watcher | None, second: Watcher | None) -> Watcher | None:
    """Tell two watchers, those that there are."""
    if first is None or second is None:
        return first or second

    def tell(event: Event) -> None:
        first(event)
        second(event)

    return tell
