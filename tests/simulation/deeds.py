"""What peers and the programs of others do: ask, fetch, mirror, change their shelves, come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from p2pci.errors import DisagreementError
from p2pci.library import Shelf
from p2pci.mirror import Mirror, MirrorOptions, Selection
from p2pci.origin import Origin
from tests.simulation.foreign import WHOLE, Foreigner, Lost, Manner
from tests.simulation.network import on
from tests.simulation.world import FOREIGN_NUMBERS, Machine, World

GET_SECONDS = 900.0  # a lookup that waits for its turn, 60 s of trying, and what the last holder may take
ASK_SECONDS = 150.0
OUTSIDE = Selection(((40, 50),))


# Of our peers


async def _get(world: World, machine: Machine) -> None:
    await _start_get(world, machine)


async def _get_many(world: World, machine: Machine) -> None:
    """Several at once, one of which is given up."""
    gets = [_start_get(world, machine) for _ in range(4)]
    await asyncio.sleep(_moment(world))
    await world.call_off(gets[:1])
    await asyncio.wait(gets)


def _start_get(world: World, machine: Machine) -> asyncio.Task[bool]:
    assert machine.peer
    get = machine.peer.get(world.chance.choice([*world.editions, 99]))
    return asyncio.create_task(world.ends(get, within_seconds=GET_SECONDS, name="get"))


async def _ask(world: World, machine: Machine) -> None:
    peer = machine.peer
    assert peer
    question = world.chance.choice((peer.list_all, lambda: peer.lookup(world.chance.randint(1, 20))))

    async def ask() -> None:
        answer = await question()
        if len({record[:1] + record[2:4] for record in answer.records}) < len(answer.records):
            world.troubles.append(f"an answer has a record twice: {answer.records}")

    await world.ends(ask(), within_seconds=ASK_SECONDS, name="ask")


async def _change(world: World, machine: Machine) -> None:
    numbers = world.numbers_on(machine)
    if numbers and world.chance.random() < 0.4:
        world.remove(machine, world.chance.choice(numbers))
    else:
        world.write(machine, world.chance.randint(1, 30))


async def _leave(world: World, machine: Machine) -> None:
    """Go, often in the midst of something."""
    gets = [_start_get(world, machine) for _ in range(world.chance.randint(0, 3))]
    await asyncio.sleep(_moment(world))
    await world.stop_peer(machine, kills=world.chance.random() < 0.6, tasks=gets)


async def _mirror(world: World, machine: Machine) -> None:
    """Fill a shelf from all that there is, a second one or the peer's own, and at times not to the end."""
    chance = world.chance
    folder = machine.folder if chance.random() < 0.3 else machine.mirror_folder
    with on(machine.mirror_host):
        task = asyncio.create_task(
            world.ends(_run_mirror(world, folder), within_seconds=30 * GET_SECONDS, name="mirror")
        )
        if chance.random() < 0.5:
            await asyncio.wait([task], timeout=_moment(world))
            is_killed = chance.random() < 0.5
            if is_killed and not task.done():
                world.operations["kills of a mirror that runs"] += 1
            with world.killed(machine.mirror_host, folder) if is_killed else on(machine.mirror_host):
                await world.call_off([task])
        await asyncio.wait([task])
        world.check_shelves()


async def _run_mirror(world: World, folder: Path) -> None:
    origin = Origin(world.origin) if world.origin and world.chance.random() < 0.5 else None
    options = MirrorOptions(keeps_going=True, replaces=world.chance.random() < 0.3)
    with Shelf(folder) as shelf:
        mirror = Mirror(world.indexes.any().address, shelf, options=options, origin=origin)
        try:
            await mirror.run(await mirror.plan(OUTSIDE if origin else Selection()))
        finally:
            await mirror.close()
            if origin:
                await origin.close()


async def _learn_titles(world: World, machine: Machine) -> None:
    """Fetch the index file from the web into the peer's folder."""
    if world.origin is None:
        return

    async def update(prefix: str) -> None:
        with Shelf(machine.folder) as shelf:
            async with Origin(prefix) as origin:
                await origin.update_index(shelf)

    with on(machine.mirror_host):
        await world.ends(update(world.origin), within_seconds=GET_SECONDS, name="update index")


def _moment(world: World) -> float:
    """A while, in seconds: so short that threads are at work, or longer."""
    return world.chance.choice((0.01, 0.1, 1.0, 10.0)) * world.chance.random()


DEEDS: tuple[Callable[[World, Machine], Any], ...] = (
    _get, _get, _get, _get_many, _ask, _ask, _change, _change, _mirror, _learn_titles, _leave,
)  # fmt: skip


async def get_in_the_end(world: World, machine: Machine) -> None:
    """In a calm what a program of others has can be had, if it is one that answers."""
    peer = machine.peer
    assert peer
    for number in sorted(set(FOREIGN_NUMBERS) - set(world.numbers_on(machine))):
        manners = {each.manner for each in world.foreigners if number in each.documents}
        if manners & WHOLE and Manner.SILENT not in manners:
            with suppress(DisagreementError):
                await peer.get(number)
                world.operations["get in the end"] += 1


# Of programs of others


async def live_plainly(world: World, foreigner: Foreigner) -> None:
    """The life of a program that is not ours."""
    chance = world.chance
    with on(foreigner.host):
        for _ in range(chance.randint(2, 12)):
            await asyncio.sleep(chance.choice((0.01, 1.0, 30.0)) * chance.random())
            if not foreigner.has_joined:
                await join_plainly(world, foreigner)
            elif chance.random() < 0.3:
                await foreigner.leave(chance)
                world.operations["foreign leave"] += 1
            else:
                await _ask_plainly(world, foreigner)


async def join_plainly(world: World, foreigner: Foreigner) -> None:
    with on(foreigner.host):
        try:
            await foreigner.join()
        except Lost as error:
            world.operations[f"foreign join: {type(error).__name__}"] += 1
        else:
            world.operations["foreign join"] += 1


async def _ask_plainly(world: World, foreigner: Foreigner) -> None:
    """Ask for records, and fetch one of those that are of our peers."""
    number = world.chance.choice([*world.editions])
    line = world.chance.choice(("LIST ALL P2P-CI/1.0", f"LOOKUP RFC {number} P2P-CI/1.0"))
    ours = {machine.host for machine in world.machines}
    with suppress(*Lost):
        records = await foreigner.ask(line)
        world.operations["foreign ask"] += 1
        if places := [place for place in records if place[1] in ours]:
            await foreigner.fetch(world.chance.choice(places))
