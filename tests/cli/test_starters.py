"""`python3 server.py` and `python3 peer.py` away from the good path: input from pipes, wrong words."""

from __future__ import annotations

import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from p2pci.cli import original
from tests.cli.process import (
    LOOPBACK,
    PEER_PY,
    SERVER_PY,
    Stage,
    answering,
    ask_raw,
    closed_port,
    fill,
    run,
)

pytestmark = pytest.mark.slow  # every test runs programs; make test-all runs it

STARTERS = [SERVER_PY, PEER_PY]


@pytest.fixture(params=[SERVER_PY, PEER_PY], ids=["server.py", "peer.py"])
def starter(request: pytest.FixtureRequest) -> tuple[str, ...]:
    program: tuple[str, ...] = request.param
    return program


def test_typing_from_a_pipe_works(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder, typed="3\n5\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"Choose 1-5: 3\nLIST ALL P2P-CI/1\.0\n", done.stdout)
    assert done.stdout.endswith("Choose 1-5: 5\n[PEER] Disconnecting...\n")


@pytest.mark.parametrize("typed", ["", "3\n", "2\n", "4\n123", "1\n7\n"], ids=repr)
def test_end_of_input_anywhere_leaves_and_exits_0(stage: Stage, typed: str) -> None:
    _, port = stage.start_server()
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder, typed=typed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n[PEER] Disconnecting...\n")


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_signal_while_the_menu_waits_on_a_pipe_leaves_the_index(
    stage: Stage, number: signal.Signals, code: int
) -> None:
    server, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer = stage.start(*PEER_PY, f"localhost:{port}")
    peer.wait_for("Choose 1-5: $")
    peer.signal(number)
    assert peer.finish() == code
    assert peer.output.endswith("Choose 1-5: \n[PEER] Disconnecting...\n")
    server.wait_for(r"left\. Removed 1 peer\(s\), 1 RFC\(s\)\.")


def test_interrupt_ends_a_peer_whose_index_does_not_answer(stage: Stage) -> None:
    fill(stage.folder / "rfcs", {7: "Seven"})
    with answering(b"") as port:
        peer = stage.start(*PEER_PY, f"{LOOPBACK}:{port}")
        peer.wait_for("Title: Seven")
        peer.signal(signal.SIGINT)
        assert peer.finish(seconds=15) == 130  # it would wait for 30 s


def test_folder_is_made_when_missing_and_that_is_said_once(stage: Stage) -> None:
    _, port = stage.start_server()
    first, second = (run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith("[Peer] Created the folder rfcs\n[UPLOAD] ")
    assert (first.stdout + second.stdout).count("Created") == 1


def test_folder_is_said_to_be_made_where_no_index_answers(tmp_path: Path) -> None:
    done = run((*PEER_PY, f"{LOOPBACK}:{closed_port()}"), cwd=tmp_path, env={"P2PCI_LIBRARY": "mistyped"})
    assert (done.returncode, (tmp_path / "mistyped").is_dir()) == (4, True)
    assert done.stdout.startswith("[Peer] Created the folder mistyped\n")


def test_eleven_documents_are_shown_as_ten_and_one_more(stage: Stage) -> None:
    server, port = stage.start_server()
    fill(stage.folder / "rfcs", {number: f"Title {number}" for number in range(1, 12)})
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder, typed="2\n11\n\n5\n")
    registering = done.stdout.partition("\n1. ADD")[0]
    shown = [line for line in registering.splitlines() if line.startswith("[Peer] Registering")]
    assert shown == [f"[Peer] Registering RFC {number}: Title {number}" for number in range(1, 11)]
    assert registering.count("ADD RFC") == registering.count("200 OK") == 10
    assert registering.endswith(f"RFC 10 Title 10 {LOOPBACK} {_upload_port(done.stdout)}\n\n… and 1 more\n")
    assert f"RFC 11 Title 11 {LOOPBACK}" in done.stdout  # it is registered, and messages are shown again
    server.wait_for(r"Removed 1 peer\(s\), 11 RFC\(s\)\.")


def test_ten_documents_are_all_shown(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {number: f"Title {number}" for number in range(1, 11)})
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder)
    assert done.stdout.count("[Peer] Registering") == 10
    assert "more\n" not in done.stdout


def test_uploads_go_on_while_the_menu_waits(stage: Stage) -> None:
    _, port = stage.start_server()
    fill(stage.folder / "rfcs", {7: "Seven"})
    peer = stage.start(*PEER_PY, f"localhost:{port}")
    upload_port = int(peer.wait_for(r"listening on port (\d+)$")[1])
    peer.wait_for("Choose 1-5: $")
    for _ in range(3):
        answer = ask_raw(upload_port, b"GET RFC 7 P2P-CI/1.0\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"P2P-CI/1.0 200 OK\r\n")
        peer.wait_for(r"^\[UPLOAD\] Sent RFC 7 to \('127\.0\.0\.1', \d+\)")
    peer.type("5\n")
    assert peer.finish() == 0


def test_environment_sets_what_has_no_argument(stage: Stage) -> None:
    server, port = stage.start_server()
    fill(stage.folder / "elsewhere", {7: "Seven"})
    upload_port = closed_port()
    done = run(
        PEER_PY,
        cwd=stage.folder,
        env={
            "P2PCI_SERVER": f"{LOOPBACK}:{port}",
            "P2PCI_LIBRARY": str(stage.folder / "elsewhere"),
            "P2PCI_UPLOAD_PORT": str(upload_port),
            "P2PCI_ADVERTISE": "Mac.lan:4242",
        },
    )
    assert done.returncode == 0
    assert (
        f"[UPLOAD] Upload server listening on port {upload_port}\n[Peer] Hostname: Mac.lan\n" in done.stdout
    )
    server.wait_for(r"Added Mac\.lan:4242$")


def test_empty_environment_variable_is_none(stage: Stage) -> None:
    server, port = stage.start_server()
    empty = {f"P2PCI_{name}": "" for name in ("SERVER", "LIBRARY", "UPLOAD_PORT", "ADVERTISE")}
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder, env=empty)
    assert (done.returncode, done.stderr) == (0, "")
    assert (stage.folder / "rfcs").is_dir()
    server.wait_for("TCP connection")


