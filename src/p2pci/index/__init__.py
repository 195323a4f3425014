"""Who holds what: a pure data structure, without I/O, that the index server answers from.

`records` has the members and their records, `holdings` what these are made of, `lines` writes them,
`sharers` knows members of one host and port, `membership` the host under which one is published, `surveying`
counts copies, `bitmaps` has the compact sets below. Imports nothing of the project above the protocol.
"""

from p2pci.index.bitmaps import BitMap
from p2pci.index.holdings import Edition, Member, Record, edition_bytes
from p2pci.index.membership import published_host
from p2pci.index.records import Index
from p2pci.index.surveying import Survey

__all__ = ["BitMap", "Edition", "Index", "Member", "Record", "Survey", "edition_bytes", "published_host"]
