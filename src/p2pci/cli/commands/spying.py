"""The command that listens in on two other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from p2pci.cli.options import PORT, SERVER, bind_option, run_command

if TYPE_CHECKING:
    from p2pci.cli.exits import ExitStatus
    from p2pci.events import Address


@click.command()
@click.option("--listen", type=PORT, required=True, help="The port to listen on; 0: any free one.")
@click.option("--to", "target", type=SERVER, required=True, help="Where to pass everything on to.")
@bind_option
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object a message.")
def spy(*, listen: int, target: Address, bind: str | None, is_json: bool) -> ExitStatus:
    """Stand between two programs, and show what they say and what is wrong with it.

    Works for an index server and for the upload server of a peer. Nothing is changed on its way.

    \b
    Example:  p2pci spy --listen 7735 --to localhost:7734
    and let the peer connect to port 7735.
    """
    from p2pci.cli.spying import spy_on

    return run_command(spy_on(target, bind=bind, port=listen, is_json=is_json))
