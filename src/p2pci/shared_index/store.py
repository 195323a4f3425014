"""What a shared index wants of the place where servers meet: leases, fields, and word to all of them.

`redis_store` is the real one; the simulated test bed has one in memory. Names of servers, epochs and fields
are ours; values are bytes that only `encoding` reads. Every method raises StoreAwayError when the store is
not reached, SharedIndexError when it refuses us.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

Fields = Mapping[int, bytes | None]
NO_FIELDS: Fields = {}


class Post(NamedTuple):
    """What is written in one go.

    Attributes:
        messages: told to all that listen, in this order.
        editions: by their numbers; None takes one away.
        peers: by their serials; None takes one away.
        sequence: the last message that all fields written so far have in them; None leaves it.
        renews: the lease, too.
    """

    messages: Sequence[bytes] = ()
    editions: Fields = NO_FIELDS
    peers: Fields = NO_FIELDS
    sequence: int | None = None
    renews: bool = False

    @property
    def stores(self) -> bool:
        """Whether there is more in it than messages."""
        return bool(self.editions or self.peers or self.sequence is not None)


class Store(Protocol):
    """Where the servers of one shared index meet."""

    async def open(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """End all connections; never fails."""

    async def listen(self) -> AsyncIterator[bytes | None]:
        """Subscribe, and give the messages of all from then on; None after some silence."""

    async def claim(self, name: str, epoch: str, *, instead_of: str, lease_seconds: float) -> bool:
        """Take a name for one epoch; False when it is another's than `instead_of`."""

    async def seconds_left(self, name: str) -> float:
        """Tell how long a name is still taken if its server does no more; 0 when it is free."""

    async def post(self, name: str, epoch: str, post: Post, *, lease_seconds: float) -> None:
        """Write, tell, renew the lease; all of it, or nothing.

        Raises:
            LeaseLostError: the lease has ended, or the name is another's.
        """

    async def release(self, name: str, epoch: str, message: bytes) -> None:
        """Give a name back, with all that was written under it, and tell the others."""

    async def nodes(self) -> dict[str, str]:
        """Give the names of all servers that are there, with their epochs."""

    async def sequence(self, name: str, epoch: str) -> int | None:
        """Give the sequence that was last posted; None when there is nothing of that epoch."""

    def editions(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        """Give the fields in batches."""

    def peers(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        """Give the fields in batches."""
