"""`p2pci check class` on folders of real programs: good, faulty, dead, and with children that stay."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pci.cli.checking import CheckOptions
from p2pci.cli.classing import check_class
from p2pci.cli.exits import ExitStatus
from tests.cli.process import LOOPBACK, P2PCI, ROOT, Stage, quiet_port, run

pytestmark = pytest.mark.slow  # every test runs programs; make test-all runs it

STUDENT = ROOT / "tests" / "checker" / "students" / "server.py"
ONE = CheckOptions(only=("B-15/1",), answer_seconds=2.0)


class Classroom:
    """A folder of programs, and what became of judging them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "class"
        self.out = folder / "reports"
        self.port = quiet_port()

    def put(self, name: str, kind: str, start: str, **settings: int) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"[{kind}]", f"start = {json.dumps(start)}"]
        lines += [f"{key} = {value}" for key, value in settings.items()]
        with (folder / "p2pci-check.toml").open("a", encoding="utf-8") as file:
            file.write("\n".join([*lines, ""]))
        return folder

    def put_student(self, name: str, *flags: str, before: str = "", behind: str = "") -> None:
        words = shlex.join([sys.executable, str(STUDENT), str(self.port), *flags])
        self.put(name, "server", f"{before}{words}{behind}", port=self.port)

    def grades(self) -> dict[str, dict[str, str]]:
        with (self.out / "grades.csv").open(encoding="utf-8", newline="") as file:
            return {row["name"] + " " * bool(row["kind"]) + row["kind"]: row for row in csv.DictReader(file)}

    def page(self) -> str:
        return (self.out / "index.html").read_text("utf-8")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    with Path(os.devnull).open(encoding="utf-8") as nothing:  # what a terminal's reader can be set up on
        monkeypatch.setattr(sys, "stdin", nothing)
        yield Classroom(tmp_path)


async def test_each_program_is_judged_whatever_the_others_do(
    room: Classroom, capsys: pytest.CaptureFixture[str]
) -> None:
    room.put_student("alice")
    room.put_student("bob", "--println")
    room.put("carol", "server", "echo no such thing >&2; exit 3", port=room.port)
    (room.folder / "dave").mkdir()
    room.put_student("erin")
    status = await check_class(room.folder, ONE, out=room.out)
    assert status is ExitStatus.NONCONFORMANT
    carol = (
        f"echo no such thing >&2; exit 3 does not listen on {LOOPBACK}:{room.port}. "
        "It has ended with exit code 3. Check the command; it must keep running."
    )
    dave = "There is neither a p2pci-check.toml nor a Makefile with run-server."
    assert capsys.readouterr().out.split("\n")[:5] == [
        "✔ alice            server  1 of 1 MUST kept, conforms",
        "✘ bob              server  0 of 1 MUST kept, does not conform: B-15/1",
        f"! carol            server  could not be judged: {carol}",
        f"! dave                     could not be judged: {dave}",
        "✔ erin             server  1 of 1 MUST kept, conforms",
    ]
    grades = room.grades()
    assert {name: row["percent"] for name, row in grades.items()} == {
        "alice server": "100",
        "bob server": "0",
        "carol server": "0",
        "dave": "0",
        "erin server": "100",
    }
    assert grades["bob server"]["against"] == "B-15/1"
    assert grades["carol server"]["trouble"].endswith("Its last lines: | no such thing")


async def test_class_that_conforms_is_done(room: Classroom) -> None:
    room.put_student("alice")
    assert await check_class(room.folder, ONE, out=room.out) is ExitStatus.DONE


async def test_what_a_program_leaves_behind_is_not_judged_for_the_next(room: Classroom) -> None:
    room.put_student("a child stays", "--println", behind=" & exec sleep 600")
    if sys.platform == "linux":
        room.put_student("a daemon stays", "--println", before="setsid ", behind=" >&- 2>&- & exec sleep 600")
    room.put_student("good")
    await check_class(room.folder, ONE, out=room.out)
    found = {name: row["conforms"] for name, row in room.grades().items()}
    assert found.pop("good server") == "yes"
    assert set(found.values()) == {"no"}
    assert {row["trouble"] for row in room.grades().values()} == {""}


