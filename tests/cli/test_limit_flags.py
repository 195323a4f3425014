"""The flags of limits, from the command line, the environment and the settings file, right and wrong."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from p2pci.cli.settings import parse_networks, parse_ranges, parse_rate
from p2pci.errors import InvalidValueError
from tests.cli.process import DEADLINE_SECONDS, LOOPBACK, P2PCI, Stage, ask_raw, fill, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

LIST = b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n"
SERVER = (*P2PCI, "server", "--port", "0")


@pytest.mark.parametrize(
    "text,expected", [("0", 0), ("1", 1), ("500k", 512_000), ("5M", 5 << 20), ("1.5g", 3 << 29), ("0.1", 1)]
)
def test_rate_is_read(text: str, expected: int) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "5T", "5 M", "M", "1e9", "\u0665", "9" * 13])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="is no rate"):
        parse_rate(text)


def test_ranges_are_not_counted_out() -> None:
    assert parse_ranges("7, 1-4294967295") == (range(7, 8), range(1, 4294967296))


@pytest.mark.parametrize("text", ["", ",", "9-1", "1-", "0", "a", "1-2-3"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_ranges(text)


def test_networks_are_read() -> None:
    assert list(map(str, parse_networks("192.0.2.7 2001:db8::/32"))) == ["192.0.2.7/32", "2001:db8::/32"]


@pytest.mark.parametrize("text", ["", "here", "192.0.2.7/24", "192.0.2.0/33", "1.2.3"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_networks(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ("server", "--allow", "192.0.2.7/24"),
        ("server", "--max-connections", "0"),
        ("server", "--max-per-address", "-1"),
        ("server", "--dead-after", "1"),
        ("server", "--log-format", "xml"),
        ("peer", "--rate", "fast"),
        ("peer", "--share", "all"),
        ("peer", "--max-uploads", "0"),
    ],
    ids=" ".join,
)
def test_wrong_value_is_told_with_its_flag(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run((*P2PCI, *arguments), cwd=tmp_path)
    assert done.returncode == 2
    assert f"Invalid value for '{arguments[1]}'" in done.stderr


def _is_served(port: int) -> bool:
    with socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS) as asker:
        try:
            asker.sendall(LIST)
            return asker.recv(1000).startswith(b"P2P-CI/1.0 200")
        except ConnectionError:
            return False


def test_networks_come_from_flag_environment_and_file(stage: Stage) -> None:
    _, port = stage.start_server("--deny", "192.0.2.0/24", "--deny", LOOPBACK, program=SERVER)
    assert not _is_served(port)
    server = stage.start(*SERVER, env={"P2PCI_ALLOW": "192.0.2.0/24,198.51.100.0/24"})
    assert not _is_served(int(server.wait_for(r"Listening on port (\d+)")[1]))
    (stage.folder / "p2pci.toml").write_text(
        '[server]\nallow = "192.0.2.0/24, 127.0.0.0/8"\n', encoding="utf-8"
    )
    _, port = stage.start_server(program=SERVER)
    assert _is_served(port)


def test_newcomer_over_the_total_is_told(stage: Stage) -> None:
    server, port = stage.start_server("--max-connections", "3", program=SERVER)
    with ExitStack() as crowd:
        for _ in range(3):
            member = crowd.enter_context(socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS))
            member.sendall(LIST)
            assert member.recv(1000).startswith(b"P2P-CI/1.0 200")
        assert ask_raw(port, b"") == b"P2P-CI/1.0 400 Bad Request\r\n\r\n\r\n"
        server.wait_for("A newcomer was turned away: there are as many connections as --max-connections")
        fill(stage.folder / "rfcs", {7: "Seven"})
        for words in (("list",), ("lookup", "7"), ("get", "7"), ("mirror", "--all"), ("peer", "--no-menu")):
            where = () if words[0] == "peer" else ("--server",)
            done = run((*P2PCI, *words, *where, f"{LOOPBACK}:{port}"), cwd=stage.folder)
            assert done.returncode == 4
            assert done.stderr.startswith(
                f"The index at {LOOPBACK}:{port} answered 400 and closed: it is full"
            )
            assert len(done.stderr.splitlines()) == 1


def test_peer_shares_what_it_is_told(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven", 8: "Eight", 2000: "Large"})
    flags = ("--no-menu", "--share", "1-999", "--hide", "8", "--rate", "5M", "--max-uploads", "2")
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", *flags)
    upload_port = int(peer.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")[1])
    peer.wait_for("Serving until")
    for number, status in ((7, b"200"), (8, b"404"), (2000, b"404")):
        answer = ask_raw(upload_port, f"GET RFC {number} P2P-CI/1.0\r\nHost: h\r\n\r\n".encode())
        assert answer.startswith(b"P2P-CI/1.0 " + status)
    listed = run((*P2PCI, "list", "--server", f"localhost:{port}", "--json"), cwd=stage.folder)
    assert listed.stdout.count('"number"') == 1
