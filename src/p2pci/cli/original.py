"""The two original starters, `python3 server.py [PORT]` and `python3 peer.py [SERVER[:PORT]]`.

They run on a bare Python: no click, no rich. Every message is shown as it is sent and received.
The settings that a peer may need beyond its server come from the environment, named like the flags.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from p2pci.cli.exits import ExitStatus, run_to_exit
from p2pci.cli.hosting import Showing, host_peer, host_server
from p2pci.cli.running import run
from p2pci.cli.settings import parse_address, parse_listening_port, parse_seconds, parse_servers, parse_switch
from p2pci.errors import InvalidValueError
from p2pci.peer import FollowLimits, PeerLimits
from p2pci.protocol.grammar import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

SERVER_USAGE = """usage: python3 server.py [PORT]

Runs a P2P-CI index server on PORT (7734; 0 takes a free one) and shows every message.
Ctrl-C stops it. From the environment: P2PCI_BIND (the one address to listen on).
`p2pci server --help` has more."""
PEER_USAGE = """usage: python3 peer.py [SERVER[:PORT]]

Shares the folder rfcs/ through the index server SERVER (localhost, port 7734), shows every message and
offers a menu. From the environment: P2PCI_SERVER (SERVER where none is given), P2PCI_LIBRARY (another
folder), P2PCI_BIND and P2PCI_UPLOAD_PORT (where the upload server listens), P2PCI_ADVERTISE (HOST[:PORT]
to be published), P2PCI_RESCAN (seconds between two looks at the whole folder), P2PCI_POLL (1 for a network
mount), P2PCI_ORIGIN (where on the web are documents that no peer has). `p2pci peer --help` has more."""


def start_server(arguments: list[str]) -> ExitStatus:
    """Run `server.py` with its arguments, and give its exit code."""

    def prepare() -> Coroutine[Any, Any, ExitStatus]:
        port = parse_listening_port(arguments[0]) if arguments else DEFAULT_PORT
        return host_server(
            bind=_setting("BIND"),
            port=port,
            trusts_claims=False,
            shows_messages=True,
            peer_command="python3 peer.py",
        )

    return _start(prepare, arguments, usage=SERVER_USAGE)


def start_peer(arguments: list[str]) -> ExitStatus:
    """Run `peer.py` with its arguments, and give its exit code."""

    def prepare() -> Coroutine[Any, Any, ExitStatus]:
        servers = parse_servers(arguments[0] if arguments else _setting("SERVER") or "localhost")
        advertise = _setting("ADVERTISE")
        follow = FollowLimits(
            rescan_seconds=parse_seconds(_setting("RESCAN") or "60"),
            polls=parse_switch(_setting("POLL") or "0"),
        )
        return host_peer(
            servers,
            library=Path(_setting("LIBRARY") or "rfcs"),
            bind=_setting("BIND"),
            port=parse_listening_port(_setting("UPLOAD_PORT") or "0"),
            advertise=parse_address(advertise, default_port=0) if advertise else None,
            origin=_setting("ORIGIN"),
            limits=PeerLimits(follow=follow),
            showing=Showing(has_menu=True, shows_messages=True, shows_all=False),
        )

    return _start(prepare, arguments, usage=PEER_USAGE)


def _setting(name: str) -> str | None:
    """A setting from the environment; an empty one is none, as for `p2pci`."""
    return os.environ.get(f"P2PCI_{name}") or None


def _start(
    prepare: Callable[[], Coroutine[Any, Any, ExitStatus]], arguments: list[str], *, usage: str
) -> ExitStatus:
    if arguments[:1] in (["-h"], ["--help"]):
        print(usage)
        return ExitStatus.DONE

    def command() -> ExitStatus:
        if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
            raise InvalidValueError(f"{' '.join(arguments)!r} is not understood.\n{usage}")
        return run(prepare())

    return run_to_exit(command)
