"""What servers of a shared index do when one of them, or Redis, is killed, paused or emptied."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from p2pci.events import IndexAlone
from tests.cli.process import LOOPBACK, P2PCI, Stage, fill, run
from tests.promises.running import until
from tests.server.wire_client import add, lookup
from tests.shared_index.redis_server import Engine, RedisServer
from tests.shared_index.swarm import LEASE_SECONDS, Host, Hosted, Swarm, left_line

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

NO_MEMORY = "command not allowed when used memory > 'maxmemory'"
BACK_SECONDS = 5.0  # after Redis is back all servers agree again
ROOM_SECONDS = 2.0  # for a machine that is busy


@pytest.fixture
def redis(engine: Engine, tmp_path: Path) -> Iterator[RedisServer]:
    """One that may be killed."""
    server = RedisServer(tmp_path, engine=engine)
    yield server
    server.kill()


def test_records_of_a_killed_server_are_gone_within_the_lease(swarm: Swarm) -> None:
    a, b = swarm.start("a", "b")
    with closing(a.holds(7, port=5)):
        until(lambda: b.finds(7) != [])
        a.stop()
        killed = time.monotonic()
        assert b.finds(7) != []
        until(lambda: b.finds(7) == [], seconds=LEASE_SECONDS + ROOM_SECONDS)
        print(f"gone {time.monotonic() - killed:.2f} s after the kill")
        b.process.wait_for(left_line("a"))


def test_paused_server_answers_only_when_it_has_joined_anew(swarm: Swarm) -> None:
    a, b = swarm.start("a", "b")
    gone, stays = a.holds(7, port=5), b.holds(8, port=6)
    with closing(stays), closing(b.member()) as asker:
        until(lambda: b.finds(7) != [])
        until(lambda: a.finds(8) != [])
        b.process.signal(signal.SIGSTOP)
        a.process.wait_for(left_line("b"))
        until(lambda: a.finds(8) == [])
        gone.leaves()
        asker.says(lookup(7), lookup(8))  # it finds them when it wakes up
        b.process.signal(signal.SIGCONT)
        asker.hears(b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n")
        asker.hears(b"P2P-CI/1.0 200 OK\r\n\r\nRFC 8 T h 6\r\n\r\n")
        b.process.wait_for("Stood still")
        until(lambda: a.finds(8) != [])


def test_server_that_is_paused_while_it_waits_for_redis_joins_anew_too(
    swarm: Swarm, redis: RedisServer
) -> None:
    (a,) = swarm.start("a")
    with closing(a.member()) as peer:
        redis.signal(signal.SIGSTOP)
        peer.says(add(7, "T", port=5))
        told = time.monotonic()
        until(lambda: time.monotonic() > told + 0.1)  # it tells Redis, and waits half a second for the answer
        a.process.signal(signal.SIGSTOP)
        until(lambda: time.monotonic() > told + LEASE_SECONDS + 0.5, seconds=10)
        redis.signal(signal.SIGCONT)
        a.process.signal(signal.SIGCONT)
        assert a.process.wait_for("Stood still|Alone")[0] == "Stood still"


def test_paused_server_does_not_bring_back_a_killed_one(swarm: Swarm) -> None:
    a, b, c = swarm.start("a", "b", "c")
    with closing(a.holds(7, port=5)), closing(c.member()) as asker:
        until(lambda: c.finds(7) != [])
        c.process.signal(signal.SIGSTOP)
        a.stop()
        b.process.wait_for(left_line("c"))
        until(lambda: b.finds(7) == [])
        asker.says(lookup(7))
        c.process.signal(signal.SIGCONT)
        asker.hears(b"P2P-CI/1.0 404 Not Found\r\n\r\n\r\n")
        assert b.finds(7) == []


def test_all_agree_again_when_redis_is_back(swarm: Swarm, redis: RedisServer) -> None:
    a, b = swarm.start("a", "b")
    early, leaving = a.holds(7, port=5), b.holds(8, port=6)
    with closing(early):
        until(lambda: b.finds(7) != [])
        until(lambda: a.finds(8) != [])
        redis.kill()
        for node in (a, b):
            node.process.wait_for("Alone, and answering from what is known.")
        with closing(a.holds(9, port=7)), closing(b.holds(10, port=8)):
            leaving.leaves()
            assert b.finds(7) != []
            assert a.finds(8) != []
            redis.start()
            started = time.monotonic()
            for node in (a, b):
                until(
                    lambda node=node: sorted(node.lists()) == ["10 T h 8", "7 T h 5", "9 T h 7"],  # type: ignore[misc]
                    seconds=BACK_SECONDS,
                )
            print(f"one again {time.monotonic() - started:.2f} s after Redis is back")


def reasons_of(node: Hosted) -> list[str]:
    return [event.reason for event in node.events if isinstance(event, IndexAlone)]


def test_each_reason_of_being_alone_is_told_in_the_words_of_redis(host: Host, redis: RedisServer) -> None:
    (a,) = host.start("a")
    redis.does("CONFIG", "SET", "maxmemory", "1")
    until(lambda: reasons_of(a))
    assert f" is away: {NO_MEMORY}. It is" in reasons_of(a)[0]
    redis.kill()
    until(lambda: " connecting to " in reasons_of(a)[-1])


def test_nothing_goes_missing_when_redis_is_emptied(swarm: Swarm, redis: RedisServer) -> None:
    a, b = swarm.start("a", "b")
    with closing(a.holds(7, port=5)):
        until(lambda: b.finds(7) != [])
        redis.does("FLUSHALL")
        with closing(a.holds(9, port=7)):
            emptied = time.monotonic()
            while time.monotonic() < emptied + LEASE_SECONDS / 2:
                assert b.finds(7) != []
            until(lambda: b.finds(9) != [], seconds=BACK_SECONDS)
            (c,) = swarm.start("c")
            until(lambda: sorted(c.lists()) == ["7 T h 5", "9 T h 7"], seconds=BACK_SECONDS)


def test_questions_are_answered_while_redis_hangs(swarm: Swarm, redis: RedisServer) -> None:
    a, b = swarm.start("a", "b")
    with closing(a.holds(7, port=5)):
        until(lambda: b.finds(7) != [])
        redis.signal(signal.SIGSTOP)
        slowest = 0.0
        hanging = time.monotonic()
        while time.monotonic() < hanging + 1.5 * LEASE_SECONDS:
            asked = time.monotonic()
            assert b.finds(7) != []
            slowest = max(slowest, time.monotonic() - asked)
        assert slowest < LEASE_SECONDS
        b.process.wait_for("Alone")
        with closing(a.holds(9, port=7)):
            redis.signal(signal.SIGCONT)
            until(lambda: len(b.lists()) == 2, seconds=BACK_SECONDS + ROOM_SECONDS)


def test_server_that_finds_no_redis_begins_alone(swarm: Swarm, redis: RedisServer) -> None:
    redis.kill()
    a, b = swarm.start("a", "b")
    with closing(a.holds(7, port=5)):
        assert a.finds(7) != []
        redis.start()
        until(lambda: b.finds(7) != [], seconds=BACK_SECONDS)


def test_server_stops_in_order_while_redis_is_away(swarm: Swarm, redis: RedisServer) -> None:
    (a,) = swarm.start("a")
    redis.kill()
    a.process.wait_for("Alone")
    a.process.signal(signal.SIGTERM)
    assert a.process.finish() == 0


def test_connection_that_redis_ends_is_made_again(swarm: Swarm, redis: RedisServer) -> None:
    a, b = swarm.start("a", "b")
    with closing(a.holds(7, port=5)) as peer:
        until(lambda: b.finds(7) != [])
        redis.does("CLIENT", "KILL", "TYPE", "pubsub")
        redis.does("CLIENT", "KILL", "TYPE", "normal")
        peer.says(add(8, "T", port=5))
        assert b.finds(7) != []
        until(lambda: b.finds(8) != [], seconds=BACK_SECONDS)


def test_peers_of_a_killed_server_go_to_another_one(swarm: Swarm, stage: Stage) -> None:
    a, b = swarm.start("a", "b")
    fill(stage.folder / "shelf", {7: "Seven", 8: "Eight"})
    servers = f"{LOOPBACK}:{a.port},{LOOPBACK}:{b.port}"
    peer = stage.start(*P2PCI, "peer", servers, "--no-menu", "--library", str(stage.folder / "shelf"))
    peer.wait_for("Serving until")
    until(lambda: b.finds(7) != [])
    a.stop()
    killed = time.monotonic()
    peer.wait_for(f"Connected to server at port {b.port}")
    print(f"at another server {time.monotonic() - killed:.2f} s after the kill")
    assert time.monotonic() - killed < 5
    b.process.wait_for("Added 127.0.0.1")
    assert len(b.finds(7)) == 1  # though the old connection's record is still there
    assert "Seven" in run((*P2PCI, "lookup", "7", "--server", servers), cwd=stage.folder).stdout


def test_nothing_of_redis_is_imported_without_it(stage: Stage) -> None:
    script = stage.folder / "program.py"
    script.write_text(
        "import sys\n"
        "from p2pci.cli.main import run\n"
        "import atexit\n"
        "atexit.register(lambda: print('redis' in sys.modules, 'p2pci.shared_index' in sys.modules))\n"
        "run(['server', '--port', '0'])\n"
    )
    server = stage.start(P2PCI[0], str(script))
    server.wait_for("Listening")
    server.signal(signal.SIGTERM)
    server.wait_for("^False False$")
