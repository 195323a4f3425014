"""The commands that run a server or a peer, and the demo of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from p2pci.cli.options import (
    ADVERTISED,
    PORT,
    SERVER,
    bind_option,
    library_option,
    run_command,
    trace_option,
)
from p2pci.protocol.grammar import DEFAULT_PORT

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Address


@click.command()
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_PORT", default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--trust-hosts", is_flag=True, envvar="P2PCI_TRUST_HOSTS", help="Publish every peer as it claims to be."
)
@trace_option
def server(bind: str | None, port: int, *, trust_hosts: bool, trace: bool) -> ExitStatus:
    """Run an index server.

    \b
    Example:  p2pci server --port 7734
    """
    from p2pci.cli.hosting import host_server

    return run_command(
        host_server(
            bind=bind, port=port, trusts_claims=trust_hosts, shows_messages=trace, peer_command="p2pci peer"
        )
    )


@click.command()
@click.argument("server", type=SERVER, envvar="P2PCI_SERVER", default="localhost")
@library_option
@bind_option
@click.option(
    "--port", type=PORT, envvar="P2PCI_UPLOAD_PORT", default=0, help="The upload server's; 0: any free one."
)
@click.option(
    "--advertise", type=ADVERTISED, envvar="P2PCI_ADVERTISE", help="Be published as this host, and port."
)
@click.option("--menu/--no-menu", default=True, help="Offer the menu, or serve until SIGTERM.")
@trace_option
def peer(
    server: Address,
    library: Path,
    *,
    bind: str | None,
    port: int,
    advertise: Address | None,
    menu: bool,
    trace: bool,
) -> ExitStatus:
    """Share a folder, and find documents.

    SERVER is the index server: host, host:port or [IPv6 address]:port.

    \b
    Example:  p2pci peer 192.0.2.7 --library ~/rfcs
    """
    from p2pci.cli.hosting import host_peer

    return run_command(
        host_peer(
            server,
            library=library,
            bind=bind,
            port=port,
            advertise=advertise,
            has_menu=menu,
            shows_messages=menu or trace,
            shows_all=trace,
        )
    )


@click.command()
def demo() -> ExitStatus:
    """Show it all on this machine.

    An index server and three peers exchange every kind of message, and each step is checked.

    \b
    Example:  p2pci demo
    """
    from p2pci.cli.demo import run_demo

    return run_command(run_demo())
