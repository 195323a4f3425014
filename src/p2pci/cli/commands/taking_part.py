"""The commands that run a server or a peer, and the demo of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from p2pci.cli.limiting import (
    grouped,
    meeting_options,
    peer_options,
    serving_options,
    sharing_options,
    web_options,
)
from p2pci.cli.options import (
    ADVERTISED,
    INDEX_PAGE,
    PEER_PAGE,
    PORT,
    SERVERS,
    bind_option,
    library_option,
    log_format_option,
    origin_option,
    run_command,
    trace_option,
)
from p2pci.protocol.grammar import DEFAULT_PORT

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.cli.hosting import Showing
    from p2pci.cli.meeting import Meeting
    from p2pci.cli.web_pages import Web
    from p2pci.events import Address, Servers
    from p2pci.library import Sharing
    from p2pci.peer import PeerLimits
    from p2pci.serving import ServingLimits


@click.command()
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_PORT", default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--trust-hosts", is_flag=True, envvar="P2PCI_TRUST_HOSTS", help="Publish every peer as it claims to be."
)
@click.option("--announce", is_flag=True, help="Tell the local network, for `p2pci peer --auto`.")
@serving_options(per_address=64)
@web_options(INDEX_PAGE, default="127.0.0.1:7781", has_metrics=True)
@meeting_options()
@log_format_option
@trace_option
def server(
    bind: str | None,
    port: int,
    *,
    trust_hosts: bool,
    announce: bool,
    serving: ServingLimits,
    web: Web | None,
    meeting: Meeting | None,
    log_format: str,
    trace: bool,
) -> ExitStatus:
    """Run an index server.

    With --shared it answers as one with others, over Redis or Valkey: a peer that is connected to any of
    them is found on all.

    \b
    Example:  p2pci server --port 7734
    """
    from p2pci.cli.hosting import host_server
    from p2pci.cli.log import LogFormat
    from p2pci.lan import require_zeroconf

    if announce:
        require_zeroconf()  # before anything is started
    return run_command(
        host_server(
            bind=bind,
            port=port,
            trusts_claims=trust_hosts,
            limits=serving,
            log_format=LogFormat(log_format),
            shows_messages=trace,
            peer_command="p2pci peer",
            is_announced=announce,
            web=web,
            meeting=meeting,
        )
    )


def _show(*, menu: bool, log_format: str, trace: bool) -> Showing:
    from p2pci.cli.hosting import Showing
    from p2pci.cli.log import LogFormat

    if menu and log_format == "json":
        raise click.UsageError("A menu is not written as JSON. Add --no-menu, or leave out --log-format.")
    return Showing(menu, shows_messages=menu or trace, shows_all=trace, log_format=LogFormat(log_format))


_showing_options = grouped(
    "showing",
    _show,
    names=("menu", "log_format", "trace"),
    options=[
        click.option("--menu/--no-menu", default=True, help="Offer the menu, or serve until SIGTERM."),
        log_format_option,
        trace_option,
    ],
)


@click.command()
@click.argument("server", type=SERVERS, envvar="P2PCI_SERVER", default="localhost")
@library_option
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_UPLOAD_PORT", default=0, help="The upload server's; 0: any free one."
)
@click.option(
    "--advertise", type=ADVERTISED, envvar="P2PCI_ADVERTISE", help="Be published as this host, and port."
)
@sharing_options()
@peer_options(per_address=256)
@origin_option
@click.option("--auto", is_flag=True, help="Find SERVER on the local network.")
@web_options(PEER_PAGE, default="127.0.0.1:7780")
@_showing_options
@click.pass_context
def peer(
    context: click.Context,
    server: Servers,
    library: Path,
    *,
    bind: str | None,
    port: int,
    advertise: Address | None,
    sharing: Sharing,
    limits: PeerLimits,
    origin: str | None,
    auto: bool,
    web: Web | None,
    showing: Showing,
) -> ExitStatus:
    """Share a folder, as it is and as it changes, and find documents.

    SERVER is the index server: host, host:port or [IPv6 address]:port; with commas between, several that
    answer as one. With --auto it is one that was started with --announce on the local network.

    \b
    Example:  p2pci peer 192.0.2.7 --library ~/rfcs
    """
    from p2pci.cli.hosting import host_peer

    return run_command(
        host_peer(
            _find_server(context, bind=bind) if auto else server,
            library=library,
            bind=bind,
            port=port,
            advertise=advertise,
            origin=origin,
            sharing=sharing,
            limits=limits,
            showing=showing,
            web=web,
        )
    )


def _find_server(context: click.Context, *, bind: str | None) -> Servers:
    """Find the index server on the local network, for who has not named one."""
    from p2pci.cli.announcing import find_index
    from p2pci.cli.running import run

    if context.get_parameter_source("server") is ParameterSource.COMMANDLINE:
        raise click.UsageError("SERVER and --auto are two ways to say the same. Give one of them.")
    return (run(find_index(bind=bind)),)


@click.command()
@click.option("--stay", is_flag=True, help="Stay up afterwards, with web pages to look at.")
def demo(*, stay: bool) -> ExitStatus:
    """Show it all on this machine.

    An index server and three peers exchange every kind of message, and each step is checked.

    \b
    Example:  p2pci demo
    """
    from p2pci.cli.demo import run_demo
    from p2pci.cli.web_pages import require_web

    if stay:
        require_web()
    return run_command(run_demo(stays=stay))
