"""Redis is trusted no more than the wire: what is none of ours costs a line of the log, and is mended."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from p2pci.events import SharedDamage
from tests.promises.running import until
from tests.server.wire_client import add
from tests.shared_index.redis_server import RedisServer
from tests.shared_index.swarm import Host, Hosted

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

GARBAGE = (b"", b"\0\xff", b"[]", b"[" * 50_000, b'[1,"changes","a","e.1",1,[],[],[],[1e9]]', b"1" * 10_000)


def damages(node: Hosted) -> list[SharedDamage]:
    return [event for event in node.events if isinstance(event, SharedDamage)]


def test_garbage_on_the_channel_is_told_and_passed_over(host: Host, redis: RedisServer) -> None:
    a, b = host.start("a", "b")
    for garbage in GARBAGE:
        redis.does("PUBLISH", f"{host.prefix}:changes", garbage)
    with closing(a.holds(7, port=5)):
        until(lambda: b.finds(7) == ["7 T h 5"])
    assert len(damages(b)) == len(GARBAGE)


@pytest.mark.parametrize("kind", ["editions", "peers"])
def test_damaged_field_is_written_anew(host: Host, redis: RedisServer, kind: str) -> None:
    (a,) = host.start("a")
    with closing(a.holds(7, 8, port=5)):
        until(lambda: not a.shared.is_unstored)
        (key,) = redis.does("KEYS", f"{host.prefix}:{kind}:a:*")
        (field, *_) = redis.does("HKEYS", key)
        redis.does("HSET", key, field, b"garbage", b"none of ours", b"x", b"12345678901", b"x")
        (b,) = host.start("b")
        until(lambda: b.finds(7) == ["7 T h 5"] and b.finds(8) == ["8 T h 5"])
        assert damages(b)


@pytest.mark.parametrize("kind", ["editions", "peers", "sequence"])
def test_key_that_is_gone_is_written_anew(host: Host, redis: RedisServer, kind: str) -> None:
    (a,) = host.start("a")
    with closing(a.holds(7, port=5)):
        until(lambda: not a.shared.is_unstored)
        redis.does("DEL", *redis.does("KEYS", f"{host.prefix}:{kind}:a:*"))
        (b,) = host.start("b")
        until(lambda: b.finds(7) == ["7 T h 5"])


def test_key_of_another_type_does_not_end_the_server(host: Host, redis: RedisServer) -> None:
    redis.does("SET", f"{host.prefix}:nodes", "garbage")
    (a,) = host.start("a")
    with closing(a.holds(7, port=5)):
        assert a.finds(7) == ["7 T h 5"]
        redis.does("DEL", f"{host.prefix}:nodes")
        (b,) = host.start("b")
        until(lambda: b.finds(7) == ["7 T h 5"])


@pytest.mark.parametrize("serial", [0, 77])  # of a peer that is there, and of none
def test_forged_messages_are_undone_by_the_next_beat(host: Host, redis: RedisServer, serial: int) -> None:
    a, b = host.start("a", "b")
    with closing(a.holds(7, port=5)) as peer:
        until(lambda: b.finds(7) != [])
        epoch = redis.does("GET", f"{host.prefix}:lease:a").decode()
        body = [[[1, 7, "Forged"]], [[serial, "evil", 1, [1], []]], [], []]
        for sequence in range(1, 50):
            redis.does(
                "PUBLISH", f"{host.prefix}:changes", json.dumps([1, "changes", "a", epoch, sequence, *body])
            )
        peer.says(add(8, "T", port=5))
        until(lambda: b.lists() == ["7 T h 5", "8 T h 5"])


def test_name_of_a_server_that_is_none_is_passed_over(host: Host, redis: RedisServer) -> None:
    redis.does("HSET", f"{host.prefix}:nodes", "a b\x1b[31m", "x", "ghost", "e.1")
    redis.does("SET", f"{host.prefix}:lease:a b\x1b[31m", "x", "EX", "20")
    redis.does("SET", f"{host.prefix}:lease:ghost", "e.1", "EX", "20")
    (b,) = host.start("b")
    with closing(b.holds(7, port=5)):
        assert b.lists() == ["7 T h 5"]
