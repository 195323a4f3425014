"""Who holds what: a pure data structure, without I/O, that the index server answers from.

`records` has the members and their records, `editions` what they are records of, `lines` writes them,
`membership` knows the host under which a member is published, `surveying` counts copies, `bitmaps` has the
compact sets below. Imports nothing of the project above the protocol.
"""

from p2pci.index.editions import Record
from p2pci.index.membership import published_host
from p2pci.index.records import Index, Member
from p2pci.index.surveying import Survey

__all__ = ["Index", "Member", "Record", "Survey", "published_host"]
