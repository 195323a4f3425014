"""A word to whoever started this program as a service, as systemd's sd_notify(3) describes it.

One datagram to the socket that $NOTIFY_SOCKET names; without that variable nothing is said.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

NOTIFY_SECONDS = 1.0  # for a reader whose queue is full


def notify_ready(status: str) -> None:
    """Say that it is up, and what it does, in one line."""
    _notify(f"READY=1\nSTATUS={status}")


def notify_stopping() -> None:
    """Say that it is on its way down."""
    _notify("STOPPING=1\nSTATUS=Stopping")


def _notify(state: str) -> None:
    name = os.environ.get("NOTIFY_SOCKET", "")
    if name[:1] not in ("/", "@") or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + name[1:] if name.startswith("@") else name  # @: a name that is not a file's
    # The work goes on when nobody hears it; a service manager that waits for it says so itself.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.settimeout(NOTIFY_SECONDS)
        out.sendto(state.encode(), address)
