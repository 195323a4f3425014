"""A large document on its way from its file to a socket, in a worker thread.

The thread has a descriptor of its own for the socket, so that one that the event loop closes meanwhile can
not become another connection's under it.
"""

from __future__ import annotations

import os
import select
import socket
from typing import TYPE_CHECKING

from p2pci.errors import LibraryError

if TYPE_CHECKING:
    import asyncio

    from p2pci.library import OpenDocument

SEND_BYTES = 128 * 1024  # copied at a time: more of it than the caches hold would cost, and so do more calls
PROBE_BYTES = 2 * 1024
TURN_BYTES = 16 * 1024 * 1024  # sent before the worker turns to another document
TURN_MILLISECONDS = 2  # that it waits for a reader, which may be a fast one


def duplicate(transport: asyncio.Transport) -> socket.socket | None:
    """Give a transport's socket once more, which stays open when that is closed; None if it can't be."""
    connected = transport.get_extra_info("socket")
    if not connected or not (hasattr(select, "poll") and hasattr(os, "preadv")):
        return None
    out = socket.socket(fileno=os.dup(connected.fileno()))
    if hasattr(socket, "TCP_CORK"):  # waiting to fill segments costs a large document a tenth of its speed
        out.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    return out


def push(transport: asyncio.Transport) -> None:
    """Let answers out at once on a connection that no close follows (see Listener.open)."""
    connected = transport.get_extra_info("socket")
    if connected and hasattr(socket, "TCP_CORK"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def send_some(document: OpenDocument, out: socket.socket | None, piece_bytes: int) -> bytes:
    """Send as much as the reader takes without being waited for; runs in a worker thread.

    Args:
        document: whose next bytes are sent.
        out: the socket from `duplicate`; nothing may wait to be written before these bytes. None: they are
            left to the transport.
        piece_bytes: that are read then.

    Returns:
        The piece that follows. Written through the transport, it tells when the reader takes more. b"" at the
        end, and when the disk fails or the file has shrunk: the reader sees that the body is too short.
    """
    try:
        if out is None:
            return document.read(piece_bytes)
        turn_ends = max(0, document.left - TURN_BYTES)
        while document.left > turn_ends and _send_once(document, out):
            pass
        return document.read(PROBE_BYTES)
    except (OSError, LibraryError):
        return b""


def _send_once(document: OpenDocument, out: socket.socket) -> bool:
    """Send once, or wait a moment until that can be done; False when it can't."""
    try:
        return document.send(out.fileno(), SEND_BYTES) > 0
    except BlockingIOError:
        poll = select.poll()
        poll.register(out, select.POLLOUT)
        return bool(poll.poll(TURN_MILLISECONDS))
