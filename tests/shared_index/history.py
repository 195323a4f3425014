"""What clients of a shared index did and saw, and whether it could be so.

Two rules, offline: no LOOKUP shows a record later than lease and bound after its owner left, and none
misses one that was acknowledged longer than the bound ago. Time in which something was broken on purpose
does not count: an outage of Redis stretches both bounds to the promised time after its end, and a server that
stood still may be missing what others have, and others what it has, until it has joined anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple


class Outage(NamedTuple):
    """Redis was killed, emptied or hung; or a server was stopped, and is `server` then."""

    begin: float
    end: float
    server: str = ""


@dataclass(slots=True)
class Held:
    """A record: acknowledged, and at an end when its owner began to leave and when it certainly had."""

    number: int
    port: int
    server: str
    acknowledged: float
    leaving: float = inf
    left: float = inf


class Seen(NamedTuple):
    """A LOOKUP: when it was asked and answered, and the ports of the holders."""

    number: int
    server: str
    asked: float
    answered: float
    ports: frozenset[int]


@dataclass(slots=True)
class History:
    """See the module; `bound` in seconds, `back` those within which all agree again after an outage."""

    lease: float
    bound: float
    back: float
    held: list[Held] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Give what cannot be."""
        by_number: dict[int, list[Held]] = {}
        for held in self.held:
            by_number.setdefault(held.number, []).append(held)
        found: list[str] = []
        for seen in self.seen:
            records = by_number.get(seen.number, [])
            found += self._missing(seen, records)
            found += self._stale(seen, records)
        return found

    def _missing(self, seen: Seen, records: Iterable[Held]) -> Iterable[str]:
        for held in records:
            visible = self._stretched(held.acknowledged, self.bound, servers=(held.server, seen.server))
            is_there = visible <= seen.asked and seen.answered <= held.leaving
            disturbed = self._disturbed(seen, held.server)
            if is_there and not disturbed and held.port not in seen.ports:
                yield f"{seen} misses {held}"

    def _stale(self, seen: Seen, records: Iterable[Held]) -> Iterable[str]:
        for port in seen.ports:
            owners = [held for held in records if held.port == port]
            last = max((held.left for held in owners), default=-inf)
            # What a server that stood still answers, it answers after its end.
            asked = max(
                [
                    seen.asked,
                    *(
                        each.end
                        for each in self.outages
                        if each.server == seen.server
                        and each.begin <= seen.asked <= each.end <= seen.answered
                    ),
                ]
            )
            if self._stretched(last, self.lease + self.bound, servers=()) < asked:
                yield f"{seen} still shows {port}: {owners}"

    def _stretched(self, since: float, seconds: float, *, servers: tuple[str, ...]) -> float:
        """When something has come through that began then; outages in between make it later."""
        until = since + seconds
        for outage in sorted(self.outages):
            if (
                (not outage.server or outage.server in servers)
                and outage.begin <= until
                and since <= outage.end + self.back
            ):
                until = max(until, outage.end + self.back + seconds)
        return until

    def _disturbed(self, seen: Seen, owner: str) -> bool:
        """Whether one of the two servers stood still, or was joining anew, at any time of the LOOKUP."""
        return any(
            outage.server in (seen.server, owner)
            and outage.begin <= seen.answered
            and seen.asked <= outage.end + self.back
            for outage in self.outages
            if outage.server
        )
