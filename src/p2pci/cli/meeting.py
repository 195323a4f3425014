"""Where several index servers meet, as `p2pci server --shared` says it."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from p2pci.events import Watcher
    from p2pci.shared_index import SharedIndex


class Meeting(NamedTuple):
    """The place in Redis where servers meet, and who we are there.

    Attributes:
        url: of Redis.
        node: our name; None for the host's with our port.
        prefix: of the keys; each swarm has its own.
        lease_seconds: after that long without word of a server its peers are gone.
    """

    url: str
    node: str | None
    prefix: str
    lease_seconds: float

    def join(self, watch: Watcher, *, port: int) -> SharedIndex:
        """Make our part in the shared index; it joins when the server starts.

        Raises:
            NotInstalledError: redis is not installed.
            InvalidValueError: the address, the name or the prefix is none.
        """
        from p2pci.shared_index import RedisStore, SharedIndex

        node = self.node or f"{socket.gethostname()}:{port or secrets.token_hex(4)}"
        store = RedisStore(self.url, prefix=self.prefix, away_seconds=min(2.0, self.lease_seconds / 4))
        return SharedIndex(store, node=node, lease_seconds=self.lease_seconds, watch=watch)
