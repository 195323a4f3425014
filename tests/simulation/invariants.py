"""What must hold whenever the world is at rest for a moment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from p2pci.server.connection import IndexConnection
from tests.simulation.foreign import Place
from tests.simulation.plain_index import PlainEnd, PlainIndex
from tests.simulation.world import INDEX

if TYPE_CHECKING:
    from p2pci.server import IndexServer
    from tests.simulation.connection import End
    from tests.simulation.world import Machine, World

MARGIN_SECONDS = 5.0


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
    if world.server is None:
        return
    records = listed(world.server)
    _check_acknowledged(world, records)
    _check_outliving(world, records)


def _check_acknowledged(world: World, records: Counter[Place]) -> None:
    """An acknowledged record of a live peer is listed exactly once."""
    for place, count in records.items():
        if count != 1:
            world.troubles.append(f"{place} is listed {count} times")
    for machine in world.machines:
        for place in sorted(acknowledged(machine) - set(records)):
            world.troubles.append(f"{place} was acknowledged and is not listed")
    for foreigner in world.foreigners:
        for place in sorted(foreigner.places() - set(records)):
            world.troubles.append(f"{place} was acknowledged to another's program and is not listed")


def acknowledged(machine: Machine) -> set[Place]:
    """The records that a peer knows to be registered, while the connection stands and nothing is asked."""
    membership = machine.peer._membership if machine.peer else None
    place = membership._place if membership else None
    if not membership or not place or membership._turn.locked():
        return set()
    link: Any = place.index._link
    end: End = link.transport
    if end.ended_at is not None or end.other.ended_at is not None:
        return set()
    told = set(place.registration._told) - place.registration._refused
    return {(number, *membership.identity) for number in told}


def _check_outliving(world: World, records: Counter[Place]) -> None:
    """No record outlives the connection it came by, nor that its peer by more than the bound."""
    holders = set()
    bound = world.dead_seconds * 1.25 + MARGIN_SECONDS
    for end in world.network.ends:
        identity = _identity(getattr(end, "protocol", None))
        if end.here != INDEX[0] or not identity:
            continue
        holders.add(identity)
        ended_at = end.other.ended_at
        if ended_at is not None and world.loop.now - ended_at > bound:
            world.troubles.append(
                f"the records of {identity[0]} have outlived it by {world.loop.now - ended_at:.0f} s"
            )
    for number, host, port in records:
        if (host, port) not in holders:
            world.troubles.append(f"RFC {number} of {host}:{port} has outlived its connection")


def _identity(protocol: object) -> tuple[str, int] | None:
    """Of whom an index has records by this side of a connection."""
    if isinstance(protocol, IndexConnection) and protocol._member:
        return protocol._member.host, protocol._member.port
    return protocol.identity if isinstance(protocol, PlainEnd) else None


def check_all_back(world: World) -> None:
    """In the end every peer that runs, ours or not, is listed with all that it offers, and nobody else is."""
    assert world.server
    found = set(_records(world.server))
    for foreigner in world.foreigners:
        if len(foreigner.places()) != len(foreigner.documents):
            world.troubles.append(f"the foreign program on {foreigner.host} is not registered in the end")
        found -= {(number, f"Title of {number}", host, port) for number, host, port in foreigner.places()}
    expected = {
        (number, record.title, *machine.peer.identity)
        for machine in world.machines
        if machine.peer
        for number, record in machine.peer._offer.records().items()
    }
    for record in sorted(expected - found):
        world.troubles.append(f"{record} is offered, and not listed in the end")
    for record in sorted(found - expected):
        world.troubles.append(f"{record} is listed in the end, and not offered")
