"""A large document on its way from its file to a socket: the kernel moves the bytes, in a worker thread.

The thread works on a descriptor of its own for the socket, so that what the event loop closes meanwhile can
not become another connection's under it.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from p2pci.errors import LibraryError

if TYPE_CHECKING:
    import asyncio

    from p2pci.library import OpenDocument

PIECE_BYTES = 256 * 1024  # what is read at a time where the kernel does not send files
PROBE_BYTES = 2 * 1024
TURN_BYTES = 16 * 1024 * 1024  # sent before the worker turns to another document
TURN_MILLISECONDS = 2  # that it waits for a reader, which may be a fast one


def duplicate(transport: asyncio.Transport) -> int | None:
    """Give a descriptor of a transport's socket that stays ours when that is closed; None if none can be."""
    connected = transport.get_extra_info("socket")
    return os.dup(connected.fileno()) if connected and hasattr(os, "sendfile") else None


def send_some(document: OpenDocument, out: int | None) -> bytes:
    """Send as much as the reader takes without being waited for; runs in a worker thread.

    Args:
        document: whose next bytes are sent.
        out: the descriptor from `duplicate`; nothing may wait to be written before these bytes.

    Returns:
        The piece that follows. Written through the transport, it tells when the reader takes more. b"" at the
        end, and when the disk fails or the file has shrunk: the reader sees that the body is too short.
    """
    try:
        if out is None:
            return document.read(PIECE_BYTES)
        turn_ends = max(0, document.left - TURN_BYTES)
        while document.left > turn_ends and _send_once(document, out):
            pass
        return document.read(PROBE_BYTES)
    except (OSError, LibraryError):
        return b""


def _send_once(document: OpenDocument, out: int) -> bool:
    """Send once, or wait a moment until that can be done; False when it can't."""
    try:
        return document.send(out, TURN_BYTES) > 0
    except BlockingIOError:
        poll = select.poll()
        poll.register(out, select.POLLOUT)
        return bool(poll.poll(TURN_MILLISECONDS))
