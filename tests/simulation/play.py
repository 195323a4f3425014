"""What happens to a world: its peers' lives, and chaos; then a calm, after which all must be well."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from p2pci.library import Shelf
from p2pci.mirror import Mirror, MirrorOptions, Selection
from tests.simulation.foreign import Foreigner, Lost
from tests.simulation.invariants import check, check_all_back
from tests.simulation.world import INDEX, Machine, World, on

GET_SECONDS = 900.0  # a lookup that waits for its turn, 60 s of trying, and what the last holder may take
ASK_SECONDS = 150.0


@dataclass
class Outcome:
    """What became of a seed.

    Attributes:
        troubles: what broke an invariant; none if all went well.
        counts: of what happened; the same whenever a seed is run.
    """

    troubles: list[str]
    counts: dict[str, int]


def play(seed: int, folder: Path) -> Outcome:
    """Run one seed, in an empty folder, to its end or to the first trouble."""
    random.seed(seed)
    world = World(seed, folder, check=_Checking())
    world.loop.set_exception_handler(lambda _, context: _note(world, context))
    with world.in_place(), asyncio.Runner(loop_factory=lambda: world.loop) as runner:
        try:
            runner.run(_play(world))
        except* _Trouble:
            pass
        except* Exception as error:  # noqa: BLE001 - it is shown with the seed
            world.troubles += [f"{each!r}" for each in error.exceptions]
    network = world.network
    counts = {**network.counts, **world.loop.workers.counts, **world.operations}
    counts |= {"disk refusals": world.disk.refused, "short writes": world.disk.shortened}
    counts["simulated seconds"] = round(world.loop.now)
    return Outcome(list(dict.fromkeys(world.troubles)), counts)


class _Trouble(Exception):  # noqa: N818 - it only ends the run
    """An invariant is broken, and noted in the world."""


class _Checking:
    """Checks a world every other second of its time, when it is at rest for a moment."""

    next_at = 0.0

    def __call__(self, world: World) -> None:
        if world.loop.now >= self.next_at:
            self.next_at = world.loop.now + 2.0
            check(world)


def _note(world: World, context: dict[str, Any]) -> None:
    error = context.get("exception")
    world.troubles.append(f"{context['message']}: {error!r}")


async def _play(world: World) -> None:
    world.fill_shelves()
    await world.start_index()
    await world.start_web()
    chaos = [_live(world, machine) for machine in world.machines]
    chaos += [_live_plainly(world, foreigner) for foreigner in world.foreigners]
    chaos += [_trouble_network(world), _trouble_index(world), _trouble_disks(world)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in chaos]
        group.create_task(_watch(world, tasks))
    await _calm_down(world)
    await _end(world)


async def _watch(world: World, tasks: list[asyncio.Task[None]]) -> None:
    """End the run at the first trouble."""
    while not all(task.done() for task in tasks):
        await asyncio.sleep(1.0)
        if world.troubles:
            raise _Trouble


async def _calm_down(world: World) -> None:
    """Trouble nobody any longer; soon all must be as it should be."""
    world.network.rough = False
    if world.server is None:
        await world.start_index()
    for machine in world.machines:
        if machine.peer is None:
            await world.start_peer(machine)
    await asyncio.sleep(2 * world.dead_seconds + 60.0)
    for foreigner in world.foreigners:  # by now no connection stands on one side alone
        if not foreigner.has_joined:
            await _join_plainly(world, foreigner)
    await asyncio.sleep(30.0)
    check(world)
    check_all_back(world)
    world.check_shelves()


async def _end(world: World) -> None:
    for machine in world.machines:
        await world.stop_peer(machine, kills=False)
    for foreigner in world.foreigners:
        with on(foreigner.host):
            await foreigner.leave(world.chance)
    await world.stop_index(kills=False)
    await asyncio.sleep(30.0)
    world.troubles += [
        f"a connection of {end.here} to {end.there} was never ended: {end.protocol}"
        for end in world.network.ends
    ]
    left = asyncio.all_tasks() - {asyncio.current_task()}
    world.troubles += [f"a task was left: {task}" for task in left]


async def _live(world: World, machine: Machine) -> None:
    """A peer's life: it comes, does this and that, and goes in one way or another."""
    with on(machine.host):
        chance = world.chance
        await asyncio.sleep(chance.random() * 5)
        for _ in range(chance.randint(3, 12)):
            if machine.peer is None:
                await world.start_peer(machine)
            else:
                await chance.choice(_DEEDS)(world, machine)
            await asyncio.sleep(chance.choice((0.01, 1.0, 30.0)) * chance.random())


