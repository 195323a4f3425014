"""Three servers answer as one while all is well."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from math import inf
from pathlib import Path

import pytest

from p2pci.index import Index, Member
from p2pci.protocol.shortcuts import write_add_key
from p2pci.shared_index.sharing import STORE_SECONDS
from tests.cli.process import P2PCI, Stage, run
from tests.promises.running import until
from tests.server.wire_client import ROOM_SECONDS, add
from tests.shared_index.redis_server import RedisServer
from tests.shared_index.swarm import Host, Hosted, Swarm

_numbers = count(100, 10)


@pytest.fixture(scope="module")
def three(redis: RedisServer) -> Iterator[list[Hosted]]:
    host = Host(redis)
    yield host.start("a", "b", "c")
    host.close()


@pytest.fixture
def number() -> int:
    return next(_numbers)


def test_record_is_found_on_every_server_until_its_peer_leaves(three: list[Hosted], number: int) -> None:
    for node in three:
        peer = node.holds(number, port=5)
        for other in three:
            until(lambda other=other: other.finds(number) == [f"{number} T h 5"])  # type: ignore[misc]
        peer.leaves()
        for other in three:
            until(lambda other=other: other.finds(number) == [])  # type: ignore[misc]


def test_list_has_the_records_of_all(three: list[Hosted], number: int) -> None:
    with ExitStack() as stack:
        for place, node in enumerate(three):
            stack.enter_context(closing(node.holds(number + place, port=10 + place)))
        expected = {f"{number + place} T h {10 + place}" for place in range(3)}
        for node in three:
            until(lambda node=node: expected <= set(node.lists()))  # type: ignore[misc]


def test_new_title_replaces_the_old_one_everywhere(three: list[Hosted], number: int) -> None:
    a, b, _ = three
    with closing(a.holds(number, port=5, title="Old")) as peer:
        until(lambda: b.finds(number) == [f"{number} Old h 5"])
        peer.says(add(number, "Nëw", port=5))
        until(lambda: b.finds(number) == [f"{number} Nëw h 5"])
        peer.says(add(number, "Old", port=5))
        until(lambda: b.finds(number) == [f"{number} Old h 5"])


def test_whole_shelf_is_found(three: list[Hosted]) -> None:
    a, _, c = three
    shelf = range(50_000, 55_000)
    with closing(a.holds(*shelf, port=77)):
        until(lambda: sum(line.endswith(" h 77") for line in c.lists()) == len(shelf))
    until(lambda: not any(line.endswith(" h 77") for line in c.lists()))


def test_same_identity_on_two_servers_is_shown_once(three: list[Hosted], number: int) -> None:
    a, b, c = three
    old, new = a.holds(number, port=5, title="First"), b.holds(number, number + 1, port=5, title="Second")
    for node in three:
        until(lambda node=node: node.finds(number + 1) != [])  # type: ignore[misc]
        until(lambda node=node: len(node.finds(number)) == 1)  # type: ignore[misc]
    old.leaves()
    until(lambda: c.finds(number) == [f"{number} Second h 5"])
    new.leaves()
    until(lambda: c.finds(number) == [])


def test_taken_back_record_is_gone_everywhere(three: list[Hosted], number: int) -> None:
    a, b, _ = three
    head = f"LOOKUP RFC {number} P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nFeatures: remove\r\n\r\n"
    with closing(a.member()) as peer:
        peer.says(head.encode())
        peer.hears(b"P2P-CI/1.0 404 Not Found\r\nFeatures: remove\r\n\r\n\r\n")
        peer.says(add(number, "T", port=5), add(number + 1, "T", port=5))
        until(lambda: b.finds(number) == [f"{number} T h 5"])
        peer.says(f"REMOVE RFC {number} P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n".encode())
        until(lambda: b.finds(number) == [])
        until(lambda: b.finds(number + 1) != [])


def test_copies_are_told_on(three: list[Hosted], number: int) -> None:
    a, b, _ = three
    digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    lines = f"Size: 0\r\nRepr-Digest: sha-256=:{digest}:\r\n\r\n"
    with closing(a.member()) as peer, closing(b.member()) as asker:
        peer.says(add(number + 1, "T", port=5)[:-2] + b"Features: digest\r\n\r\n")
        peer.says(add(number, "T", port=5)[:-2] + lines.encode())
        until(lambda: b.finds(number) == [f"{number} T h 5"])
        asked = f"LOOKUP RFC {number} P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nWant: digest\r\n"
        asker.says(f"{asked}Features: digest\r\n\r\n".encode())
        assert b" 0 e3b0c44298fc1c14" in asker.socket.recv(4096)


def test_what_was_asked_while_the_lease_had_ended_is_answered_once_it_is_renewed(host: Host) -> None:
    (a,) = host.start("a")
    with closing(a.holds(7, port=5)):
        a.shared.trusted_until = -inf
        assert a.finds(7) == ["7 T h 5"]


def test_what_changes_all_the_time_is_stored_now_and_then(host: Host, redis: RedisServer) -> None:
    (a,) = host.start("a")
    redis.does("CONFIG", "RESETSTAT")
    began = time.monotonic()
    number = 0

    def ends() -> int:
        """One for each time that it stores."""
        stored = redis.does("INFO", "commandstats").get("cmdstat_set")
        return int(stored["calls"]) if stored else 0

    with closing(a.member()) as peer:
        while (passed := time.monotonic() - began) < 5 * STORE_SECONDS or (
            passed < ROOM_SECONDS and not ends()
        ):
            number += 1
            peer.says(add(number, "T", port=5))
            peer.hears(f"P2P-CI/1.0 200 OK\r\n\r\nRFC {number} T h 5\r\n\r\n".encode())
    assert 1 <= ends() <= 6


async def register(index: Index, members: list[Member], *, first: int, count: int) -> None:
    """Let all of them have so many documents more."""
    keys = [write_add_key(number, "T", None) for number in range(first, first + count)]
    for member in members:
        index.add_run(member, keys)
        await asyncio.sleep(0)


@pytest.mark.slow
def test_who_joins_a_server_that_is_never_quiet_hears_all_of_it(host: Host) -> None:
    (a,) = host.start("a")
    index = a.server.index
    members = [index.join("192.0.2.1", port) for port in range(1, 301)]
    host.run(register(index, members, first=1, count=5000))
    latest, ends = [5000], threading.Event()

    async def register_more() -> None:
        while not ends.is_set():
            await register(index, members, first=latest[0] + 1, count=1)
            latest[0] += 1

    registering = host.begin(register_more())
    try:
        (b,) = host.start("b")
        for _ in range(3):
            number = latest[0]
            until(lambda number=number: len(b.finds(number)) == len(members))  # type: ignore[misc]
    finally:
        ends.set()
        registering.result(20)


def test_who_joins_later_knows_all_at_once(host: Host) -> None:
    (a,) = host.start("a")
    with closing(a.holds(*range(1, 501), port=5)), closing(a.holds(7, port=6)):
        until(lambda: not a.shared.is_unstored)
        (b,) = host.start("b")
        assert len(b.lists()) == 501
        (c,) = host.start("c")
        host.stop(b)
        until(lambda: a.shared.others == ["c"])
        assert len(c.lists()) == 501


def test_two_swarms_share_one_redis_by_prefix(host: Host) -> None:
    (a,), (other,) = host.start("a"), host.start("a", prefix=f"{host.prefix}x")
    with closing(a.holds(7, port=5)), closing(other.holds(8, port=5)):
        until(lambda: not a.shared.is_unstored)
        (b,) = host.start("b")
        assert b.lists() == ["7 T h 5"]
        assert other.lists() == ["8 T h 5"]


def test_second_server_of_a_name_is_refused(swarm: Swarm) -> None:
    (a,) = swarm.start("same")
    second = swarm.launch("same")
    second.wait_for("^Another server of this shared index is called same. Give each its own --node.$")
    assert second.finish() == 4
    with closing(a.holds(7, port=5)):
        assert a.finds(7) == ["7 T h 5"]


def test_server_that_waits_for_its_name_ends_at_once_when_told_to(stage: Stage, redis: RedisServer) -> None:
    redis.does("SET", "ending:lease:a", "somebody else's", "PX", 10_000)
    flags = ("--port", "0", "--shared", redis.url, "--shared-prefix", "ending", "--node", "a")
    server = stage.start(*P2PCI, "server", *flags)
    server.wait_for("The name a is leased for another [0-9.]+ s: waiting")
    server.signal(signal.SIGINT)
    server.wait_for("Stopping", seconds=2)
    assert server.finish(seconds=2) == 0


@pytest.mark.slow
def test_server_that_is_started_again_after_a_kill_takes_its_name_back(swarm: Swarm) -> None:
    a, b = swarm.start("a", "b")
    peer = a.holds(7, port=5)
    until(lambda: b.finds(7) != [])
    a.stop()
    peer.close()
    (again,) = swarm.start("a")
    until(lambda: b.finds(7) == [])
    with closing(again.holds(8, port=5)):
        until(lambda: b.finds(8) != [])


@pytest.mark.parametrize(
    "words, told",
    [
        (("--shared", "http://x"), "The address of the shared index is none."),
        (("--shared", ""), "The address of the shared index is none."),
        (("--shared", "redis://127.0.0.1:1/swarm"), "The address of the shared index is none."),
        (("--shared", "redis://127.0.0.1:1/0?unheard=of"), "The address of the shared index is none."),
        (("--shared", "redis://127.0.0.1:1/0", "--node", "a b"), "'a b' is no server's name."),
        (("--shared", "redis://127.0.0.1:1/0", "--shared-prefix", "a*"), "'a*' is no prefix of keys."),
        (("--shared", "redis://127.0.0.1:1/0", "--lease", "nan"), "'nan' is not in the range"),
        (("--node", "a"), "Add --shared."),
        (("--lease", "3"), "Add --shared."),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = run((*P2PCI, "server", "--port", "0", *words), cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 4  # with how to use it
