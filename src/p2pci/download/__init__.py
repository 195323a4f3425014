"""Downloads: documents from their holders (P2P), checked and saved.

    session   many of them: which holders, in which order, again after a failure
    votes     which bytes are right when holders disagree
    fetching  one document from one holder
    inflow    the connection to a holder
    limits    how long, how much

Imports `dialing`, `library`, `protocol`, `events` and `errors`.
"""

from p2pci.download.fetching import Manner, fetch
from p2pci.download.limits import DownloadLimits
from p2pci.download.session import HOLDERS_WANTED, Downloads
from p2pci.download.votes import Vote, count_votes, elect

__all__ = [
    "HOLDERS_WANTED",
    "DownloadLimits",
    "Downloads",
    "Manner",
    "Vote",
    "count_votes",
    "elect",
    "fetch",
]
