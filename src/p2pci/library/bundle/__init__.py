"""Bundles: many documents in one file, for where no network goes.

    manifest   the list that a bundle begins with
    archive    the tar around it, written and read strictly, piece by piece
    exporting  from the shelf into a bundle
    importing  from a bundle onto the shelf

A bundle is a tar that any `tar` unpacks: `manifest.json`, then `rfcs/rfcN.txt` by number. What is read of one
is hostile: nothing gets a name that the list does not give it, or other bytes than the list says. Plain
blocking functions on the standard library; imports the rest of the floor, and errors.
"""

from p2pci.library.bundle.archive import KINDS
from p2pci.library.bundle.exporting import Export, hidden_until_whole
from p2pci.library.bundle.importing import MAX_DOCUMENT_BYTES, Fate, Import, Imported
from p2pci.library.bundle.manifest import Entry, read_earlier

__all__ = [
    "KINDS",
    "MAX_DOCUMENT_BYTES",
    "Entry",
    "Export",
    "Fate",
    "Import",
    "Imported",
    "hidden_until_whole",
    "read_earlier",
]
