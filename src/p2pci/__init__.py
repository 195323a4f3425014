"""P2P-CI: a peer-to-peer system with a centralized index, for RFC documents.

The public names: run an index with IndexServer, a peer with Peer; ask an index with IndexClient, and a
holder with fetch. Everything runs on asyncio and on the standard library alone.

>>> from pathlib import Path
>>> async def main():
...     with Shelf(Path("theirs")) as theirs, Shelf(Path("ours")) as ours:
...         Path("theirs/rfc3457.txt").write_text("Some text.")
...         async with UploadServer(theirs, host="127.0.0.1") as holder:
...             downloaded = await fetch(3457, ("127.0.0.1", holder.port), shelf=ours)
...     return downloaded.path.name, downloaded.size
>>> asyncio.run(main())
('rfc3457.txt', 10)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from p2pci.client import Answer, ClientLimits, IndexClient
    from p2pci.download import DownloadLimits, fetch
    from p2pci.errors import (
        CannotConnectError,
        CannotListenError,
        ConnectionLostError,
        DeadlineError,
        InvalidValueError,
        LibraryError,
        NetworkError,
        NotFoundError,
        NotOnShelfError,
        P2PCIError,
        ProtocolError,
        RefusedError,
        TurnedAwayError,
    )
    from p2pci.events import Downloaded
    from p2pci.library import Shelf
    from p2pci.peer import FollowLimits, Peer, PeerLimits
    from p2pci.protocol.grammar import DEFAULT_PORT, Status
    from p2pci.protocol.messages import Record
    from p2pci.server import IndexServer
    from p2pci.serving import ServingLimits
    from p2pci.upload import UploadLimits, UploadServer

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_PORT",
    "Answer",
    "CannotConnectError",
    "CannotListenError",
    "ClientLimits",
    "ConnectionLostError",
    "DeadlineError",
    "DownloadLimits",
    "Downloaded",
    "FollowLimits",
    "IndexClient",
    "IndexServer",
    "InvalidValueError",
    "LibraryError",
    "NetworkError",
    "NotFoundError",
    "NotOnShelfError",
    "P2PCIError",
    "Peer",
    "PeerLimits",
    "ProtocolError",
    "Record",
    "RefusedError",
    "ServingLimits",
    "Shelf",
    "Status",
    "TurnedAwayError",
    "UploadLimits",
    "UploadServer",
    "fetch",
]

# Each name is imported when it is asked for: commands that need little of this start in half the time.
_HOMES = {
    "client": ("Answer", "ClientLimits", "IndexClient"),
    "download": ("DownloadLimits", "fetch"),
    "errors": (
        "CannotConnectError",
        "CannotListenError",
        "ConnectionLostError",
        "DeadlineError",
        "InvalidValueError",
        "LibraryError",
        "NetworkError",
        "NotFoundError",
        "NotOnShelfError",
        "P2PCIError",
        "ProtocolError",
        "RefusedError",
        "TurnedAwayError",
    ),
    "events": ("Downloaded",),
    "library": ("Shelf",),
    "peer": ("FollowLimits", "Peer", "PeerLimits"),
    "protocol.grammar": ("DEFAULT_PORT", "Status"),
    "protocol.messages": ("Record",),
    "server": ("IndexServer",),
    "serving": ("ServingLimits",),
    "upload": ("UploadLimits", "UploadServer"),
}


if not TYPE_CHECKING:  # else every misspelt name would be one

    def __getattr__(name: str) -> object:
        for module, names in _HOMES.items():
            if name in names:
                globals()[name] = value = getattr(import_module(f"p2pci.{module}"), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
