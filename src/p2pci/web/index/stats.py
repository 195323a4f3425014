"""What there is to tell of an index server, as plain values: `/stats.json` is this, and `/stats` shows it.

Lists are pages: no answer grows with the index. Text from the wire stays as it came; whoever shows it sees to
it that it is text alone. Times are seconds since 1970. Imports its package, `server`, `index` and `events`.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from p2pci import __version__
from p2pci.events import Joined, Left, TurnedAway
from p2pci.index import Index, Survey
from p2pci.server import IndexServer
from p2pci.server.counting import Counts
from p2pci.serving import Admission
from p2pci.web.index.history import History, Passage, rates

if TYPE_CHECKING:
    from p2pci.shared_index import SharedIndex

Facts = dict[str, Any]

MAX_PAGE = 200  # which takes a page 20 ms to write
DURATION_BITS = range(12, 31, 2)  # 4 µs, 16 µs, 66 µs ... 1.1 s
# How many holders are counted together: up to each of these.
_HOLDERS_UP_TO = (1, 2, 3, 4, 9, 19, 49, 99, 999)


class Pages(NamedTuple):
    """Which part of the lists is wanted.

    Attributes:
        size: of each page.
        peers: how many of those that joined last are passed over.
        alone: the number from which on documents with one copy are listed.
    """

    size: int = 8
    peers: int = 0
    alone: int = 0


def describe(server: IndexServer, history: History, survey: Survey, *, pages: Pages) -> Facts:
    """Tell all of it."""
    before, now = history.recent()
    seconds = now.time - before.time
    counts = server.counts
    return {
        "version": __version__,
        "state": server.state.value,
        "shared": _shared(server.shared),
        "port": server.port,
        "time": now.time,
        "since": history.began,
        "records": server.index.record_count,
        "peers": _peers(server.index, pages),
        "documents": _documents(server.index, survey, pages),
        "requests": _requests(counts),
        "requests_per_second": (now.requests - before.requests) / seconds if seconds > 0 else 0.0,
        "bytes": {"received": counts.received, "sent": counts.sent},
        "answer_times": _answer_times(counts),
        "connections": {"now": server.connection_count, **newcomers(server)},
        "history": [sample._asdict() for sample in (*history.samples, now)],
        "rates": rates((*history.samples, now)),
        "passages": [_passage(each) for each in islice(reversed(history.passages), pages.size)],
    }


def _shared(shared: SharedIndex | None) -> Facts | None:
    """Tell how it stands with the other servers; None for one of its own."""
    return {"state": shared.state.value, "others": len(shared.others)} if shared else None


def newcomers(server: IndexServer) -> dict[str, int]:
    """Tell what became of connections, by the word for it."""
    admissions = server.admissions
    return {
        "accepted": admissions.get(Admission.WELCOME, 0),
        "refused_full": admissions.get(Admission.FULL, 0),
        "refused_address": admissions.get(Admission.CROWDED, 0),
        "denied": admissions.get(Admission.DENIED, 0),
    }


def _peers(index: Index, pages: Pages) -> Facts:
    clock_difference = time.time() - asyncio.get_running_loop().time()
    page = [
        {
            "host": member.host,
            "port": member.port,
            "documents": len(member.numbers),
            "since": clock_difference + member.since,
        }
        for member in index.newest_members(pages.peers, pages.size)
    ]
    return {"count": index.member_count, "from": pages.peers, "page": page}


def _documents(index: Index, survey: Survey, pages: Pages) -> Facts:
    first = bisect_left(survey.alone, pages.alone)
    numbers = survey.alone[first : first + pages.size]
    found = [index.find(number) for number in numbers]
    following = survey.alone[first + pages.size : first + pages.size + 1]
    return {
        "count": sum(survey.by_holders.values()),
        "by_holders": by_holders(survey),
        "alone": {
            "count": survey.by_holders[1],
            "from": pages.alone,
            "page": [record._asdict() for record in found if record],
            "next": following[0] if following else None,
        },
    }


def by_holders(survey: Survey) -> list[Facts]:
    """Count documents by their holders; many holders in groups, the last of which has no end."""
    groups = []
    low = 1
    for high in (*_HOLDERS_UP_TO, None):
        documents = sum(
            count
            for holders, count in survey.by_holders.items()
            if low <= holders and (high is None or holders <= high)
        )
        groups.append({"from": low, "to": high, "documents": documents})
        low = (high or 0) + 1
    return groups


def _requests(counts: Counts) -> dict[str, dict[str, int]]:
    requests: dict[str, dict[str, int]] = {}
    for (method, code), count in counts.answered().items():
        requests.setdefault(method, {})[code] = count
    return requests


def _answer_times(counts: Counts) -> list[Facts]:
    """Count batches of answers by the seconds that they took; the last ones have no bound."""
    times = []
    low = 0
    for bits in (*DURATION_BITS, None):
        batches = sum(counts.durations[low : bits + 1] if bits else counts.durations[low:])
        times.append({"up_to_seconds": 2**bits / 1e9 if bits else None, "batches": batches})
        low = (bits or 0) + 1
    return times


def _passage(passage: Passage) -> Facts:
    """Tell who came or went; of who was turned away the place alone is known, "" when all were too many."""
    facts = {"time": passage.time, "port": 0, "records": 0}
    match passage.event:
        case Joined(host, port):
            return {**facts, "what": "joined", "host": host, "port": port}
        case Left(host, port, records):
            return {**facts, "what": "left", "host": host, "port": port, "records": records}
        case TurnedAway(place):
            return {**facts, "what": "turned away", "host": place}
