"""What happens to a world: its peers' lives, and chaos; then a calm, after which all must be well."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulation.board import Board
from tests.simulation.deeds import DEEDS, get_in_the_end, join_plainly, live_plainly
from tests.simulation.invariants import check, check_all_back
from tests.simulation.network import on
from tests.simulation.world import Machine, World

DESCRIPTORS = Path("/proc/self/fd")


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
    if not world.troubles:
        world.troubles += [f"{path} was never closed" for path in _open_files(folder)]
    network = world.network
    counts = {**network.counts, **world.loop.workers.counts, **world.operations}
    counts |= {"disk refusals": world.disk.refused, "short writes": world.disk.shortened}
    counts[f"plain index: {world.reading.name.lower()}" if world.reading else "index"] = 1
    if world.indexes.board:
        counts["several index servers"] = 1
    counts["simulated seconds"] = round(world.loop.now)
    return Outcome(list(dict.fromkeys(world.troubles)), counts)


def _open_files(folder: Path) -> list[str]:
    """What is still open of what was on the shelves, where the system tells."""
    if not DESCRIPTORS.is_dir():
        return []
    paths = []
    for descriptor in DESCRIPTORS.iterdir():
        with suppress(FileNotFoundError):  # that of the list itself
            paths.append(str(descriptor.readlink()))
    return [path for path in paths if path.startswith(str(folder.absolute()))]


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
    for host in world.indexes.hosts:
        await host.start()
    await world.start_web()
    chaos = [_live(world, machine) for machine in world.machines]
    chaos += [live_plainly(world, foreigner) for foreigner in world.foreigners]
    chaos += [_trouble_network(world), _trouble_index(world), _trouble_disks(world)]
    chaos += [_trouble_board(world, world.indexes.board)] if world.indexes.board else []
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
    await world.indexes.calm_down()
    for machine in world.machines:
        if machine.peer is None:
            await world.start_peer(machine)
    await asyncio.sleep(2 * world.dead_seconds + 60.0)
    for foreigner in world.foreigners:  # by now no connection stands on one side alone
        if not foreigner.has_joined:
            await join_plainly(world, foreigner)
    await asyncio.sleep(30.0)
    check(world)
    check_all_back(world)
    for machine in world.machines:
        with on(machine.host):
            await get_in_the_end(world, machine)
    world.check_shelves()


async def _end(world: World) -> None:
    for machine in world.machines:
        await world.stop_peer(machine, kills=False)
    for foreigner in world.foreigners:
        with on(foreigner.host):
            await foreigner.leave(world.chance)
    for host in world.indexes.hosts:
        await host.stop(kills=False)
    await asyncio.sleep(30.0)
    world.troubles += [
        f"a connection of {end.here} to {end.there} was never ended: {end.protocol}"
        for end in world.network.ends
    ]
    world.troubles += [f"a job was left: {job}" for job in world.loop.workers.under_way]
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
                await chance.choice(DEEDS)(world, machine)
            await asyncio.sleep(chance.choice((0.01, 1.0, 30.0)) * chance.random())


async def _trouble_network(world: World) -> None:
    chance = world.chance
    for _ in range(chance.randint(0, 4)):
        await asyncio.sleep(60 * chance.random())
        hosts = [each.host for each in world.machines] + [each.host for each in world.foreigners]
        machines = chance.sample([*world.indexes.machines, *hosts], chance.randint(1, 3))
        befall = chance.choice((world.network.cut, world.network.split))
        with befall(*machines):
            await asyncio.sleep(chance.choice((1.0, 20.0, 2.0 * world.dead_seconds)) * chance.random())


async def _trouble_index(world: World) -> None:
    """Have one index server after the other stopped, killed, or held up for a while."""
    chance, indexes = world.chance, world.indexes
    for _ in range(chance.randint(0, 2 + len(indexes.hosts))):
        await asyncio.sleep(90 * chance.random())
        host = indexes.any()
        if indexes.board and chance.random() < 0.4:
            await host.stand_still(3 * indexes.lease_seconds * chance.random())
            continue
        await host.stop(kills=chance.random() < 0.5)
        await asyncio.sleep(chance.choice((0.1, 10.0)) * chance.random())
        await host.start()


async def _trouble_board(world: World, board: Board) -> None:
    """Trouble the place where several index servers meet."""
    chance = world.chance
    for _ in range(chance.randint(0, 8)):
        await asyncio.sleep(40 * chance.random())
        befall = chance.choice((board.go_away, board.cut, board.forget, board.expire))
        befall()
        await asyncio.sleep(chance.choice((0.2, 2.0, 2 * world.indexes.lease_seconds)) * chance.random())
        board.come_back()


async def _trouble_disks(world: World) -> None:
    chance = world.chance
    for _ in range(chance.randint(0, 6)):
        await asyncio.sleep(30 * chance.random())
        machine = chance.choice(world.machines)
        folder = chance.choice((machine.folder, machine.mirror_folder))
        with world.disk.failing(folder, how_often=chance.choice((0.1, 0.5, 1.0))):
            await asyncio.sleep(40 * chance.random())
