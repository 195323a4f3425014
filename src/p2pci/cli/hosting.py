"""A server or a peer from its start to its end, as `p2pci server`, `p2pci peer` and the starters run them."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AbstractAsyncContextManager, closing, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from p2pci.cli.announcing import announcing
from p2pci.cli.display import show_path
from p2pci.cli.exits import ExitStatus
from p2pci.cli.log import Log, LogFormat
from p2pci.cli.menu import run_menu
from p2pci.cli.notifying import notify_ready, notify_stopping
from p2pci.cli.places import cache_folder
from p2pci.cli.printing import PeerPrinter, ServerPrinter
from p2pci.cli.running import ending_signals, raise_descriptor_limit
from p2pci.cli.terminal import Terminal
from p2pci.cli.web_pages import IndexPage, PeerPage, both
from p2pci.dialing import outward_address, show_address
from p2pci.library import ALL, Sharing
from p2pci.peer import Peer, PeerLimits
from p2pci.protocol.addresses import EVERYWHERE, is_loopback
from p2pci.protocol.grammar import DEFAULT_PORT
from p2pci.server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from p2pci.cli.meeting import Meeting
    from p2pci.cli.web_pages import Web
    from p2pci.events import Address, Servers
    from p2pci.serving import ServingLimits


async def host_server(
    *,
    bind: str | None,
    port: int,
    trusts_claims: bool,
    limits: ServingLimits | None = None,
    log_format: LogFormat = LogFormat.TEXT,
    shows_messages: bool,
    peer_command: str,
    is_announced: bool = False,
    web: Web | None = None,
    meeting: Meeting | None = None,
) -> ExitStatus:
    """Run an index server until SIGINT or SIGTERM; `peer_command` is what others type, before its address."""
    raise_descriptor_limit()
    log = Log(Terminal(), form=log_format, counts_repeats=not shows_messages)
    printer = ServerPrinter(log, shows_messages=shows_messages)
    server = IndexServer(
        host=bind,
        port=port,
        trusts_claims=trusts_claims,
        watch=printer,
        trace=printer if shows_messages else None,
        limits=limits,
        shared=meeting.join(printer, port=port) if meeting else None,
    )
    page = IndexPage(web, server).served(log) if web else nullcontext()

    def stopping() -> None:
        notify_stopping()
        log.say("[SERVER] Stopping...", "stopping")

    with ending_signals() as ending, closing(log):
        serving = _serve(server, log, page=page, peer_command=peer_command, is_announced=is_announced)
        await _first(serving, ending, if_ending=stopping)
    return ExitStatus.DONE


async def _serve(
    server: IndexServer,
    log: Log,
    *,
    page: AbstractAsyncContextManager[None],
    peer_command: str,
    is_announced: bool,
) -> None:
    """Be an index server until this is cancelled, perhaps while it still joins others."""
    async with page, server:
        log.say(f"[SERVER] Listening on port {server.port}...", "listening", port=server.port)
        log.say(await _invitation(peer_command, bind=server.host, port=server.port), "invitation")
        told = announcing(server.port, bind=server.host, log=log) if is_announced else nullcontext()
        async with told:
            notify_ready(f"Listening on port {server.port}")
            await asyncio.get_running_loop().create_future()


async def _invitation(peer_command: str, *, bind: str | None, port: int) -> str:
    """Say what others type to join."""
    host = bind if bind and bind not in EVERYWHERE else await outward_address()
    where = "this machine" if host == "localhost" or is_loopback(host) else "the other machines"
    return f"On {where} type: {peer_command} {host if port == DEFAULT_PORT else show_address((host, port))}"


class Showing(NamedTuple):
    """What is seen of a peer.

    Attributes:
        has_menu: offer the menu; without it the peer serves until a signal comes.
        shows_messages: show the conversation with the index.
        shows_all: show everything.
        log_format: of the lines.
    """

    has_menu: bool
    shows_messages: bool
    shows_all: bool
    log_format: LogFormat = LogFormat.TEXT


async def host_peer(
    servers: Servers,
    *,
    library: Path,
    bind: str | None = None,
    port: int = 0,
    advertise: Address | None = None,
    origin: str | None = None,
    sharing: Sharing = ALL,
    limits: PeerLimits,
    showing: Showing,
    web: Web | None = None,
) -> ExitStatus:
    """Run a peer until its menu is left, or without one until SIGINT or SIGTERM."""
    raise_descriptor_limit()
    page = PeerPage(web) if web else None
    log = Log(Terminal(), form=showing.log_format, counts_repeats=not showing.shows_messages)
    printer = PeerPrinter(log, shows_all=showing.shows_all, tells_hosts=len(servers) > 1)
    peer = Peer(
        servers[0],
        library,
        spare_servers=servers[1:],
        spare=cache_folder(),
        bind=bind,
        port=port,
        advertise=advertise,
        origin=origin,
        sharing=sharing,
        is_searchable=page is not None,
        watch=both(printer.watch, page.watch if page else None),
        trace=both(printer.trace if showing.shows_messages else None, page.trace if page else None),
        limits=limits,
    )
    with ending_signals() as ending, closing(log):
        number = await _first(_take_part(peer, log, has_menu=showing.has_menu, page=page), ending)
    return ExitStatus.INTERRUPTED if showing.has_menu and number == signal.SIGINT else ExitStatus.DONE


async def _take_part(peer: Peer, log: Log, *, has_menu: bool, page: PeerPage | None) -> None:
    """Be a peer until the menu is left; without one until this is cancelled."""
    folder = show_path(peer.shelf.path)
    if peer.shelf.is_new:  # perhaps it was mistyped
        log.say(f"[Peer] Created the folder {folder}", "folder_created", folder=str(peer.shelf.path))
    async with peer, page.served(peer, log) if page else nullcontext():
        try:
            if not peer.document_count:
                line = f"[Peer] Nothing to share yet: {folder} has no rfcN.txt."
                log.say(line, "nothing_to_share", folder=str(peer.shelf.path))
            notify_ready(f"Serving {peer.document_count} documents on port {peer.upload_port}")
            if has_menu:
                with log.terminal.kept_sane():
                    await run_menu(peer, log.terminal)
            else:
                log.say("[Peer] Serving until Ctrl-C or SIGTERM.", "serving")
                await asyncio.get_running_loop().create_future()
        finally:
            notify_stopping()
            log.say("[PEER] Disconnecting...", "stopping")


async def _first(
    work: Coroutine[Any, Any, None],
    ending: asyncio.Future[signal.Signals],
    *,
    if_ending: Callable[[], None] = lambda: None,
) -> signal.Signals | None:
    """Work to the end, or until a signal comes, and say which signal."""
    working = asyncio.ensure_future(work)
    await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        if_ending()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        return ending.result()
    working.result()
    return None
