"""What both sides make the same digest of, and what that costs."""

from __future__ import annotations

import time

from hypothesis import given, strategies as st

from p2pci.shared_index.holdings import Holdings

numbers = st.integers(1, 2**32 - 1)


def holding(shelves: dict[int, set[int]]) -> Holdings:
    holdings = Holdings()
    for serial, shelf in shelves.items():
        holdings.join(serial, "h", 5)
        holdings.hold(serial, shelf)
    return holdings


@given(st.dictionaries(st.integers(0, 5), st.sets(numbers, max_size=5)), st.data())
def test_digest_is_that_of_what_is_held_whatever_came_before(
    shelves: dict[int, set[int]], data: st.DataObject
) -> None:
    holdings = holding(data.draw(st.dictionaries(st.integers(0, 5), st.sets(numbers, max_size=5))))
    for serial in set(holdings.peers) - set(shelves):
        holdings.leave(serial)
    for serial, shelf in shelves.items():
        if serial not in holdings.peers:
            holdings.join(serial, "h", 5)
        if data.draw(st.booleans()):
            holdings.digest()
        holdings.hold(serial, [*shelf, *shelf])
        for number in [*holdings.peers[serial].held]:
            if number not in shelf:
                assert holdings.release(serial, number)
                assert not holdings.release(serial, number)
    assert holdings.digest() == holding(shelves).digest()


def test_digest_tells_what_differs() -> None:
    one: list[dict[int, set[int]]] = [{}, {1: set()}, {1: {7}}, {1: {8}}, {1: {7, 8}}, {2: {7}}]
    two: list[dict[int, set[int]]] = [{1: {7}, 2: {8}}, {1: {8}, 2: {7}}]
    assert len({holding(shelves).digest() for shelves in one + two}) == len(one + two)


def test_digest_costs_what_changed_and_not_what_is_held() -> None:
    holdings = holding({serial: set(range(10_000)) for serial in range(300)})
    holdings.digest()
    seconds = []
    for number in range(10_000, 10_005):
        for serial in holdings.peers:
            holdings.hold(serial, [number])
        began = time.perf_counter()
        holdings.digest()
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.005  # some 0.3 ms; hashing all of it took 15
