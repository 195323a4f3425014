"""Deadlines of one length for many: each comes on its own time, by one timer."""

from __future__ import annotations

import asyncio

from p2pci.countdown import Countdown

SECONDS = 0.1
ROOM_SECONDS = 5.0


class Late(list[str]):
    """What was late, in order, and word of it."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def note(self, what: str) -> None:
        self.append(what)
        self.changed.set()

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(ROOM_SECONDS):
            while len(self) < count:
                self.changed.clear()
                await self.changed.wait()


async def test_what_is_not_stopped_is_late_once_and_in_order() -> None:
    late = Late()
    countdown = Countdown(SECONDS, late.note)
    begin = asyncio.get_running_loop().time()
    for what in ("a", "b", "c"):
        countdown.start(what)
    countdown.stop("b")
    countdown.stop("unknown")
    assert [*countdown] == ["a", "c"]
    await late.wait_for(2)
    assert late == ["a", "c"]
    assert asyncio.get_running_loop().time() - begin >= SECONDS
    assert len(countdown) == 0


async def test_started_again_it_has_all_its_time_again() -> None:
    late = Late()
    countdown = Countdown(SECONDS, late.note)
    countdown.start("a")
    countdown.start("b")
    countdown.start("a")
    await late.wait_for(2)
    assert late == ["b", "a"]


async def test_it_may_be_started_again_by_what_hears_that_it_is_late() -> None:
    late = Late()

    def again(what: str) -> None:
        late.note(what)
        if len(late) < 3:
            countdown.start(what)

    countdown = Countdown(SECONDS / 10, again)
    countdown.start("a")
    await late.wait_for(3)
    assert "a" not in countdown


async def test_what_starts_later_is_late_later_though_the_timer_runs() -> None:
    late = Late()
    countdown = Countdown(SECONDS, late.note)
    countdown.start("a")
    countdown.stop("a")
    await asyncio.sleep(SECONDS / 2)  # now the timer is nearer than the end of b
    begin = asyncio.get_running_loop().time()
    countdown.start("b")
    await late.wait_for(1)
    assert late == ["b"]
    assert asyncio.get_running_loop().time() - begin >= 0.99 * SECONDS


async def test_closed_it_ends_nothing_any_more() -> None:
    late = Late()
    countdown, other = Countdown(SECONDS / 10, late.note), Countdown(SECONDS, late.note)
    countdown.start("a")
    other.start("later")
    countdown.close()
    await late.wait_for(1)
    assert late == ["later"]
