"""Whole shelves at once: what the swarm has and the shelf lacks.

    running    from the question to the report
    selection  which documents are wanted
    catalogue  what the swarm has, asked of the index
    finding    its titles that fit what is searched
    transfer   many documents from many holders, the rarest first
    channel    one connection with several requests on their way
    storing    checked and put on the shelf in batches

Imports `client`, `download`, `origin`, `dialing`, `library`, `protocol`, `events` and `errors`.
"""

from p2pci.mirror.catalogue import Offer, read_catalogue
from p2pci.mirror.finding import SwarmTitle, SwarmTitles, find_titles
from p2pci.mirror.running import Mirror, MirrorOptions, Plan
from p2pci.mirror.selection import Selection, parse_list, parse_ranges

__all__ = [
    "Mirror",
    "MirrorOptions",
    "Offer",
    "Plan",
    "Selection",
    "SwarmTitle",
    "SwarmTitles",
    "find_titles",
    "parse_list",
    "parse_ranges",
    "read_catalogue",
]
