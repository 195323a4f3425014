"""`p2pci spy` between real programs: nothing is changed on its way, and everything is shown and judged."""

import json
import socket
import struct
from collections.abc import Callable

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Process, Stage, answering, ask_raw

ADD = b"ADD RFC 7 P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\nTitle: Seven\r\n\r\n"
LIST = b"LIST ALL P2P-CI/1.0\r\nHost: h\r\nPort: 5\r\n\r\n"
GET = b"GET RFC 7 P2P-CI/1.0\r\nHost: h\r\nOS: Linux\r\n\r\n"


def start_spy(stage: Stage, target: int, *flags: str) -> tuple[Process, int]:
    spy = stage.start(*P2PCI, "spy", "--listen", "0", "--to", f"{LOOPBACK}:{target}", *flags)
    return spy, int(spy.wait_for(r"^Listening on port (\d+), passing on to")[1])


def test_conversation_is_passed_on_and_shown(stage: Stage) -> None:
    _, port = stage.start_server()
    spy, listening = start_spy(stage, port)
    with socket.create_connection((LOOPBACK, listening)) as peer:
        peer.sendall(ADD + LIST)
        peer.shutdown(socket.SHUT_WR)
        answers = b""
        while data := peer.recv(65536):
            answers += data
    record = b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 Seven h 5\r\n\r\n"
    assert answers == record * 2
    spy.wait_for(r"^\[1\] \* connected from 127\.0\.0\.1:\d+$")
    spy.wait_for(r"^\[1\] > ADD RFC 7 P2P-CI/1\.0$")
    spy.wait_for(r"^\[1\] > LIST ALL P2P-CI/1\.0$")
    spy.wait_for(r"^\[1\] < RFC 7 Seven h 5$")
    spy.wait_for(r"^\[1\] \* closed by the server$")
    assert "✘" not in spy.output


def test_lapse_is_shown_with_its_clause(stage: Stage) -> None:
    _, port = stage.start_server()
    spy, listening = start_spy(stage, port)
    ask_raw_to_end(listening, ADD.replace(b"\r\n", b"\n"))
    spy.wait_for(r"✘ B-15: a line does not end in CR LF: 'ADD RFC 7 P2P-CI/1\.0\\n'.*, and 4 times more$")
    assert spy.output.count("✘ B-15") == 1


def test_extensions_that_were_asked_for_are_no_lapses(stage: Stage) -> None:
    _, port = stage.start_server()
    spy, listening = start_spy(stage, port)
    features = b"\r\nFeatures: digest, holders, probe, reason\r\n\r\n"
    wanting = b"\r\nWant: digest\r\nHolders: 3\r\n\r\n"
    asked = (
        ADD.replace(b"\r\n\r\n", features)
        + LIST.replace(b"\r\n\r\n", wanting)
        + LIST.replace(b"ALL", b"SOME")
    )
    answers = ask_raw_to_end(listening, asked)
    assert all(name in answers for name in (b"Features:", b"Want:", b"Reason:"))
    spy.wait_for(r"^\[1\] \* closed by the server$")
    assert "✘ B-16" not in spy.output


def ask_raw_to_end(port: int, request: bytes) -> bytes:
    with socket.create_connection((LOOPBACK, port)) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_document_passes_unread_behind_its_head(stage: Stage) -> None:
    _, index = stage.start_server()
    _, upload = stage.start_holder(index, {7: "Seven"})
    spy, listening = start_spy(stage, upload, "--json")
    head, _, body = ask_raw(listening, GET).partition(b"\r\n\r\n")
    assert body == (stage.folder / "shelf1" / "rfc7.txt").read_bytes()
    spy.wait_for(r"closed by the server")
    told = [json.loads(line) for line in spy.output.splitlines() if line.startswith("{")]
    answer = next(entry for entry in told if entry.get("from") == "server")
    assert answer["message"].encode() == head + b"\r\n\r\n"
    assert answer["body_bytes"] == len(body)


def test_answer_without_end_is_shown_after_a_silence(stage: Stage) -> None:
    with answering(b"P2P-CI/1.0 200 OK\r\n\r\nRFC 7 Seven h 5\r\n") as port:
        spy, listening = start_spy(stage, port)
        ask_raw(listening, LIST)
        spy.wait_for(r"^\[1\] < RFC 7 Seven h 5$")


def test_garbage_is_escaped(stage: Stage) -> None:
    with answering(b"\x1b[2J\xff\n") as port:
        spy, listening = start_spy(stage, port)
        assert ask_raw(listening, LIST) == b"\x1b[2J\xff\n"
        spy.wait_for(r"^\[1\] < \\x1b\[2J\\xff$")
        spy.wait_for(r"✘ cannot be read: a line that is no status line")
    assert "\x1b" not in spy.output


def test_reset_is_passed_on(stage: Stage) -> None:
    with socket.create_server((LOOPBACK, 0)) as listening:
        spy, port = start_spy(stage, listening.getsockname()[1])
        with socket.create_connection((LOOPBACK, port)) as peer:
            behind, _ = listening.accept()
            behind.sendall(b"x")
            assert peer.recv(1) == b"x"
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        behind.settimeout(10)
        with pytest.raises(ConnectionResetError):
            behind.recv(1)
        behind.close()
        spy.wait_for(r"^\[1\] \* reset by the client$")


def test_dead_target_is_named(stage: Stage, dead_port: Callable[[], int]) -> None:
    spy, listening = start_spy(stage, dead_port())
    with socket.create_connection((LOOPBACK, listening)) as peer, pytest.raises(ConnectionResetError):
        peer.recv(1)
    spy.wait_for(r"^\[1\] \* the target cannot be reached: .+$")
