"""Where a setting comes from: the flag, then the environment, then p2pci.toml; and wrong ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Stage, closed_port, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Three index servers that differ in what there is: RFC 1, RFC 2 and RFC 3."""
    stage = Stage(tmp_path_factory.mktemp("servers"))
    try:
        ports = [stage.start_server()[1] for _ in range(3)]
        for number, port in enumerate(ports, start=1):
            stage.start_holder(port, {number: "Title"})
        yield [f"{LOOPBACK}:{port}" for port in ports]
    finally:
        stage.end()


@pytest.mark.parametrize("command", ["list", "get"])
def test_flag_goes_before_environment_before_file(servers: list[str], tmp_path: Path, command: str) -> None:
    flag, variable, file = servers
    words = ("get", "1-3", "--json") if command == "get" else ("list",)
    (tmp_path / "p2pci.toml").write_text(f'[{command}]\nserver = "{file}"\n')
    env = {"P2PCI_SERVER": variable}
    outputs = [
        run((*P2PCI, *words, "--server", flag), cwd=tmp_path, env=env).stdout,
        run((*P2PCI, *words), cwd=tmp_path, env=env).stdout,
        run((*P2PCI, *words), cwd=tmp_path).stdout,
    ]
    pattern = r"^(\d)\t" if command == "list" else r'"number": (\d),\s+"state": "downloaded"'
    assert [re.findall(pattern, output, re.MULTILINE) for output in outputs] == [["1"], ["2"], ["3"]]


def test_server_of_a_peer_is_set_in_the_same_ways(servers: list[str], tmp_path: Path) -> None:
    flag, variable, file = servers
    (tmp_path / "p2pci.toml").write_text(f'[peer]\nserver = "{file}"\nlibrary = "from-file"\n')
    env = {"P2PCI_SERVER": variable}
    for words, changes, server in (((flag,), env, flag), ((), env, variable), ((), {}, file)):
        done = run((*P2PCI, "peer", *words), cwd=tmp_path, env=changes)
        assert f"[Peer] Connected to server at port {server.rpartition(':')[2]}\n" in done.stdout
    assert (tmp_path / "from-file").is_dir()


def test_peer_of_several_servers_says_which_one_it_found(servers: list[str], tmp_path: Path) -> None:
    host, _, port = servers[0].rpartition(":")
    done = run((*P2PCI, "peer", f"{host}:{closed_port()},{servers[0]}"), cwd=tmp_path)
    assert f"[Peer] Connected to server at port {port} of {host}\n" in done.stdout


def test_file_names_settings_like_the_flags(servers: list[str], stage: Stage) -> None:
    (stage.folder / "p2pci.toml").write_text(
        f'[list]\nserver = "{servers[0]}"\njson = true\n'
        f"[server]\nport = {closed_port()}\ntrust-hosts = true\n"
        f'[peer]\nmenu = false\nlibrary = "shelf"\n[get]\noutput = "shelf"\nserver = "{servers[0]}"\n'
    )
    assert run((*P2PCI, "list"), cwd=stage.folder).stdout.startswith("[\n  {")
    assert run((*P2PCI, "get", "1"), cwd=stage.folder).returncode == 0
    assert (stage.folder / "shelf/rfc1.txt").is_file()
    _, port = stage.start_server(program=(*P2PCI, "server"))
    peer = stage.start(*P2PCI, "peer", f"{LOOPBACK}:{port}")
    peer.wait_for("Registering RFC 1: Title")


