"""A simulated swarm: index servers and a few peers, each on a machine of its own with a shelf of its own.

Here is what stands and how it comes and goes; `play` decides what happens when, `invariants` what must hold.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from p2pci.client import ClientLimits
from p2pci.download import DownloadLimits
from p2pci.errors import P2PCIError
from p2pci.peer import FollowLimits, Peer, PeerLimits
from p2pci.upload import UploadLimits
from tests.simulation import web
from tests.simulation.disk import EPOCH_SECONDS, Disk
from tests.simulation.foreign import Foreigner
from tests.simulation.indexes import Indexes
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network, on
from tests.simulation.plain_index import Reading

# Sizes from which on things are done otherwise, so small that the documents of a simulation reach them.
SMALL = {
    "p2pci.client.index_client.IN_FLIGHT": 4,
    "p2pci.download.inflow.BUFFER_BYTES": 16_000,
    "p2pci.index.lines.BATCH_BYTES": 300,
    "p2pci.index.records.BATCH_BYTES": 300,
    "p2pci.mirror.catalogue.PAGE_NUMBERS": 5,
    "p2pci.mirror.channel.BUFFER_BYTES": 16_000,
    "p2pci.mirror.storing.BATCH_BYTES": 8_000,
    "p2pci.mirror.storing.MAX_WAITING_BYTES": 20_000,
    "p2pci.mirror.transfer.LARGE_BYTES": 50_000,
    "p2pci.peer.registration.ONE_BY_ONE": 3,
    "p2pci.server.connection.BATCH_BYTES": 300,
    "p2pci.server.connection.BATCH_RECORDS": 2,
    "p2pci.shared_index.neighbour.STEP_RECORDS": 2,
    "p2pci.shared_index.neighbourhood.STEP_FIELDS": 2,
    "p2pci.shared_index.neighbourhood.STEP_RECORDS": 2,
    "p2pci.shared_index.publisher.MOST_EDITIONS": 3,
    "p2pci.shared_index.publisher.MOST_RECORDS": 4,
    "p2pci.shared_index.publisher.POST_RECORDS": 5,
    "p2pci.shared_index.publisher.SWEEP": 3,
    "p2pci.upload.connection.PIECE_BYTES": 16_000,
    "p2pci.upload.opening.WHOLE_BYTES": 50_000,
}
FOREIGN_NUMBERS = range(41, 46)  # that nobody has but programs of others
OUTSIDE_NUMBERS = range(46, 49)  # that nobody has but the web
SIZES = (0, 1, 300, 1_000, 2_000, 3_000, 4_000, 60_000)  # a text has twice as many bytes


class Machine:
    """A machine with a shelf, and the peer that runs on it while one does.

    Attributes:
        host: its address.
        folder: the shelf.
        mirror_host, mirror_folder: of another one on the same desk, which mirrors now and then.
        peer: None while none runs.
    """

    def __init__(self, host: str, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.mirror_host = host.replace("10.0.0", "10.0.3")
        self.mirror_folder = folder.with_name(f"{folder.name} mirror")
        self.peer: Peer | None = None


# Reading the system's certificates takes longer than many a world, in which nobody shows one.
_make_context = functools.cache(ssl.create_default_context)


class World:
    """Everything that is simulated, by one seed.

    Attributes:
        chance: decides what happens.
        editions: the bytes that there are of each document.
        indexes: the index servers, most often one.
        doubts: what may be so for a while, and since when it has been; `invariants` keeps it.
        operations: what was asked, and how it ended, by the name of the result or the error.
    """

    def __init__(self, seed: int, folder: Path, *, check: Any) -> None:
        self.seed = seed
        self.chance = Random(f"world {seed}")
        self.network = Network(seed)
        self.disk = Disk(seed, now=lambda: self.loop.now, named=self._check_file)
        self.loop = SimulatedLoop(
            self.network, work_seconds=self.disk.work_seconds, at_rest=lambda: check(self)
        )
        self.editions: defaultdict[int, set[bytes]] = defaultdict(set)
        self.dead_seconds = self.chance.choice((10, 40, 120))
        self.origin = web.PREFIX if self.chance.random() < 0.4 else None
        self.operations: defaultdict[str, int] = defaultdict(int)
        self.troubles: list[str] = []  # what broke an invariant
        self.machines = [
            Machine(f"10.0.0.{number}", folder / str(number))
            for number in range(2, 2 + self.chance.randint(3, 6))
        ]
        # An index of others in place of ours; then there is nobody to hold it to the letter of 1.0.
        self.reading = self.chance.choice(list(Reading)) if self.chance.random() < 0.15 else None
        amount = 0 if self.reading else self.chance.randint(0, 4)
        self.indexes = Indexes(self)
        self.doubts: dict[str, float] = {}
        self.foreigners: list[Foreigner] = []
        for number in range(2, 2 + amount):
            self.foreigners += self.indexes.settle(f"10.0.1.{number}")

    # Documents

    def fill_shelves(self) -> None:
        """Write the documents that there are from the beginning."""
        for machine in self.machines:
            machine.folder.mkdir()
        for number in range(1, self.chance.randint(6, 30)):
            for machine in self.chance.sample(self.machines, self.chance.randint(0, 3)):
                self.write(machine, number)
        for foreigner in self.foreigners:
            for number in self.chance.sample([*self.editions, *FOREIGN_NUMBERS], 3):
                foreigner.documents[number] = self.edition(number)
        for number in OUTSIDE_NUMBERS if self.origin else ():
            self.edition(number)

    def edition(self, number: int) -> bytes:
        """The bytes of a document: nearly always those that others have."""
        known = sorted(self.editions[number])
        if not known or self.chance.random() < 0.03:
            size = self.chance.choice(SIZES)
            known = [f"Title of {number}\n".encode() + self.chance.randbytes(size).hex().encode()]
            self.editions[number].update(known)
        return self.chance.choice(known)

    def write(self, machine: Machine, number: int) -> None:
        """Put a document on a shelf as a user would."""
        hidden = machine.folder / ".written"
        hidden.write_bytes(self.edition(number))
        seconds = EPOCH_SECONDS + self.loop.now
        os.utime(hidden, (seconds, seconds))
        hidden.replace(machine.folder / f"rfc{number}.txt")

    def remove(self, machine: Machine, number: int) -> None:
        (machine.folder / f"rfc{number}.txt").unlink(missing_ok=True)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put disk and network under what runs, and make sizes small."""
        with self.disk.in_place(), ExitStack() as stack:
            stack.enter_context(patch("p2pci.accepting._bind", self.loop.bind))
            stack.enter_context(patch.dict(os.environ, {"NO_PROXY": "*"}))
            stack.enter_context(patch("ssl.create_default_context", _make_context))
            for name, value in SMALL.items():
                stack.enter_context(patch(name, value))
            yield

    def numbers_on(self, machine: Machine) -> list[int]:
        return [n for n in sorted(self.editions) if (machine.folder / f"rfc{n}.txt").exists()]

    def _check_file(self, path: Path) -> None:
        """Note a document with bytes that nobody ever had."""
        number = path.name.removeprefix("rfc").removesuffix(".txt")
        if number.isdigit() and path.read_bytes() not in self.editions[int(number)]:
            self.troubles.append(f"{path.name} in {path.parent.name} has bytes that nobody ever had")

    def check_shelves(self) -> None:
        for machine in self.machines:
            for folder in (machine.folder, machine.mirror_folder):
                for path in sorted(folder.glob("rfc*.txt")):
                    self._check_file(path)

    # What runs

    async def start_web(self) -> None:
        with on(web.HOST):
            await web.WebServer(self).start()

    async def start_peer(self, machine: Machine) -> None:
        """Start a peer; where it cannot reach the index there is none."""
        with on(machine.host):
            index, *spares = self.indexes.shuffled()
            peer = Peer(
                index,
                machine.folder,
                origin=self.origin,
                limits=_limits(self.dead_seconds),
                spare_servers=spares,
            )
            machine.peer = peer
            if not await self.ends(peer.start(), within_seconds=600.0, name="start peer"):
                machine.peer = None

    async def stop_peer(
        self, machine: Machine, *, kills: bool, tasks: Collection[asyncio.Task[Any]] = ()
    ) -> None:
        """Let a peer go as on Ctrl-C, or end its process at once; tasks are what it does for its user."""
        peer, machine.peer = machine.peer, None
        if peer is None:
            return
        if kills:
            is_busy = any(not task.done() for task in tasks)
            self.operations[f"kills of a peer{' that fetches' if is_busy else ''}"] += 1
        with self.killed(machine.host, machine.folder) if kills else on(machine.host):
            await self.call_off(tasks)
            await self.ends(peer.stop(), within_seconds=15.0, name="stop peer")

    @contextmanager
    def killed(self, host: str, folder: Path) -> Iterator[None]:
        """End a process: what is inside tidies up after it, and neither network nor disk take any of it."""
        with on(host), self.disk.failing(folder, how_often=1.0, after=self.chance.choice((0, 0, 3, 20))):
            self.network.kill(host, silently=self.chance.random() < 0.5)
            yield
            self.network.revive(host)

    async def call_off(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """Cancel tasks, and see them end soon."""
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=15.0)
            self.troubles += [f"called off, it did not end: {task}" for task in late]

    async def ends(self, operation: Coroutine[Any, Any, Any], *, within_seconds: float, name: str) -> bool:
        """See an operation end in its time, in a result or in an error of `errors`; True for a result."""
        try:
            async with asyncio.timeout(within_seconds):
                await operation
        except P2PCIError as error:
            self.operations[f"{name}: {type(error).__name__}"] += 1
            return False
        except TimeoutError:
            self.troubles.append(f"{name} did not end within {within_seconds:g} s")
            return False
        except asyncio.CancelledError:
            self.operations[f"{name}: called off"] += 1
            raise
        except Exception as error:
            self.troubles.append(f"{name} raised {error!r}")
            raise
        self.operations[name] += 1
        return True


def _limits(dead_seconds: int) -> PeerLimits:
    return PeerLimits(
        client=ClientLimits(dead_seconds=dead_seconds),
        download=DownloadLimits(give_up_seconds=60.0),
        upload=UploadLimits(slots=3),
        follow=FollowLimits(polls=True, poll_seconds=11.0),
    )
