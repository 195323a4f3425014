"""Servers that die: each of another treatment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.checker.server.registry import fault
from tests.checker.server.stub import Connection, Stub


class Dying(Stub):
    """Serves no newcomer any more once it is dead."""

    is_dead = False

    async def serve(self, me: Connection) -> None:
        if self.is_dead:
            self.close(me)
        else:
            await super().serve(me)


class Mortal(Dying):
    async def receive(self, me: Connection) -> None:
        await super().receive(me)
        self.is_dead |= self.dies_of(me)

    def dies_of(self, me: Connection) -> bool:
        raise NotImplementedError


@fault("B-2/8")
class DiesOfGarbage(Mortal):
    def dies_of(self, me: Connection) -> bool:
        return b"\xff" in me.buffer


@fault("B-2/9")
class DiesOfLongLines(Mortal):
    max_line = 10**9

    def dies_of(self, me: Connection) -> bool:
        return len(me.buffer) > 100_000


@fault("B-2/10")
class DiesOfNul(Mortal):
    def dies_of(self, me: Connection) -> bool:
        return b"\0" in me.buffer


@fault("B-2/11")
class DiesOfMissingWords(Mortal):
    def dies_of(self, me: Connection) -> bool:
        return b"ADD\r\n" in me.buffer


@fault("B-2/12")
class DiesOfBlankLines(Mortal):
    def dies_of(self, me: Connection) -> bool:
        return me.buffer.startswith(b"\r\n")


@fault("B-2/13")
class DiesOfBrowsers(Mortal):
    def dies_of(self, me: Connection) -> bool:
        return b"HTTP" in me.buffer


@fault("B-2/14")
class DiesOfConnections(Mortal):
    silent = 0

    def dies_of(self, me: Connection) -> bool:
        self.silent += me.is_over and not me.buffer
        return self.silent > 100


@fault("B-2/15", "B-2/16")
class DiesOfResets(Dying):
    async def receive(self, me: Connection) -> None:
        with self.dying():
            await super().receive(me)

    async def send(self, me: Connection, answer: str) -> None:
        with self.dying():
            await super().send(me, answer)

    @contextmanager
    def dying(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError:
            self.is_dead = True
            raise
