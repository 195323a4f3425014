"""What stands between a Redis and strangers: users and passwords, and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.cli.process import LOOPBACK, P2PCI, Stage, closed_port
from tests.shared_index.redis_server import Engine, RedisServer

pytestmark = pytest.mark.slow  # servers as processes

_USERS = (
    "--user",
    "default",
    "off",
    "--user",
    "p2pci",
    "on",
    ">secret",
    "~p2pci:*",
    "resetchannels",
    "&p2pci:*",
    "+@all",
    "-@dangerous",
)


def test_user_and_password_are_needed_where_redis_has_them(
    stage: Stage, engine: Engine, tmp_path: Path
) -> None:
    redis = RedisServer(tmp_path, *_USERS, engine=engine)
    try:
        server = stage.start(*P2PCI, "server", "--port", "0", "--shared", redis.url)
        server.wait_for("^Redis refuses us: .*Check user, password and rights in --shared.$")
        assert server.finish() == 4
        url = f"redis://p2pci:secret@{LOOPBACK}:{redis.port}/0"
        server = stage.start(*P2PCI, "server", "--port", "0", "--shared", url)
        server.wait_for("One index with 0 other")
        server.wait_for("Listening")
        assert "secret" not in server.output
    finally:
        redis.kill()


@contextmanager
def encrypted(folder: Path, name: str) -> Iterator[str]:
    """Run a Redis with a certificate for that name, and give its address; `authority.pem` vouches for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(folder / "redis.pem"))
    port = closed_port()
    files = ("--tls-cert-file", "redis.pem", "--tls-key-file", "redis.pem", "--tls-auth-clients", "no")
    redis = RedisServer(folder, "--tls-port", str(port), *files)
    try:
        yield f"rediss://{LOOPBACK}:{port}/0"
    finally:
        redis.kill()


def test_redis_is_reached_over_tls(stage: Stage, tmp_path: Path) -> None:
    with encrypted(tmp_path, LOOPBACK) as url:
        server = stage.start(*P2PCI, "server", "--port", "0", "--shared", f"{url}?ssl_ca_certs=authority.pem")
        server.wait_for("One index with 0 other")


@pytest.mark.parametrize(
    "name, query, told",
    [(LOOPBACK, "", "verify failed"), ("127.0.0.2", "?ssl_ca_certs=authority.pem", "IP address mismatch")],
    ids=["nobody-vouches", "of-another-host"],
)
def test_certificate_of_a_stranger_is_not_taken(
    name: str, query: str, told: str, stage: Stage, tmp_path: Path
) -> None:
    with encrypted(tmp_path, name) as url:
        server = stage.start(*P2PCI, "server", "--port", "0", "--shared", url + query)
        server.wait_for(told)
        server.wait_for("Listening")
    assert "One index" not in server.output