def test_help_tells_the_arguments(starter: tuple[str, ...], tmp_path: Path) -> None:
    for word in ("-h", "--help"):
        done = run((*starter, word), cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: python3 {Path(starter[-1]).name} [")


def test_help_names_every_setting_of_the_environment() -> None:
    read = re.findall(r'_setting\("(\w+)"\)', Path(original.__file__).read_text("utf-8"))
    help_ = original.SERVER_USAGE + original.PEER_USAGE
    assert [name for name in read if f"P2PCI_{name} " not in help_] == []
    assert "P2PCI_BIND " in original.SERVER_USAGE


@pytest.mark.parametrize("words", [("--port",), ("7734", "7735")], ids=str)
def test_other_words_are_answered_with_the_usage(
    starter: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    done = run((*starter, *words), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"'{' '.join(words)}' is not understood.\nusage: " in done.stderr


@pytest.mark.parametrize("port", ["x", "70000", "-1", "1.5", "\uff11", b"\xff"], ids=repr)
def test_wrong_port_is_one_sentence(starter: tuple[str, ...], port: str | bytes, tmp_path: Path) -> None:
    before = b"" if starter is SERVER_PY else b"localhost:"
    done = run((*starter, before + (port if isinstance(port, bytes) else port.encode())), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"'.+' is (no port\. Give digits|not understood)", done.stderr)


def test_taken_port_is_one_sentence_and_exit_4(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        done = run((*SERVER_PY, str(taken.getsockname()[1])), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert done.stderr.startswith(f"Cannot listen on {LOOPBACK}:")
    assert done.stderr.endswith("or choose another address or port (port 0 takes any free one).\n")


def test_taken_upload_port_is_one_sentence_and_exit_4(stage: Stage) -> None:
    _, port = stage.start_server()
    done = run((*PEER_PY, f"localhost:{port}"), cwd=stage.folder, env={"P2PCI_UPLOAD_PORT": str(port)})
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert done.stderr.startswith(f"Cannot listen on {LOOPBACK}:{port}: ")


@pytest.mark.parametrize("server", ["localhost:{}", "[::1]:{}", "127.0.0.1:{}"], ids=["name", "v6", "v4"])
def test_no_server_there_is_one_sentence_and_exit_4(server: str, tmp_path: Path) -> None:
    address = server.format(closed_port())
    done = run((*PEER_PY, address), cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert done.stderr.startswith(f"Cannot connect to {address}: ")
    assert done.stderr.endswith(
        "Check the address, that it is running there, and that no firewall is between.\n"
    )


def test_misspelt_server_is_one_sentence_about_its_name_and_exit_4(tmp_path: Path) -> None:
    done = run((*PEER_PY, "nobody.invalid"), cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr == (
        "Cannot connect to nobody.invalid:7734: there is no host of that name. "
        "Check how the name is spelled, or give its IP address.\n"
    )


def test_server_on_ipv6_is_found_by_its_address(stage: Stage) -> None:
    server = stage.start(*SERVER_PY, "0", env={"P2PCI_BIND": "::1"})
    port = server.wait_for(r"Listening on port (\d+)\.\.\.$")[1]
    server.wait_for(rf"type: python3 peer\.py \[::1\]:{port}$")
    done = run((*PEER_PY, f"[::1]:{port}"), cwd=stage.folder, env={"P2PCI_BIND": "::1"}, typed="1\n7\nx\n")
    assert done.returncode == 0
    server.wait_for(r"^\[Server\] New TCP connection from \[::1\]:\d+$")
    server.wait_for(rf"^\[Server\] Added \[::1\]:{_upload_port(done.stdout)}$")


def test_server_that_only_this_machine_reaches_says_so(stage: Stage) -> None:
    server, port = stage.start_server()
    server.wait_for(rf"^On this machine type: python3 peer\.py 127\.0\.0\.1:{port}$")


def test_server_tells_what_to_type_on_other_machines(stage: Stage) -> None:
    server = stage.start(*SERVER_PY, "0", env={"P2PCI_BIND": "0.0.0.0"})
    port = server.wait_for(r"Listening on port (\d+)\.\.\.$")[1]
    address = server.wait_for(rf"^On .+ type: python3 peer\.py (\S+):{port}$")[1]
    assert address not in ("0.0.0.0", "")


def test_older_python_is_told_so(tmp_path: Path) -> None:
    for starter in STARTERS:
        code = f"import sys; sys.version_info = (3, 10, 0, 'final', 0); exec(open({starter[-1]!r}).read())"
        done = run((sys.executable, "-I", "-S", "-c", code), cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith("p2pci needs Python 3.11 or newer; this is 3.10.")


def _upload_port(output: str) -> int:
    found = re.search(r"Upload server listening on port (\d+)", output)
    assert found
    return int(found[1])
