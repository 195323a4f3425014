"""What a server tells of its peers, as another one takes it in, without anything between them."""

from __future__ import annotations

import asyncio

import pytest

from p2pci.index import Index
from p2pci.shared_index import publisher
from p2pci.shared_index.encoding import Changes, Told, decode_message
from p2pci.shared_index.neighbour import Leaving, Neighbour
from p2pci.shared_index.publisher import Publisher


def pair(foreign: set[int]) -> tuple[Index, Publisher, Index, Neighbour]:
    ours, theirs = Index(), Index()
    telling = Publisher("a", foreign=foreign, wake=lambda: None)
    ours.journal = telling
    telling.start_anew("e.1")
    return ours, telling, theirs, Neighbour("a", "e", index=theirs, foreign=set())


def take_in(telling: Publisher, node: Neighbour) -> None:
    for data in telling.news():
        content = decode_message(data).content
        assert isinstance(content, Changes)
        node.apply(content)


def test_more_new_titles_than_one_message_has_room_for_take_no_record_away() -> None:
    ours, telling, theirs, node = pair(set())
    member = ours.join("h", 5)
    most = publisher.MOST_RECORDS + 100
    for number in range(1, most + 101):
        ours.add(member, number, "Old")
    take_in(telling, node)
    for number in range(most + 1, most + 101):
        ours.remove(member, number)
    for number in range(1, most + 1):
        ours.add(member, number, "New")
    take_in(telling, node)
    assert theirs.record_count == ours.record_count == most
    assert b"".join(theirs.list_all()) == b"".join(ours.list_all())


def test_state_mends_an_old_title_that_was_told_once_more() -> None:
    """A message from before the state brought the old title back, and the next one was lost."""
    there = Index()
    node = Neighbour("a", "e", index=there, foreign=set())
    node.define(1, Told(7, "Old", None))
    node.define(2, Told(7, "New", None))
    node.join(0, "h", 5)
    node.hold(0, [2])
    node.hold(0, [1])
    gone, new = node.difference(0, [2])
    node.release(0, gone)
    node.hold(0, new)
    assert b"".join(there.list_all()) == b"RFC 7 New h 5\r\n"


@pytest.mark.parametrize("is_storing", [False, True])
def test_who_left_is_taken_out_of_what_is_stored_again(*, is_storing: bool) -> None:
    """Else whoever loads it finds a peer that is not there, has it stored again, and finds it again."""
    ours, telling, _, node = pair(set())
    gone, other = ours.join("h", 5), ours.join("h", 6)
    for member in (gone, other):
        ours.add(member, 7, "T")
    take_in(telling, node)
    stored = store(telling)
    assert set(stored) == {gone.serial, other.serial}
    ours.leave(gone)
    take_in(telling, node)
    if is_storing:
        telling.next_post()
    telling.store_again()
    stored |= store(telling)
    assert (stored[gone.serial], bool(stored[other.serial])) == (None, True)


def store(telling: Publisher) -> dict[int, bytes | None]:
    """Give the fields of peers in what is stored now."""
    fields: dict[int, bytes | None] = {}
    while telling.is_unstored:
        fields |= telling.next_post().peers
    return fields


def test_edition_of_a_peer_that_left_before_that_was_told_is_forgotten() -> None:
    foreign: set[int] = set()
    ours, telling, _, node = pair(foreign)
    first, second, other = (ours.join("h", port) for port in (5, 6, 7))
    foreign.add(other.serial)
    for member in (first, other):
        ours.add(member, 7, "T")
    take_in(telling, node)
    ours.remove(first, 7)
    ours.add(second, 7, "T")
    telling.sweep()
    ours.leave(second)
    telling.sweep()
    telling.store_again()
    assert not any(telling.next_post().editions.values())


async def test_others_are_served_while_many_leave() -> None:
    index = Index()
    members = [index.join("h", port) for port in range(1, 11)]
    for member in members:
        for number in range(1, 1001):
            index.add(member, number, "T")
    leaving = Leaving(index, set(), soon=asyncio.get_running_loop().call_soon)
    leaving.extend(members)
    finishing = asyncio.create_task(leaving.finish())
    turns = 0
    while not finishing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert index.record_count == 0