@pytest.mark.parametrize(
    "text,words",
    [
        ("[[[", ("p2pci.toml", "line 1")),
        ('server = "x"', ("p2pci.toml", "server")),
        ('[list]\nserver = ["a"]', ("server",)),
        ("[list.server]\nx = 1", ("server",)),
        ('[list]\nsever = "x"', ("sever",)),
        ('[lists]\nserver = "x"', ("lists",)),
        ('[list]\nserver = "x:y"', ("'y' is no port",)),
        ('[list]\njson = "perhaps"', ("perhaps",)),
        ("[list]\njson = 3", ("3",)),
    ],
)
def test_wrong_file_is_one_sentence_and_exit_2(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "p2pci.toml").write_text(text + "\n")
    done = run((*P2PCI, "list"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    for word in words:
        assert word in done.stderr


def test_wrong_value_that_nobody_typed_is_said_to_come_from_elsewhere(tmp_path: Path) -> None:
    wrong = {"P2PCI_SERVER": "host:x"}
    done = run((*P2PCI, "list"), cwd=tmp_path, env=wrong)
    assert done.returncode == 2
    assert done.stderr.endswith("\nIt comes from P2PCI_SERVER in the environment.\n")
    typed = run((*P2PCI, "list", "--server", "host:y"), cwd=tmp_path, env=wrong)
    assert "comes from" not in typed.stderr
    (tmp_path / "p2pci.toml").write_text('[list]\nserver = "host:z"\n')
    done = run((*P2PCI, "list"), cwd=tmp_path)
    assert done.stderr.endswith("\nIt comes from p2pci.toml in this folder.\n")


def test_file_that_is_a_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "p2pci.toml").mkdir()
    done = run((*P2PCI, "list"), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words,sentence",
    [
        (("list", "--server", "host:0"), "'0' is no port"),
        (("list", "--server", "host:"), "'' is no port"),
        (("list", "--server", ""), "is not an address"),
        (("list", "--server", "[::1"), "is not an address"),
        (("lookup", "x"), "'x' is no RFC number"),
        (("lookup", "0"), "'0' is no RFC number"),
        (("lookup", b"\xff"), "is no RFC number"),
        (("lookup", "1", "--server", b"host:\xff"), "is no port"),
        (("get", b"\xff"), "is no RFC number"),
        (("get", "3-1"), "'3-1' is not a range"),
        (("get", "1-"), "'1-' is a range with an end left out"),
        (("get", "1-4294967295"), "too many"),
        (("get",), "Missing argument 'NUMBERS...'"),
        (("lookup",), "Missing argument 'NUMBER'"),
        (("serve",), "No such command 'serve'"),
        (("server", "--port", "70000"), "70000 is not in the range 0<=x<=65535"),
        (("server", "--port", "x"), "'x' is not a valid integer"),
        (("server", "extra"), "Got unexpected extra argument (extra)"),
        (("peer", "a", "b"), "Got unexpected extra argument (b)"),
        (("peer", "host:x"), "'x' is no port"),
        (("peer", "--advertise", "host:70000"), "'70000' is no port"),
        (("list", "--color"), "No such option"),
    ],
    ids=str,
)
def test_wrong_words_are_a_sentence_and_exit_2(
    words: tuple[str | bytes, ...], sentence: str, tmp_path: Path
) -> None:
    done = run((*map(os.fsencode, P2PCI), *map(os.fsencode, words)), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_advertised_host_must_be_one(tmp_path: Path, servers: list[str]) -> None:
    (tmp_path / "rfcs").mkdir()
    (tmp_path / "rfcs/rfc7.txt").write_text("Seven\n")
    for host, said in {
        "two words": "'two words' is not an address.",
        "x" * 256: " is no host. Give a name",
    }.items():
        done = run((*P2PCI, "peer", servers[0], "--advertise", host), cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr


def test_taken_port_exits_4_with_a_sentence(servers: list[str], tmp_path: Path) -> None:
    (tmp_path / "rfcs").mkdir()
    taken = servers[0].rpartition(":")[2]
    for command in (("server",), ("peer", servers[0])):
        done = run((*P2PCI, *command, "--port", taken), cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
        assert done.stderr.startswith(f"Cannot listen on {LOOPBACK}:{taken}: ")


def test_address_of_nobody_cannot_be_bound(tmp_path: Path) -> None:
    done = run((*P2PCI, "server", "--port", "0", "--bind", "192.0.2.1"), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert done.stderr.startswith("Cannot listen on 192.0.2.1:0: ")
