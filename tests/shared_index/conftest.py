"""A Redis for the tests of a module, and servers that share it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.process import Stage
from tests.shared_index.redis_server import Engine, RedisServer
from tests.shared_index.swarm import Host, Swarm


@pytest.fixture(
    scope="module",
    params=[
        Engine.REDIS,
        pytest.param(Engine.OLDEST_REDIS, marks=pytest.mark.slow),
        pytest.param(Engine.VALKEY, marks=pytest.mark.slow),
    ],
    ids=lambda engine: engine.value,
)
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param)


@pytest.fixture(scope="module")
def redis(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), engine=engine)
    yield server
    server.kill()


@pytest.fixture
def host(redis: RedisServer) -> Iterator[Host]:
    host = Host(redis)
    yield host
    host.close()


@pytest.fixture
def swarm(stage: Stage, redis: RedisServer) -> Iterator[Swarm]:
    swarm = Swarm(stage, redis)
    yield swarm
    swarm.close()
