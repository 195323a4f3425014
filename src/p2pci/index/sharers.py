"""Members that have the same host and port: a peer that came back before its old end was noticed (P-4.12).

`records` shows each of their records once, and asks here whose it is.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from p2pci.index.bitmaps import BitMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from p2pci.index.holdings import Document, Member


class Sharers:
    """All members by host and port.

    Attributes:
        doubled: serials of those that share theirs.
    """

    __slots__ = ("_by_identity", "_ticks", "doubled")

    def __init__(self) -> None:
        self.doubled = BitMap()
        self._by_identity: dict[tuple[str, int], list[Member]] = {}  # by order of joining
        self._ticks = count(1)

    def __len__(self) -> int:
        return len(self._by_identity)

    def enter(self, member: Member) -> None:
        sharers = self._by_identity.setdefault((member.host, member.port), [])
        sharers.append(member)
        if len(sharers) > 1:
            self.doubled.add(sharers[0].serial)  # when there were more, they are in it
            self.doubled.add(member.serial)

    def stamp(self, member: Member, number: int) -> None:
        """Note the order of ADDs of one host and port, where the order of joining does not tell it.

        The usual sharer is a peer that came back: it joined last and adds last, and needs no note.
        """
        sharers = self._by_identity[member.host, member.port]
        if member is not sharers[-1] or any(sharer.stamps for sharer in sharers):
            member.stamps[number] = next(self._ticks)

    def hidden(self, document: Document, members: Mapping[int, Member]) -> set[int]:
        """Find the holders whose record another one of the same host and port, added later, stands for."""
        hidden: set[int] = set()
        latest: dict[tuple[str, int], tuple[int, int]] = {}  # identity -> stamp and serial of its last ADD
        for edition in document.editions:
            for serial in edition.holders & self.doubled:
                member = members[serial]
                identity = member.host, member.port
                this = (member.stamps.get(document.number, 0), serial)
                other = latest.get(identity)
                latest[identity] = max(this, other or this)
                if other:
                    hidden.add(min(this, other)[1])
        return hidden

    def leave(self, member: Member) -> None:
        sharers = self._by_identity[member.host, member.port]
        sharers.remove(member)
        self.doubled.discard(member.serial)
        if not sharers:
            del self._by_identity[member.host, member.port]
        elif len(sharers) == 1:
            self.doubled.discard(sharers[0].serial)
            sharers[0].stamps.clear()
