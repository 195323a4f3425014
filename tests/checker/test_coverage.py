"""docs/checking.md: every clause is in some case or in its table, and what it shows to type is right."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from p2pci.checker.classroom import find_entries
from p2pci.checker.client import Script, read_script
from p2pci.checker.selecting import select
from p2pci.checker.waiving import read_waivers
from p2pci.cli.main import cli
from p2pci.cli.suites import all_cases
from tests.cli.process import LOOPBACK, P2PCI, ROOT, Stage, run

PAGE = (ROOT / "docs" / "checking.md").read_text("utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text("utf-8")
CLAUSES = re.findall(r"^(?:- |\| )\*\*([PABQ]-[0-9.]+)\*\*", PROTOCOL, re.MULTILINE)
UNSEEN = dict(re.findall(r"^\| ([PAB]-[0-9.]+) \| (\S.*) \|$", PAGE, re.MULTILINE))
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for _, block in BLOCKS for line in block.split("\n") if line.startswith("p2pci ")]
SEEN = {clause for case in all_cases() for clause in (case.clause, *case.also)}


def test_documents_were_understood() -> None:
    assert len(CLAUSES) == len(set(CLAUSES)) > 190
    assert len(UNSEEN) >= 10
    assert len(COMMANDS) >= 12


@pytest.mark.parametrize("clause", CLAUSES)
def test_clause_is_looked_at_by_a_case_or_the_page_says_why_not(clause: str) -> None:
    assert (clause in SEEN) != (clause in UNSEEN)


def test_nothing_is_excused_that_does_not_exist() -> None:
    assert set(UNSEEN) <= set(CLAUSES)


@pytest.mark.parametrize("line", COMMANDS)
def test_command_of_the_page_is_one(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("waivers.txt", "menu.toml", "rfcs/rfc3457.txt", "submissions/alice/Makefile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    command: click.Command = cli
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("p2pci", words)


def test_patterns_of_the_page_name_cases() -> None:
    patterns = re.findall(r"--(?:only|skip) ([PB][-0-9./]*)", PAGE)
    assert patterns
    for pattern in patterns:
        assert select(all_cases(), only=[pattern], skip=[])


def test_files_of_the_page_are_right(tmp_path: Path) -> None:
    menu, settings = (block for kind, block in BLOCKS if kind == "toml")
    (tmp_path / "menu.toml").write_text(menu)
    assert read_script(tmp_path / "menu.toml").actions == Script().actions
    (tmp_path / "class" / "alice").mkdir(parents=True)
    (tmp_path / "class" / "alice" / "p2pci-check.toml").write_text(settings)
    [entry] = find_entries(tmp_path / "class", out=tmp_path / "out")
    assert [task.kind for task in entry.tasks] == ["server", "peer", "client"]
    waivers = next(block for _, block in BLOCKS if block.startswith("B-15/1 "))
    assert len(read_waivers(waivers.splitlines(), all_cases(), source="")) == 2


def test_failure_looks_as_on_the_page(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    student = str(ROOT / "tests" / "checker" / "students" / "server.py")
    process = stage.start(sys.executable, student, "--println")
    port = process.wait_for(r"^(\d+)$")[1]
    try:
        done = run(
            (*P2PCI, "check", "server", f"{LOOPBACK}:{port}", "--only", "B-15/1"),
            cwd=tmp_path,
            env={"COLUMNS": "100"},
        )
    finally:
        stage.end()
    [shown] = (block for _, block in BLOCKS if block.startswith("  ✘"))
    *lines, again = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", shown).rstrip().split("\n")
    assert "\n".join(lines) in re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", done.stdout)
    assert again.split()[:6] == ["again", "p2pci", "check", "server", "--only", "B-15/1"]


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_number_of_cases_is_as_told(name: str) -> None:
    assert f"{len(all_cases())} cases" in (ROOT / name).read_text("utf-8")
