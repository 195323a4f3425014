"""The origin: a web server outside that has every document, for what no peer holds.

    origin  documents and the index file from it, onto a shelf
    web     a file from a web server, whole and within limits; the only place that imports httpx2
    limits  how long it is waited for, and how much is taken

Imports `library`, `dialing`, `events` and `errors`.
"""

from p2pci.origin.limits import OriginLimits
from p2pci.origin.origin import Origin

__all__ = ["Origin", "OriginLimits"]
