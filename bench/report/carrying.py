"""What one index carries, on paper: the measured costs multiplied out for swarms of several sizes.

Imports `results` and `table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.table import show_figure
from bench.rows import adds, idle, listing, lookups, scale

if TYPE_CHECKING:
    from bench.report.results import Results

MOST_CONNECTIONS = 50_000  # what the server accepts by default
RECORD_BYTES = 90  # of a record line
LOOKUPS_EACH_MINUTE = 1.0  # of a peer: a busy reader
LEAVES_EACH_DAY = 2.0  # of a peer, with all its records, which it adds again
HOLDERS_SHOWN = 3
GIGABIT = 1e9 / 8  # bytes a second
SWARMS = ((30, 300), (1000, 9700), (10_000, 1000), (50_000, 200))  # peers, documents of each

HEADINGS = (
    "Peers",
    "documents of each",
    "records",
    "memory",
    "requests/s",
    "of one core",
    "sent, Mbit/s",
    "all come back within",
)


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, per piece."""

    lookups_each_second: float
    adds_each_second: float
    list_bytes_each_second: float
    start_bytes: float
    peer_bytes: float
    record_bytes: float


def _costs(results: Results) -> Costs | None:
    found = {
        "lookup": results.line(lookups.ROW),
        "add": results.line(adds.ROW),
        "list": results.line(listing.ROW),
        "memory": results.line(scale.SUBSETS_ROW),
        "idle": results.line(idle.ROW),
    }
    values = {name: line.value() for name, line in found.items() if line}
    if found["memory"]:
        values["start"] = found["memory"].value(scale.START)
    figures = {name: value for name, value in values.items() if value is not None}
    if len(figures) <= len(found):
        return None
    records = scale.PEERS * scale.SHELF * results.scale**2
    return Costs(
        lookups_each_second=figures["lookup"],
        adds_each_second=figures["add"],
        list_bytes_each_second=figures["list"] * 1e6,
        start_bytes=figures["start"] * 1e6,
        peer_bytes=figures["idle"] * 1000,
        record_bytes=max(0.0, figures["memory"] - figures["start"]) * 1e6 / records,
    )


def what_one_index_carries(results: Results) -> str:
    """Give the section of the page; nothing when not everything was measured."""
    costs = _costs(results)
    if not costs:
        return ""
    return "\n".join((_introduction(costs), _swarms(costs), _limits(costs)))


def _introduction(costs: Costs) -> str:
    lookups, adds = f"{costs.lookups_each_second:,.0f}", f"{costs.adds_each_second:,.0f}"
    peer, record = f"{costs.peer_bytes / 1000:.1f} kB", f"{costs.record_bytes:.1f} bytes"
    return f"""## What one index carries, on paper

From the figures above: {lookups} LOOKUPs a second with one request in flight, {adds} ADDs a second,
{peer} for a silent peer and {record} for a record. Assumed: each peer asks {LOOKUPS_EACH_MINUTE:g} LOOKUP a
minute, with {HOLDERS_SHOWN} holders in the answer, leaves and comes back {LEAVES_EACH_DAY:g} times a day
with its whole shelf, and a record line has {RECORD_BYTES} bytes.
"""


def _swarms(costs: Costs) -> str:
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_swarm(costs, peers, shelf) for peers, shelf in SWARMS)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _swarm(costs: Costs, peers: int, shelf: int) -> tuple[str, ...]:
    """Give the cells of a swarm: what it needs, and what it does to the server."""
    records = peers * shelf
    memory = costs.start_bytes + peers * costs.peer_bytes + records * costs.record_bytes
    asked = peers * LOOKUPS_EACH_MINUTE / 60
    added = records * LEAVES_EACH_DAY / 86_400
    core = asked / costs.lookups_each_second + added / costs.adds_each_second
    sent = (asked * HOLDERS_SHOWN + added) * RECORD_BYTES * 8 / 1e6
    return (
        f"{peers:,}",
        f"{shelf:,}",
        f"{records:,}",
        show_figure(memory / 1e6, "MB"),
        show_figure(asked + added),
        f"{core:.2%}",
        show_figure(sent),
        show_figure(records / costs.adds_each_second, "s"),
    )


def _limits(costs: Costs) -> str:
    listed, answer, popular = 1e6 * RECORD_BYTES, HOLDERS_SHOWN * RECORD_BYTES, 1000 * RECORD_BYTES
    on_cores, on_line = listed / costs.list_bytes_each_second, listed / GIGABIT
    hourly = 1000 * listed * 8 / 3600 / 1e6
    megabytes = f"{listed / 1e6:,.0f} MB"
    return f"""So neither memory nor requests end it first:

* **Connections.** A peer is a connection. The server takes {MOST_CONNECTIONS:,} by default, and the system's
  limit of open files may be lower. More peers than that need a second index.
* **LIST.** A LIST of a million records is {megabytes}: {on_cores:.1f} s of one core, {on_line:.1f} s
  of a gigabit line. A thousand peers that list everything once an hour are sent {hourly:,.0f} Mbit/s, more
  than all LOOKUPs together. Peers that ask for single documents instead cost next to nothing.
* **The line.** With {HOLDERS_SHOWN} holders an answer has some {answer} bytes, and a gigabit carries
  {GIGABIT / answer:,.0f} of them a second. When a thousand peers hold a document, each answer about it has
  {popular / 1000:.0f} kB, and a gigabit carries {GIGABIT / popular:,.0f}: popular documents reach its limit
  first.
* **One machine.** When it goes, all peers are without an index until it is back, and then add everything
  again (the last column). Where that takes too long, several index servers have to stand for each other.

One index is enough for a room, a campus or a company. More than one is needed for more peers than it has
connections, for places that must go on without each other, and to outlive the loss of a machine.
"""