async def test_port_that_somebody_else_has_is_told(room: Classroom) -> None:
    room.put_student("alice")
    room.put("bob", "peer", "true", index_port=room.port)
    room.put("carol", "client", "true", index_port=room.port)
    with socket.create_server((LOOPBACK, room.port)):
        await check_class(room.folder, ONE, out=room.out)
    grades = room.grades()
    assert len(grades) == 3
    assert all("listens on 127.0.0.1:" in row["trouble"] for row in grades.values())


HOSTILE = [
    "<b>bold",
    "=1+1",
    "\x1b[31mred",
    "caf\udce9",
    "a&'\"#?%20",
    "-rf",
    "ab\nc",
    "x" * 200,
    "…",
    "$(id)",
]


@pytest.mark.slow
async def test_hostile_names_act_nowhere(room: Classroom, capsys: pytest.CaptureFixture[str]) -> None:
    for name in HOSTILE:
        room.put_student(name)
    await check_class(room.folder, ONE, out=room.out)
    shown = capsys.readouterr().out
    assert shown.count("1 of 1 MUST kept, conforms\n") == len(HOSTILE)
    assert "\x1b" not in shown + room.page()
    assert "<b>" not in room.page()
    assert all(not cell.startswith(tuple("=+-@")) for cell in room.grades())
    pages = {path.name for path in room.out.iterdir()} - {"index.html", "grades.csv"}
    assert len(pages) == len(HOSTILE)
    assert all(re.fullmatch(r"[0-9]{2}-([a-z0-9-]{1,40}-)?server\.html", page) for page in pages)
    assert set(re.findall(r'href="([^"#]*)', room.page())) == pages


@pytest.mark.slow
async def test_peer_and_client_are_judged_with_an_index_of_ours(room: Classroom) -> None:
    words = [sys.executable, "-I", "-S", str(ROOT / "peer.py"), f"{LOOPBACK}:{room.port}"]
    for kind in ("peer", "client"):
        room.put("ours", kind, shlex.join(words), index_port=room.port)
    shelf = room.folder / "ours" / "rfcs"
    shelf.mkdir()
    (shelf / "rfc7.txt").write_text("Seven\n\n                     A Title of Seven\n")
    await check_class(room.folder, CheckOptions(only=("B-15",)), out=room.out)
    grades = room.grades()
    assert [row["trouble"] for row in grades.values()] == ["", ""]
    assert [row["conforms"] for row in grades.values()] == ["yes", "yes"]


async def test_peer_that_adds_nothing_is_told(room: Classroom) -> None:
    room.put("alice", "peer", "echo I have no documents", index_port=room.port)
    await check_class(room.folder, ONE, out=room.out)
    trouble = room.grades()["alice peer"]["trouble"]
    assert "It has ended with exit code 0. Say its port and have." in trouble
    assert trouble.endswith("I have no documents")


def test_interruption_leaves_what_is_known(room: Classroom, stage: Stage) -> None:
    room.put("a", "server", "exit 3", port=room.port)
    room.put_student("b")
    process = stage.start(*P2PCI, "check", "class", str(room.folder), "--out", str(room.out))
    process.wait_for(r"^! a .*exit code 3")
    process.signal(signal.SIGINT)
    assert process.finish() == 130
    assert "Interrupted. reports/index.html has what was judged to the end." in process.output
    assert list(room.grades()) == ["a server"]
    with socket.create_server((LOOPBACK, room.port)):
        pass  # and b was stopped


@pytest.mark.parametrize(
    "words,said",
    [
        (("missing",), "does not exist"),
        (("empty",), "has no sub-folders"),
        (("class", "--out", "file"), "is a file"),
        (("class", "--out", "file/below"), "Not a directory. Name a folder for the reports."),
        (("class", "--waive", "waivers"), "line 1: there is no case 'X-1'"),
        (("class", "--timeout", "0"), "give more than 0"),
    ],
)
def test_wrong_command_is_told_before_anything_is_started(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    room = Classroom(tmp_path)
    room.put("alice", "server", "touch ../../started", port=room.port)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "waivers").write_text("X-1\n")
    done = run((*P2PCI, "check", "class", *words), cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert not (tmp_path / "started").exists()
