"""A peer put together: its shelf, its upload server, and its conversation with the index.

    peer        the whole, and what it is asked
    membership  the conversation with the index, kept alive; what is registered there is what is offered
    offer       what is offered: the documents of the shelf, and what was added by hand
    following   the shelf kept as its folder is
    rest        which of its files may still be written
    watching    the system's word that the folder has changed, where watchfiles is installed

Imports `upload`, `client`, `download`, `dialing`, `library`, `protocol`, `events` and `errors`.
"""

from p2pci.peer.following import FollowLimits
from p2pci.peer.peer import Peer, PeerLimits

__all__ = ["FollowLimits", "Peer", "PeerLimits"]