async def _live_plainly(world: World, foreigner: Foreigner) -> None:
    """The life of a program that is not ours."""
    chance = world.chance
    with on(foreigner.host):
        for _ in range(chance.randint(2, 12)):
            await asyncio.sleep(chance.choice((0.01, 1.0, 30.0)) * chance.random())
            if not foreigner.has_joined:
                await _join_plainly(world, foreigner)
            elif chance.random() < 0.3:
                await foreigner.leave(chance)
                world.operations["foreign leave"] += 1
            else:
                await _ask_plainly(world, foreigner)


async def _join_plainly(world: World, foreigner: Foreigner) -> None:
    with on(foreigner.host):
        try:
            await foreigner.join(INDEX)
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


async def _get(world: World, machine: Machine) -> None:
    number = world.chance.choice([*world.editions, 99])
    assert machine.peer
    await world.ends(machine.peer.get(number), within_seconds=GET_SECONDS, name="get")


async def _get_many(world: World, machine: Machine) -> None:
    """Several at once, one of which is given up."""
    numbers = world.chance.sample(list(world.editions), min(4, len(world.editions)))
    assert machine.peer
    gets = [
        asyncio.create_task(
            world.ends(machine.peer.get(number), within_seconds=GET_SECONDS, name="get at once")
        )
        for number in numbers
    ]
    await asyncio.sleep(world.chance.random())
    gets[0].cancel()
    await asyncio.wait(gets)


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


async def _mirror(world: World, machine: Machine) -> None:
    """Fill a second shelf from all that there is."""

    async def mirror() -> None:
        with Shelf(mirror_folder(machine.folder)) as shelf:
            mirror = Mirror(INDEX, shelf, options=MirrorOptions(keeps_going=True))
            try:
                await mirror.run(await mirror.plan(Selection()))
            finally:
                await mirror.close()

    await world.ends(mirror(), within_seconds=30 * GET_SECONDS, name="mirror")


async def _leave(world: World, machine: Machine) -> None:
    await world.stop_peer(machine, kills=world.chance.random() < 0.6)


_DEEDS: tuple[Callable[[World, Machine], Any], ...] = (
    _get, _get, _get, _get_many, _ask, _ask, _change, _change, _mirror, _leave,
)  # fmt: skip


async def _trouble_network(world: World) -> None:
    chance = world.chance
    for _ in range(chance.randint(0, 4)):
        await asyncio.sleep(60 * chance.random())
        hosts = [each.host for each in world.machines] + [each.host for each in world.foreigners]
        machines = chance.sample([INDEX[0], *hosts], chance.randint(1, 3))
        befall = chance.choice((world.network.cut, world.network.split))
        with befall(*machines):
            await asyncio.sleep(chance.choice((1.0, 20.0, 2.0 * world.dead_seconds)) * chance.random())


async def _trouble_index(world: World) -> None:
    chance = world.chance
    for _ in range(chance.randint(0, 3)):
        await asyncio.sleep(90 * chance.random())
        await world.stop_index(kills=chance.random() < 0.5)
        await asyncio.sleep(chance.choice((0.1, 10.0)) * chance.random())
        await world.start_index()


async def _trouble_disks(world: World) -> None:
    chance = world.chance
    for _ in range(chance.randint(0, 6)):
        await asyncio.sleep(30 * chance.random())
        folder = chance.choice(world.machines).folder
        folder = chance.choice((folder, mirror_folder(folder)))
        with world.disk.failing(folder, how_often=chance.choice((0.1, 0.5, 1.0))):
            await asyncio.sleep(40 * chance.random())


def mirror_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name} mirror")
