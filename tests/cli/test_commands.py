"""`p2pci lookup`, `list` and `get` against one index with two holders; `--help` and `--version` of all."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import p2pci
from tests.cli.process import (
    LOOPBACK,
    P2PCI,
    SERVER_PY,
    Stage,
    answering,
    closed_port,
    member,
    run,
)

COMMANDS = [
    *("server", "peer"),
    *("lookup", "list", "get", "mirror", "search"),
    *("titles", "read", "bundle"),
    *("check", "spy"),
    *("demo", "completion"),
]
SHELF = {number: f"Title {number}" for number in (1, 2, 3, 5, 8)}


class Network(NamedTuple):
    """An index and its holders, of which the tests only ask."""

    port: int
    holder: int
    second_holder: int
    shelf: Path

    @property
    def server(self) -> str:
        return f"localhost:{self.port}"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    stage = Stage(tmp_path_factory.mktemp("network"))
    try:
        _, port = stage.start_server()
        _, holder = stage.start_holder(port, SHELF)
        _, second = stage.start_holder(port, {5: "Title 5"})
        # A holder that is dead: its record is there, its port is not.
        lines = f"Host: {LOOPBACK}\r\nPort: {closed_port()}\r\n\r\n"
        # It tells of the same copy, so that it is as good a source as the one that lives.
        copy = _copy_lines((stage.folder / "shelf1" / "rfc8.txt").read_bytes())
        adds = [f"LOOKUP RFC 8 P2P-CI/1.0\r\nFeatures: digest\r\n{lines}".encode()]
        adds += [f"ADD RFC {number} P2P-CI/1.0\r\n{copy}{lines}".encode() for number in (8, 13)]
        with member(port, *adds):
            yield Network(port, holder, second, stage.folder / "shelf1")
    finally:
        stage.end()


def _copy_lines(text: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
    return f"Size: {len(text)}\r\nRepr-Digest: sha-256=:{digest}:\r\n"


def _p2pci(folder: Path, *words: str) -> tuple[int, str, str]:
    done = run((*P2PCI, *words), cwd=folder)
    return done.returncode, done.stdout, done.stderr


def test_version(tmp_path: Path) -> None:
    assert _p2pci(tmp_path, "--version") == (0, f"p2pci {p2pci.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, command, "--help")
    assert (code, errors) == (0, "")
    assert re.search(rf"^  Example:  p2pci {command}\b", output, re.MULTILINE)


@pytest.mark.parametrize("group", [(), ("bundle",), ("check",)], ids=str)
def test_help_of_a_group_has_the_first_sentence_of_each_command_whole(
    group: tuple[str, ...], tmp_path: Path
) -> None:
    _, output, _ = _p2pci(tmp_path, *group, "--help")
    commands = output.partition("Options:")[2]
    assert re.search(r"^  [a-z]+  +[A-Z]", commands, re.MULTILINE)
    assert not re.search(r"\.\.\.$", commands, re.MULTILINE)


def test_help_lists_all_commands(tmp_path: Path) -> None:
    _, output, _ = _p2pci(tmp_path, "-h")
    assert re.findall(r"^  ([a-z]+)  ", output.partition("Run:")[2], re.MULTILINE) == COMMANDS


def test_lookup_prints_a_line_per_holder(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "lookup", "5", "--server", network.server)
    assert (code, errors) == (0, "")
    ports = sorted((network.holder, network.second_holder))
    assert sorted(output.splitlines()) == [f"5\tTitle 5\t{LOOPBACK}\t{port}" for port in ports]


def test_lookup_as_json(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "lookup", "1", "--json", "--server", network.server)
    assert (code, errors) == (0, "")
    assert json.loads(output) == [{"number": 1, "title": "Title 1", "host": LOOPBACK, "port": network.holder}]


def test_lookup_of_what_nobody_has_exits_3_with_a_sentence(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "lookup", "4342", "--server", network.server)
    assert (code, output) == (3, "")
    assert errors == "No peer has it at the moment. `p2pci list` shows what there is.\n"


def test_lookup_of_what_nobody_has_is_an_empty_list_in_json(network: Network, tmp_path: Path) -> None:
    code, output, _ = _p2pci(tmp_path, "lookup", "4342", "--json", "--server", network.server)
    assert (code, json.loads(output)) == (3, [])


def test_list_prints_every_record_by_number(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "list", "--server", network.server)
    assert (code, errors) == (0, "")
    assert [line.split("\t")[0] for line in output.splitlines()] == ["1", "2", "3", "5", "5", "8", "8", "13"]


def test_list_of_an_empty_index_exits_0(stage: Stage) -> None:
    _, port = stage.start_server()
    said = "The index has no records.\n"
    assert _p2pci(stage.folder, "list", "--server", f"localhost:{port}") == (0, "", said)
    assert _p2pci(stage.folder, "list", "--json", "--server", f"localhost:{port}") == (0, "[]\n", said)


def test_list_on_a_terminal_is_a_table(network: Network, stage: Stage) -> None:
    listing = stage.start(*P2PCI, "list", "--server", network.server, on_terminal=True)
    assert listing.finish() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", listing.output)
    assert re.match(r"RFC +Title +Holder *\n1 +Title 1 +127\.0\.0\.1:\d+ *\n", plain)


def test_no_color_is_respected(network: Network, stage: Stage) -> None:
    listing = stage.start(*P2PCI, "list", "--server", network.server, env={"NO_COLOR": "1"}, on_terminal=True)
    assert listing.finish() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", listing.output)


@pytest.mark.parametrize("command,request_line", [("list", "LIST ALL"), ("lookup", "LOOKUP RFC 1")])
def test_trace_shows_the_messages(network: Network, tmp_path: Path, command: str, request_line: str) -> None:
    words = ("1",) if command == "lookup" else ()
    code, output, errors = _p2pci(tmp_path, command, *words, "--trace", "--server", network.server)
    assert (code, errors) == (0, "")
    assert output.startswith(f"{request_line} P2P-CI/1.0\nHost: {LOOPBACK}\nPort: ")
    features = "Features: pipeline, digest, remove, holders, probe, reason\n"
    assert (
        f"\n{features}\nP2P-CI/1.0 200 OK\n{features}\nRFC 1 Title 1 {LOOPBACK} {network.holder}\n" in output
    )


@pytest.mark.parametrize("words", [("lookup", "1"), ("list",), ("get", "1")], ids=str)
def test_trace_leaves_json_readable(network: Network, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run((*P2PCI, *words, "--json", "--trace", "--server", network.server), cwd=tmp_path)
    assert isinstance(json.loads(done.stdout), list)
    assert "P2P-CI/1.0 200 OK" in done.stderr


def test_get_saves_numbers_and_ranges_in_a_folder(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "get", "5", "1-3", "-o", "new/here", "--server", network.server)
    assert (code, errors) == (0, "")
    saved = sorted((tmp_path / "new/here").iterdir())
    assert [path.name for path in saved] == ["rfc1.txt", "rfc2.txt", "rfc3.txt", "rfc5.txt"]
    for path in saved:
        assert path.read_bytes() == (network.shelf / path.name).read_bytes()
    size = (network.shelf / "rfc1.txt").stat().st_size
    assert f"[DOWNLOAD] Connecting to {LOOPBACK}:{network.holder} for RFC 1...\n" in output
    assert f"[DOWNLOAD] Saved to new/here/rfc1.txt ({size} bytes)\n" in output


def test_get_saves_here_by_default_and_shares_nothing(network: Network, tmp_path: Path) -> None:
    assert _p2pci(tmp_path, "get", "2", "--server", network.server)[0] == 0
    assert (tmp_path / "rfc2.txt").is_file()
    assert len(_p2pci(tmp_path, "lookup", "2", "--server", network.server)[1].splitlines()) == 1


def test_get_leaves_what_is_there_unless_forced(network: Network, tmp_path: Path) -> None:
    (tmp_path / "rfc1.txt").write_text("mine")
    code, output, errors = _p2pci(tmp_path, "get", "1", "--server", network.server)
    assert (code, output) == (0, "")
    assert errors == "RFC 1 is already in .; --force downloads it again.\n"
    assert (tmp_path / "rfc1.txt").read_text() == "mine"
    assert _p2pci(tmp_path, "get", "1", "--force", "--server", network.server)[0] == 0
    assert (tmp_path / "rfc1.txt").read_bytes() == (network.shelf / "rfc1.txt").read_bytes()


def test_get_takes_the_next_holder_when_one_is_dead(network: Network, tmp_path: Path) -> None:
    outputs: list[str] = []
    while not any("did not deliver" in output for output in outputs):
        assert len(outputs) < 40  # chance alone would need one in 2^40 runs
        code, output, errors = _p2pci(tmp_path, "get", "8", "--force", "--server", network.server)
        assert (code, errors) == (0, "")
        outputs.append(output)
    assert (tmp_path / "rfc8.txt").read_bytes() == (network.shelf / "rfc8.txt").read_bytes()


@pytest.mark.slow
def test_get_from_dead_holders_alone_exits_4(network: Network, tmp_path: Path) -> None:
    code, _, errors = _p2pci(tmp_path, "get", "13", "--server", network.server)
    assert code == 4
    assert errors.startswith("None of 1 holder(s) delivered RFC 13; the last: Cannot connect to ")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_get_tries_all_and_exits_with_the_first_failure(network: Network, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "get", "4342", "13", "1", "--server", network.server)
    assert code == 3
    assert errors.startswith("RFC 4342 was not found: there is nobody to fetch it from.")
    assert "Saved to rfc1.txt" in output


def test_get_as_json(network: Network, tmp_path: Path) -> None:
    (tmp_path / "rfc2.txt").touch()
    code, output, _ = _p2pci(tmp_path, "get", "1", "2", "4342", "--json", "--server", network.server)
    original = (network.shelf / "rfc1.txt").read_bytes()
    one, two, none = json.loads(output)
    assert code == 3
    assert one == {
        "number": 1,
        "state": "downloaded",
        "path": str(tmp_path / "rfc1.txt"),
        "size": len(original),
        "sha256": hashlib.sha256(original).hexdigest(),
        "verified": True,
    }
    assert two == {"number": 2, "state": "present"}
    assert (none["number"], none["state"]) == (4342, "failed")
    assert none["reason"].startswith("RFC 4342 was not found: ")


@pytest.mark.parametrize(
    "words,said",
    [
        (("--accept", "abc"), "'abc' is no SHA-256. Give its 64 hex digits."),
        (("--max-bytes", "0"), "0 is not in the range x>=1"),
    ],
)
def test_get_with_a_wrong_limit_is_a_usage_error(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    code, output, errors = _p2pci(tmp_path, "get", "1", *words)
    assert (code, output) == (2, "")
    assert said in errors


def test_get_takes_nothing_that_is_larger_than_was_said(network: Network, tmp_path: Path) -> None:
    code, _, errors = _p2pci(tmp_path, "get", "1", "--max-bytes", "10", "--server", network.server)
    assert code == 4
    assert "At most 10 are taken." in errors
    assert list(tmp_path.glob("rfc*")) == []


def test_get_keeps_nothing_that_is_not_what_was_accepted(network: Network, tmp_path: Path) -> None:
    accept = ("--accept", "0" * 64)
    code, _, errors = _p2pci(tmp_path, "get", "1", *accept, "--server", network.server)
    assert code == 3
    assert errors.startswith("RFC 1 was not found: there is nobody to fetch it from.")
    assert list(tmp_path.glob("rfc*")) == []


def test_accept_is_about_one_document(tmp_path: Path) -> None:
    code, _, errors = _p2pci(tmp_path, "get", "1-2", "--accept", "0" * 64)
    assert code == 2
    assert "--accept is about one document. Ask for that alone." in errors


def test_get_into_what_is_no_folder_exits_1(network: Network, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output, errors = _p2pci(tmp_path, "get", "1", "-o", "file", "--server", network.server)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert errors.endswith("is not a folder. Choose another folder.\n")


@pytest.mark.parametrize(
    "command", [("lookup", "1"), ("list",), ("get", "1"), ("peer", "--no-menu")], ids=str
)
def test_no_server_there_exits_4_with_a_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    address = f"localhost:{closed_port()}"
    words = (address,) if command[0] == "peer" else ("--server", address)
    code, _, errors = _p2pci(tmp_path, *command, *words)
    assert code == 4
    assert errors == (
        f"Cannot connect to {address}: connection refused, nothing listens there. "
        "Check the address, that it is running there, and that no firewall is between.\n"
    )


@pytest.mark.parametrize(
    "answer,sentence",
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "The index server sent a line that is no status line."),
        (
            b"P2P-CI/1.0 505 P2P-CI Version Not Supported\r\n\r\n\r\n",
            "'LIST ALL P2P-CI/1.0' was answered with 505.",
        ),
        (
            b"P2P-CI/1.0 200 OK\r\n\r\nhello\r\n",
            "The index server sent a line that is neither record nor header",
        ),
    ],
    ids=["http", "505", "no record"],
)
def test_what_is_no_index_server_exits_5_with_a_sentence(
    answer: bytes, sentence: str, tmp_path: Path
) -> None:
    with answering(answer) as port:
        code, output, errors = _p2pci(tmp_path, "list", "--server", f"{LOOPBACK}:{port}")
    assert (code, output, errors.count("\n")) == (5, "", 1)
    assert errors.startswith(sentence)


def test_server_that_hangs_up_exits_4(tmp_path: Path) -> None:
    with answering(b"P2P-CI/1.0 200 OK\r\n") as port:
        code, _, errors = _p2pci(tmp_path, "list", "--server", f"{LOOPBACK}:{port}")
    assert (code, errors.count("\n")) == (4, 1)
    assert errors.startswith(f"The connection to the index at {LOOPBACK}:{port} is lost: ")


@pytest.mark.parametrize("words", [("list",), ("lookup", "1"), ("get", "1")], ids=str)
def test_interrupt_exits_130_without_a_word(stage: Stage, words: tuple[str, ...]) -> None:
    with answering(b"") as port:
        asking = stage.start(*P2PCI, *words, "--trace", "--server", f"{LOOPBACK}:{port}")
        asking.wait_for("^Host: ")
        before = len(asking.output)
        asking.signal(signal.SIGINT)
        assert asking.finish() == 130
    assert "Error" not in asking.output[before:]


def test_reader_that_goes_away_is_no_error(network: Network, tmp_path: Path) -> None:
    for words in (("list",), ("list", "--trace"), ("list", "--json"), ("get", "1-3", "-o", "x"), ("--help",)):
        server = () if words == ("--help",) else ("--server", network.server)
        done = run(("sh", "-c", '"$@" | head -1', "sh", *P2PCI, *words, *server), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.count("\n") <= 1


def test_output_that_cannot_be_written_is_one_sentence(network: Network, tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, not a file
        return
    done = run(
        ("sh", "-c", '"$@" > /dev/full', "sh", *P2PCI, "list", "--server", network.server), cwd=tmp_path
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(network: Network, tmp_path: Path, streams: str) -> None:
    arguments = (*P2PCI, "lookup", "1", "--server", network.server)
    done = run(("sh", "-c", f'"$@" {streams}', "sh", *arguments), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_ipv6_addresses(stage: Stage) -> None:
    server = stage.start(*SERVER_PY, "0", env={"P2PCI_BIND": "::1"})
    port = int(server.wait_for(r"Listening on port (\d+)\.\.\.$")[1])
    address = f"[::1]:{port}"
    holder = stage.start(
        *P2PCI, "peer", address, "--no-menu", "--bind", "::1", "--advertise", "[::1]", "--library", "six"
    )
    holder.wait_for(r"^\[Peer\] Hostname: ::1$")
    assert _p2pci(stage.folder, "list", "--server", address) == (0, "", "The index has no records.\n")
    server.wait_for(r"TCP connection from \[::1\]:\d+$")
    (stage.folder / "six/rfc6.txt").write_text("Six\n")
    second = stage.start(*P2PCI, "peer", address, "--no-menu", "--bind", "::1", "--library", "six")
    second.wait_for("Registering RFC 6")
    server.wait_for("Added RFC 6 from ::1$")
    code, output, errors = _p2pci(stage.folder, "get", "6", "--server", address)
    assert (code, errors) == (0, "")
    assert re.match(r"\[DOWNLOAD\] Connecting to \[::1\]:\d+ for RFC 6\.\.\.\n", output)
    listing = stage.start(*P2PCI, "list", "--server", address, on_terminal=True)
    assert listing.finish() == 0
    assert re.search(r"\[::1\]:\d+", listing.output)
