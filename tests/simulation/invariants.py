"""What must hold whenever the world is at rest for a moment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from p2pci.server.connection import IndexConnection
from tests.simulation.foreign import Place
from tests.simulation.plain_index import PlainEnd, PlainIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from p2pci.server import IndexServer
    from tests.simulation.connection import End
    from tests.simulation.indexes import IndexHost
    from tests.simulation.world import Machine, World

MARGIN_SECONDS = 5.0
AGREE_SECONDS = 5.0  # within which index servers that reach each other agree


class Doubt(NamedTuple):
    """What may be so for so many seconds, which are counted from the first look at it, or from later on."""

    what: str
    earliest: float
    seconds: float


def listed(server: IndexServer | PlainIndex) -> Counter[Place]:
    """What LIST shows, without titles."""
    return Counter((number, host, port) for number, _, host, port in _records(server))


def _records(server: IndexServer | PlainIndex) -> list[tuple[int, str, str, int]]:
    if isinstance(server, PlainIndex):
        return [(each.number, each.title, each.host, each.port) for each in server.records()]
    lines = b"".join(server.index.list_all()).decode().splitlines()
    words = [line.split(" ") for line in lines]
    return [(int(line[1]), " ".join(line[2:-2]), line[-2], int(line[-1])) for line in words]


def check(world: World) -> None:
    """Note every invariant that is broken."""
    for machine in world.machines:
        for task in machine.peer._tasks if machine.peer else ():
            if task.done():
                world.troubles.append(f"a task of the peer on {machine.host} has ended: {task}")
    shown = {host: listed(host.server) for host in world.indexes.hosts if host.answers and host.server}
    for host, records in shown.items():
        _check_acknowledged(world, host, records)
        _check_connections(world, host)
    _check_lasting(world, _doubts(world, shown))


def _check_acknowledged(world: World, host: IndexHost, records: Counter[Place]) -> None:
    """An acknowledged record of a live peer is listed exactly once, where the peer has its connection."""
    for place, count in records.items():
        if count != 1:
            world.troubles.append(f"{place} is listed {count} times on {host.host}")
    for machine in world.machines:
        for place in sorted(acknowledged(machine, by=host) - set(records)):
            world.troubles.append(f"{place} was acknowledged and is not listed")
    for foreigner in world.foreigners:
        if foreigner.index == host.address:
            for place in sorted(foreigner.places() - set(records)):
                world.troubles.append(f"{place} was acknowledged to another's program and is not listed")


def acknowledged(machine: Machine, *, by: IndexHost) -> set[Place]:
    """The records that a peer knows to be registered, while the connection stands and nothing is asked."""
    membership = machine.peer._membership if machine.peer else None
    place = membership._place if membership else None
    if not membership or not place or place.index.address != by.address or membership._turn.locked():
        return set()
    link: Any = place.index._link
    end: End = link.transport
    if end.ended_at is not None or end.other.ended_at is not None:
        return set()
    told = set(place.registration._told) - place.registration._refused
    return {(number, *membership.identity) for number in told}


def _check_connections(world: World, host: IndexHost) -> None:
    """No connection outlives its peer by more than the bound."""
    bound = world.dead_seconds * 1.25 + MARGIN_SECONDS
    for end in _ends(world, host):
        ended_at = end.other.ended_at
        if ended_at is not None and world.loop.now - ended_at > bound:
            world.troubles.append(
                f"the records of {end.there} have outlived it by {world.loop.now - ended_at:.0f} s"
            )


def _check_lasting(world: World, doubts: Iterable[Doubt]) -> None:
    """Note what has been so for too long, as often as was looked."""
    now, before = world.loop.now, world.doubts
    world.doubts = {}
    for what, earliest, seconds in doubts:
        since = world.doubts[what] = max(earliest, before.get(what, now))
        if now - since >= seconds:
            world.troubles.append(what)


def _doubts(world: World, shown: Mapping[IndexHost, Counter[Place]]) -> Iterator[Doubt]:
    """What index servers show and should not, which has the lease and a moment to go; or do not, a moment.

    Where there is one, no record outlives the connection it came by. Where there are several, and one has
    just joined the others, it has that time again.
    """
    live = {host: _held(world, host) for host in world.indexes.hosts if host.server and not host.stands_still}
    names = {host.name for host in live}
    held = set[Place]().union(*live.values())
    lease_seconds = world.indexes.lease_seconds + AGREE_SECONDS if world.indexes.board else 0.0
    for host, records in shown.items():
        for name in sorted(set(host.others) - names):
            yield Doubt(f"{name} is gone, and not for {host.name}", host.joining_at, lease_seconds)
        for place in sorted(set(records) - held):
            what = f"{place} has outlived its connection, on {host.host}"
            yield Doubt(what, host.joining_at, lease_seconds)
        for other in shown:
            for place in sorted(live[other] - set(records)):
                what = f"{place} is held on {other.host} and not listed on {host.host}"
                yield Doubt(what, max(host.joining_at, other.joining_at), AGREE_SECONDS)


def _ends(world: World, host: IndexHost) -> list[End]:
    """The server's sides of connections by which it has records."""
    return [
        end
        for end in world.network.ends
        if end.here == host.host and hasattr(end, "protocol") and _records_by(end.protocol)
    ]


def _held(world: World, host: IndexHost) -> set[Place]:
    """The records that a server has by connections of its own."""
    return set[Place]().union(*(_records_by(end.protocol) for end in _ends(world, host)))


def _records_by(protocol: object) -> set[Place]:
    """The records that an index has by this side of a connection."""
    if isinstance(protocol, IndexConnection) and (member := protocol._member):
        return {(number, member.host, member.port) for number in member.numbers}
    if isinstance(protocol, PlainEnd):
        return {(each.number, each.host, each.port) for each in protocol.records.values()}
    return set()


def check_all_back(world: World) -> None:
    """In the end all index servers run, know each other, and list the same."""
    for host in world.indexes.hosts:
        others = sorted(other.name for other in world.indexes.hosts if other is not host)
        if host.others != others:
            world.troubles.append(f"{host.host} knows {host.others} in the end, and not {others}")
        _check_all_listed(world, host)


def _check_all_listed(world: World, host: IndexHost) -> None:
    """Every peer that runs, ours or not, is listed with all that it offers, and nobody else is."""
    assert host.server
    found = set(_records(host.server))
    for foreigner in world.foreigners:
        if len(foreigner.places()) != len(foreigner.documents):
            world.troubles.append(f"the foreign program on {foreigner.host} is not registered in the end")
        found -= {(number, f"Title of {number}", *place) for number, *place in foreigner.places()}
    expected = {
        (number, record.title, *machine.peer.identity)
        for machine in world.machines
        if machine.peer
        for number, record in machine.peer._offer.records().items()
    }
    for record in sorted(expected - found):
        world.troubles.append(f"{record} is offered, and not listed on {host.host} in the end")
    for record in sorted(found - expected):
        world.troubles.append(f"{record} is listed on {host.host} in the end, and not offered")
