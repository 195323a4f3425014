"""A server is loaded while it goes on telling: what is stored and what is heard overlap, or do not yet."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, cast

from p2pci.index import Index
from p2pci.shared_index.encoding import Beat, Change, Changes, Message, Told, encode_edition, encode_peer
from p2pci.shared_index.holdings import Holdings
from p2pci.shared_index.neighbourhood import Asks, Neighbourhood

if TYPE_CHECKING:
    from p2pci.shared_index.store import Store

EPOCH = "e.1"


def digest_of(*numbers: int) -> str:
    holdings = Holdings()
    holdings.join(0, "h", 5)
    holdings.hold(0, numbers)
    return holdings.digest()


def added(sequence: int) -> Message:
    """The message with which its only peer has the edition of the same number."""
    told = {sequence: Told(sequence, "T", None)}
    return Message("a", EPOCH, sequence, Changes(told, [Change(0, "h", 5, [sequence], [])], (), ()))


def beat(sequence: int, *numbers: int) -> Message:
    return Message("a", EPOCH, sequence, Beat(digest_of(*numbers)))


class Stored:
    """What a server has stored: its peer holds editions 1 to `held`; while that is read something is told."""

    def __init__(self, *sequences: int, held: int, meanwhile: Callable[[], None]) -> None:
        self.sequences = list(sequences)  # each time that it is asked for one of these, the last one for good
        self.asked = 0
        self._held = range(1, held + 1)
        self._meanwhile = meanwhile

    async def nodes(self) -> dict[str, str]:
        return {"a": EPOCH}

    async def sequence(self, name: str, epoch: str) -> int:
        self.asked += 1
        return self.sequences[min(self.asked, len(self.sequences)) - 1]

    async def editions(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        if self.asked == 1:
            self._meanwhile()
        yield {b"%d" % number: encode_edition(Told(number, "T", None)) for number in self._held}

    async def peers(self, name: str, epoch: str) -> AsyncIterator[dict[bytes, bytes]]:
        yield {b"0": encode_peer("h", 5, array("I", self._held))}


async def tries_to_load(*sequences: int, held: int, heard: list[Message], then: Message) -> int:
    """Load it; gives how often that was tried, once `then`, which is told afterwards, is as we know it."""
    index = Index()

    def tell(messages: list[Message]) -> None:
        for message in messages:
            neighbourhood.hear(message)

    store = Stored(*sequences, held=held, meanwhile=lambda: tell(heard))
    neighbourhood = Neighbourhood("b", index=index, store=cast("Store", store), watch=None)
    neighbourhood.begin(asyncio.create_task, Asks(again=lambda _: None, beat=lambda: None))
    loading = asyncio.create_task(neighbourhood.load_all(drops_absent=False))
    while index.record_count < held:
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.1, tell, [then])
    async with asyncio.timeout(1):
        await loading
    assert index.record_count == held
    return store.asked


async def test_what_is_stored_may_have_more_in_it_than_a_beat_that_was_heard_meanwhile() -> None:
    heard = [added(2), beat(2, 1, 2), added(3)]
    assert await tries_to_load(1, held=3, heard=heard, then=beat(3, 1, 2, 3)) == 1


async def test_messages_are_kept_until_what_is_stored_leads_up_to_them() -> None:
    heard = [added(3), added(4), added(5)]
    assert await tries_to_load(1, 3, held=5, heard=heard, then=beat(5, 1, 2, 3, 4, 5)) == 2
