"""A program: many peers in one process, each a Peer of its own that shares one folder.

    python many_peers.py INDEX_PORT COUNT FOLDER

Prints a line when all have joined, and each pause before a try to reach a lost index.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from p2pci.cli.running import ending_signals, raise_descriptor_limit, run
from p2pci.events import Event, IndexLost
from p2pci.peer import FollowLimits, Peer, PeerLimits

RARELY = PeerLimits(follow=FollowLimits(rescan_seconds=0.0, polls=True, poll_seconds=3600.0))


def tell(event: Event) -> None:
    if isinstance(event, IndexLost):
        print(f"[SWARM] next try in {event.retry_seconds:.6f} s", flush=True)


async def share(port: int, count: int, folder: Path) -> None:
    raise_descriptor_limit()
    async with AsyncExitStack() as stack:
        for _ in range(count):
            peer = Peer(("127.0.0.1", port), folder, bind="127.0.0.1", watch=tell, limits=RARELY)
            await stack.enter_async_context(peer)
        print("[SWARM] All have joined.", flush=True)
        with ending_signals() as ending:
            await asyncio.shield(ending)


if __name__ == "__main__":
    run(share(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
