"""The upload server of a peer: documents by number (P2P, clauses P-3.1 to P-3.6, P-5.19 to P-5.29).

    server      what runs: its limits, its port, what its connections share
    connection  the GETs of one connection, and their answers in order
    heads       what stands before a document's bytes
    kept        small documents, ready in memory
    opening     documents opened and read in a worker thread
    pacing      how fast all go out together, where that is limited
    from_file   large ones, sent as their readers take them

Imports `serving`, `countdown`, `library`, `protocol`, `events` and `errors`.
"""

from p2pci.upload.connection import Sending
from p2pci.upload.server import UploadLimits, UploadServer

__all__ = ["Sending", "UploadLimits", "UploadServer"]
