"""How many copies there are: others are served meanwhile, and those who ask together share one count."""

from __future__ import annotations

import asyncio

import pytest

from p2pci.index import Index, surveying
from p2pci.web.index import copies
from p2pci.web.index.copies import Copies


def filled(documents: int) -> Index:
    index = Index()
    member = index.join("h", 5)
    for number in range(1, documents + 1):
        index.add(member, number, "Title")
    return index


async def test_few_documents_are_counted_anew_each_time() -> None:
    index = filled(3)
    kept = Copies(index)
    assert (await kept.count()).by_holders[1] == 3
    index.add(index.join("h", 6), 4, "Title")
    assert (await kept.count()).by_holders[1] == 4


async def test_many_are_counted_in_turns_and_the_outcome_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "STEP", 2)
    monkeypatch.setattr(copies, "KEPT_TIMES", 1e9)
    index = filled(100)
    kept = Copies(index)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    first, second = await asyncio.gather(kept.count(), kept.count())
    others.cancel()
    assert first is second
    assert turns > 90
    index.add(index.join("h", 6), 101, "Title")
    assert await kept.count() is first
