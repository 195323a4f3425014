"""Word of a machine that no longer answers, from the kernel: TCP keep-alive, on both sides of a conversation.

An idle connection tells nothing of its other side: of itself neither end would notice a cable that was out,
a machine that lost its power, or a NAT that forgot the connection. Imports nothing of the project.
"""

from __future__ import annotations

import socket
from typing import Protocol


class HasOptions(Protocol):
    """A socket, or what an event loop shows of one."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...


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
