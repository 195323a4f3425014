"""Word from the kernel of a machine that no longer answers (TCP keep-alive), or takes nothing more.

An idle connection tells nothing of its other side: of itself neither end would notice a cable that was out,
a machine that lost its power, or a NAT that forgot the connection. Imports nothing of the project.
"""

from __future__ import annotations

import socket
import struct
from typing import Protocol

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:  # Windows does not tell
    ioctl = None  # type: ignore[assignment]


class HasOptions(Protocol):
    """A socket, or what an event loop shows of one."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...

    def fileno(self) -> int: ...


def keep_alive(connected: HasOptions, dead_seconds: int) -> None:
    """Let the kernel end a connection whose other side has not answered for so long (clause P-4.3).

    Args:
        connected: the socket; accepted ones inherit it from the listening one.
        dead_seconds: also with bytes that wait to be acknowledged.
    """
    idle, interval = max(1, dead_seconds // 2), max(1, dead_seconds // 8)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", idle),
        ("TCP_KEEPALIVE", idle),  # macOS's name for it
        ("TCP_KEEPINTVL", interval),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", dead_seconds * 1000),  # with unacknowledged data, where keep-alive is silent
    ):
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def untaken_bytes(connected: HasOptions) -> int:
    """How many bytes the kernel holds that the other side has not acknowledged; 0 where it does not tell."""
    if ioctl is None:
        return 0
    try:
        return int(struct.unpack("i", ioctl(connected.fileno(), TIOCOUTQ, bytes(4)))[0])
    except OSError:
        return 0
