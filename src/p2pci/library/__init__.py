"""The shelf of a peer: a folder of documents, their titles, and safe ways in and out.

    shelf      what is in the folder; a document opened by its number
    documents  a document that is open
    incoming   a document on its way in: hidden until it is whole
    names      file names and numbers
    titles     the title of a document, read from its first page, fit to send
    listing    the RFC Editor's index files: which of them counts, and what it says of a document
    rfc_index, rfc_index_xml  its two forms read into entries
    sharing    which numbers are shared
    entries    what an index says of one document
    readings   titles and digests, kept from one run to the next
    folder     the folder's descriptor, and the system's refusals in words
    search     the full-text index (a package of its own)

Plain blocking functions on the standard library; imports the protocol's values, and errors.
"""

from p2pci.library.documents import Document, FileState, OpenDocument
from p2pci.library.entries import Entry
from p2pci.library.incoming import Incoming, Version
from p2pci.library.readings import SETTLED_SECONDS, is_settled
from p2pci.library.saving import Arrived, Hidden
from p2pci.library.sharing import ALL, Numbers, Sharing
from p2pci.library.shelf import Shelf
from p2pci.library.titles import fit_title

__all__ = [
    "ALL",
    "SETTLED_SECONDS",
    "Arrived",
    "Document",
    "Entry",
    "FileState",
    "Hidden",
    "Incoming",
    "Numbers",
    "OpenDocument",
    "Sharing",
    "Shelf",
    "Version",
    "fit_title",
    "is_settled",
]
