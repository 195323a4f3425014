"""The upload server of a peer: documents by number, one GET per connection (P2P, clauses P-3.1 to P-3.6).

`server` is what runs, `connection` answers one GET, `kept` has small documents ready in memory, and
`from_file` lets the kernel send the large ones. Imports `serving`, `library`, `protocol`, `events` and
`errors`.
"""

from p2pci.upload.server import UploadLimits, UploadServer

__all__ = ["UploadLimits", "UploadServer"]
