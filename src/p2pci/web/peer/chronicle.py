"""What a peer tells of itself, kept for its page: it is the peer's watcher, and its trace.

It is made before the peer, which is given its `watch` and `trace`. Imports `events` and its package's
`messages` and `transfers`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from p2pci import events
from p2pci.events import Address, Event
from p2pci.web.peer.messages import Messages
from p2pci.web.peer.transfers import Transfers

MAX_NOTED = 50


@dataclass(slots=True)
class Health:
    """How the peer is.

    Attributes:
        index_lost: why the index is away; "" while it is there.
        retry_seconds: until it is tried again, when it was lost.
        since: when the index was reached or lost last, seconds since 1970.
        reachable: host and port, and whether others reach us there as the index found; None when it was not
            asked, or did not try.
        folder_trouble: why the folder cannot be read; "" when it can.
        watching_trouble: why the system tells of no changes; "" when it does.
        not_registered: why the index did not take documents, by number.
    """

    index_lost: str = ""
    retry_seconds: float = 0.0
    since: float = 0.0
    reachable: tuple[Address, bool] | None = None
    folder_trouble: str = ""
    watching_trouble: str = ""
    not_registered: dict[int, str] = field(default_factory=dict)


class Chronicle:
    """The peer's events, as far as its page shows them.

    Attributes:
        health: see Health.
        transfers: see Transfers.
        messages: see Messages.
        stir: called with the name of what has changed: "health", "transfers" or "log".
    """

    def __init__(self) -> None:
        self.health = Health()
        self.transfers = Transfers()
        self.messages = Messages()
        self.stir: Callable[[str], None] = _nobody_listens

    def watch(self, event: Event) -> None:
        """Keep what happens now and then."""
        if self.transfers.take(event, time=time.time()):
            self.stir("transfers")
        elif self._note_index(event) or self._note_folder(event):
            self.stir("health")

    def trace(self, event: Event) -> None:
        """Keep a message."""
        self.messages.take(event, time=time.time())
        self.stir("log")

    def _note_index(self, event: Event) -> bool:
        health = self.health
        match event:
            case events.IndexConnected():
                health.index_lost, health.since, health.reachable = "", time.time(), None
                health.not_registered.clear()
            case events.IndexLost(reason, retry_seconds):
                if not health.index_lost:
                    health.since = time.time()
                health.index_lost, health.retry_seconds = reason, retry_seconds
            case events.Reachable(host, port) | events.Unreachable(host, port):
                health.reachable = ((host, port), isinstance(event, events.Reachable))
            case events.NotRegistered(number, reason):
                if len(health.not_registered) < MAX_NOTED:
                    health.not_registered[number] = reason
            case events.Registered() | events.Unregistered() | events.Advertised():
                pass
            case _:
                return False
        return True

    def _note_folder(self, event: Event) -> bool:
        health = self.health
        match event:
            case events.FolderTrouble(error):
                health.folder_trouble = str(error)
            case events.FolderBack():
                health.folder_trouble = ""
            case events.WatchingFailed(reason, _):
                health.watching_trouble = reason
            case events.LeftOut():
                pass
            case _:
                return False
        return True


def _nobody_listens(_topic: str) -> None:
    pass
