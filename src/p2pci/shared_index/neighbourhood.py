"""All other servers: heard, loaded where something is missing, and dropped when they are silent.

A message that does not follow on the last one, another epoch, another digest: the state of that server is
loaded anew, and what is told of it meanwhile is applied behind that. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from p2pci.errors import InvalidValueError
from p2pci.events import NodeJoined, NodeLeft, SharedDamage
from p2pci.shared_index.encoding import (
    Again,
    Beat,
    Changes,
    Goodbye,
    Message,
    check_name,
    decode_edition,
    decode_peer,
)
from p2pci.shared_index.neighbour import Leaving, Neighbour

if TYPE_CHECKING:
    from p2pci.events import Watcher
    from p2pci.index import Index
    from p2pci.shared_index.store import Store

STEP_RECORDS = 2000  # taken in before others are served
STEP_FIELDS = 50
MOST_WAITING = 3000  # messages of a server that is being loaded
RETRY_SECONDS = (0.1, 5.0)
FIRST_TRIES = 5
CONFIRM_SECONDS = 2.0  # a beat and some
ASK_AGAIN = 3  # loads in a row that came to nothing: what is there is damaged
MAX_NODES = 100


class Asks(NamedTuple):
    """What is asked of our own side: have another server write everything anew, or say that we are there."""

    again: Callable[[str], None]
    beat: Callable[[], None]


_NO_ASKS = Asks(lambda _: None, lambda: None)
Spawn = Callable[[Coroutine[Any, Any, object]], object]


class Neighbourhood:
    """See the module.

    Args:
        node: our own name.
        index: ours.
        store: where the others write.
        watch: told of NodeJoined, NodeLeft and SharedDamage.

    Attributes:
        foreign: serials of members of ours that are peers of other servers.
        leaving: those of them that are about to leave.
    """

    def __init__(self, node: str, *, index: Index, store: Store, watch: Watcher | None) -> None:
        self.foreign: set[int] = set()
        self.leaving = Leaving(index, self.foreign, soon=asyncio.get_running_loop().call_soon)
        self._node = node
        self._index = index
        self._store = store
        self._watch = watch
        self._clock = asyncio.get_running_loop().time
        self._nodes: dict[str, Neighbour] = {}
        self._waiting: dict[str, list[Message]] = {}  # of those that are being loaded
        self._spawn: Spawn = lambda _: None
        self._asks: Asks = _NO_ASKS
        self._confirmed = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return list(self._nodes)

    def begin(self, spawn: Spawn, asks: Asks) -> None:
        """Begin to listen, after some time without: all that are known may still be there."""
        self._spawn = spawn
        self._asks = asks
        self._waiting.clear()
        for node in self._nodes.values():
            node.heard_at = self._clock()
            node.is_confirmed = False

    async def load_all(self, *, drops_absent: bool) -> None:
        """Load all that are there, and wait a little until each has said that this is what it is.

        Args:
            drops_absent: those that are known and not there are gone; else they have a lease's time to
                come back, as after the store was away.
        """
        epochs = await self._store.nodes()
        if drops_absent:
            for name in set(self._nodes) - set(epochs):
                self._part(name, is_silent=True)
        for name in [name for name in islice(epochs, MAX_NODES) if self._wants(name)]:
            if not await self._load(name, at_most=FIRST_TRIES):
                self._spawn(self._load(name))  # it is damaged, and nobody waits for it
        with suppress(TimeoutError):
            async with asyncio.timeout(CONFIRM_SECONDS):
                while not all(node.is_confirmed for node in self._nodes.values() if node.name in epochs):
                    self._confirmed.clear()
                    await self._confirmed.wait()

    def _wants(self, name: str) -> bool:
        """Note that a server is to be loaded; False when it is being loaded, or is us."""
        if name == self._node or name in self._waiting:
            return False
        self._waiting[name] = []
        return True

    def hear(self, message: Message) -> None:
        """Take in a message of another server."""
        name, content = message.node, message.content
        node = self._nodes.get(name)
        if node:
            node.heard_at = self._clock()
        if isinstance(content, Again):
            return
        if name in self._waiting:
            self._keep(name, message)
        elif isinstance(content, Goodbye):
            self._end(node, message)
        elif node is None or node.epoch != message.epoch:
            self._load_soon(name, message)
        else:
            self._follow(node, message)

    def _keep(self, name: str, message: Message) -> None:
        waiting = self._waiting[name]
        if isinstance(message.content, Beat):  # the last one is enough
            waiting[:] = [other for other in waiting if not isinstance(other.content, Beat)]
        waiting.append(message)
        if len(waiting) > MOST_WAITING:
            del waiting[0]  # which makes a gap, and another load

    def _end(self, node: Neighbour | None, message: Message) -> None:
        if node and node.life == _life(message.epoch):
            self._part(node.name, is_silent=False)

    def _load_soon(self, name: str, message: Message) -> None:
        is_welcome = len(self._nodes) < MAX_NODES or name in self._nodes
        if is_welcome and self._wants(name):
            self._keep(name, message)
            self._asks.beat()  # it has just come, and waits for word of us
            self._spawn(self._load(name))

    def _follow(self, node: Neighbour, message: Message) -> None:
        """Apply a message, or load anew when it does not follow on what is known."""
        try:
            self._apply(node, message)
        except InvalidValueError:
            self._load_soon(node.name, message)
            node.misfits += 1
            if node.misfits % ASK_AGAIN == 0:
                self._asks.again(node.name)
        else:
            self._confirm(node, message)

    def _confirm(self, node: Neighbour, message: Message) -> None:
        match message.content:
            case Beat(digest) if message.sequence == node.sequence and digest == node.holdings.digest():
                node.misfits = 0
                node.is_confirmed = True
                self._confirmed.set()

    def _apply(self, node: Neighbour, message: Message) -> None:
        match message.content:
            case Changes() as changes if message.sequence == node.sequence + 1:
                self.leaving.extend(node.apply(changes))
                node.sequence += 1
            case Changes() if message.sequence > node.sequence:
                raise InvalidValueError("A message is missing.")
            case Beat() if message.sequence > node.sequence:
                raise InvalidValueError("A message is missing.")
            case Beat() if node.loaded_sequence <= message.sequence < node.sequence:
                raise InvalidValueError("A message in its name was not its own.")
            case Beat(digest) if message.sequence == node.sequence and digest != node.holdings.digest():
                raise InvalidValueError("What its peers hold is not what we know.")

    def drop_silent(self, seconds: float) -> None:
        """Drop those that were not heard for so long."""
        heard_since = self._clock() - seconds
        for name, node in list(self._nodes.items()):
            if node.heard_at < heard_since and name not in self._waiting:
                self._part(name, is_silent=True)

    def _part(self, name: str, *, is_silent: bool) -> None:
        if node := self._nodes.pop(name, None):
            members = node.members
            self.leaving.extend(members)
            self._tell(NodeLeft(name, len(members), is_silent))

    def _tell(self, event: NodeJoined | NodeLeft | SharedDamage) -> None:
        if self._watch:
            self._watch(event)

    # Loading: whoever is being loaded is in _waiting

    async def _load(self, name: str, *, at_most: int = 0) -> bool:
        """Load a server until what was told meanwhile follows on it, or it is gone; try it so often."""
        pause, longest = RETRY_SECONDS
        for tries in count(1):
            if await self._try_to_load(name):
                return True
            if tries == at_most:
                break
            if tries % ASK_AGAIN == 0:
                self._asks.again(name)
                self._pass_over(name)
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
        return False

    def _pass_over(self, name: str) -> None:
        """Drop the messages that wait: what is written anew from now on has all of them in it."""
        waiting = self._waiting[name]
        waiting[:] = [message for message in waiting if isinstance(message.content, Goodbye)]

    async def _try_to_load(self, name: str) -> bool:
        """Load a server; False when that is to be tried again."""
        epoch = (await self._store.nodes()).get(name)
        if epoch is None:
            self._give_up(name)
            return True
        try:
            check_name(name)
            sequence = await self._store.sequence(name, check_name(epoch))
            if sequence is None:
                return False  # it is about to write it
            node = self._meet(name, epoch)
            await self._take_in(node, epoch)
            node.epoch, node.sequence, node.loaded_sequence = epoch, sequence, sequence
            return self._catch_up(node)
        except InvalidValueError as error:
            self._tell(SharedDamage(name, str(error)))
            return False

    def _give_up(self, name: str) -> None:
        """Wait no more for one that is not there; if it was known and said nothing, its silence will tell."""
        for message in self._waiting.pop(name):
            if isinstance(message.content, Goodbye):
                self._end(self._nodes.get(name), message)

    def _meet(self, name: str, epoch: str) -> Neighbour:
        """Give the server as it is known; after a new start it is another one."""
        known = self._nodes.get(name)
        if known and known.life == _life(epoch):
            return known
        node = Neighbour(name, _life(epoch), index=self._index, foreign=self.foreign)
        node.heard_at = self._clock()
        self._nodes[name] = node
        if known:
            self.leaving.extend(known.members)
        return node

    def _catch_up(self, node: Neighbour) -> bool:
        """Apply what was told meanwhile; False when it does not follow.

        Then it is kept: the state that is stored next may be one in its midst.
        """
        waiting = self._waiting[node.name]
        try:
            for message in waiting:
                if isinstance(message.content, Goodbye):
                    self._end(node, message)
                elif message.epoch == node.epoch:
                    self._apply_late(node, message)
        except InvalidValueError:
            return False
        if waiting and waiting[-1].epoch != node.epoch:
            return False
        del self._waiting[node.name]
        return True

    def _apply_late(self, node: Neighbour, message: Message) -> None:
        """Apply a message from the time of loading; what was read may have more in it than its digest."""
        if not isinstance(message.content, Beat) or message.sequence != node.sequence:
            self._apply(node, message)
        self._confirm(node, message)

    async def _take_in(self, node: Neighbour, epoch: str) -> None:
        is_new = not node.epoch
        async for fields in self._store.editions(node.name, epoch):
            for place, (field, value) in enumerate(fields.items()):
                self._take_edition(node, field, value)
                if place % STEP_FIELDS == 0:
                    await asyncio.sleep(0)
        seen: set[int] = set()
        async for fields in self._store.peers(node.name, epoch):
            for field, value in fields.items():
                try:
                    serial = _serial(field)
                    await self._take_peer(node, serial, value)
                except InvalidValueError as error:
                    self._tell(SharedDamage(node.name, str(error)))
                else:
                    seen.add(serial)
                await asyncio.sleep(0)
        self.leaving.extend(node.take_out(node.others_than(seen)))
        if is_new:
            self._tell(NodeJoined(node.name, len(seen)))

    def _take_edition(self, node: Neighbour, field: bytes, value: bytes) -> None:
        try:
            node.define(_serial(field), decode_edition(value))
        except InvalidValueError as error:
            self._tell(SharedDamage(node.name, str(error)))

    async def _take_peer(self, node: Neighbour, serial: int, value: bytes) -> None:
        host, port, numbers = decode_peer(value)
        known = node.member(serial)
        if known and (known.host, known.port) != (host, port):
            self.leaving.extend(node.take_out([serial]))
            known = None
        if not known:
            node.join(serial, host, port)
        gone, new = node.difference(serial, numbers)
        node.release(serial, gone)
        for first in range(0, len(new), STEP_RECORDS):
            node.hold(serial, new[first : first + STEP_RECORDS])
            await asyncio.sleep(0)


def _life(epoch: str) -> str:
    """Give of an epoch what tells one start of a server from another."""
    return epoch.partition(".")[0]


def _serial(field: bytes) -> int:
    if field.isdigit() and len(field) <= 10:
        return int(field)
    raise InvalidValueError("A field is none of ours.")
