"""Shells complete commands and numbers of documents, and the help lists commands by what people do."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click
import pytest

from p2pci.cli.grouping import SectionedGroup
from p2pci.cli.main import SECTIONS, cli
from tests.cli.process import P2PCI, Stage, fill, run
from tests.library.indexes import text_index, xml_index

pytestmark = pytest.mark.slow  # every test runs commands; what they do is tested below them, too

SHELLS = {
    "bash": (("bash", "--norc", "--noprofile", "-i"), 'eval "$(p2pci completion bash)"'),
    "zsh": (
        ("zsh", "-f", "-i"),
        'autoload -U compinit; compinit -u -d zcompdump; eval "$(p2pci completion zsh)"',
    ),
    "fish": (("fish", "--no-config", "--private"), "p2pci completion fish | source"),
}
INSTALLED = [shell for shell in SHELLS if shell == "bash" or shutil.which(shell)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / "rfcs", {5: "Five", 2119: "Found by Its Beginning"})
    (tmp_path / "rfcs/RFC0021.TXT").write_text("\n")
    (tmp_path / "rfcs/.rfc22.txt.part").write_text("\n")
    return tmp_path


def completions(folder: Path, *words: str, env: dict[str, str] | None = None) -> list[str]:
    """What bash is told when Tab is pressed behind the last of these words."""
    asked = {
        "_P2PCI_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("p2pci", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = run(P2PCI, cwd=folder, env=asked | (env or {}))
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.split()]


@pytest.mark.parametrize("shell", INSTALLED)
def test_shell_completes_the_number_of_a_document(folder: Path, stage: Stage, shell: str) -> None:
    command, setup = SHELLS[shell]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    env = {"PATH": path, "HOME": str(folder), "ZDOTDIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    session = stage.start(*command, cwd=folder, env=env, on_terminal=True)
    session.type(f"{setup}; echo rea''dy\n")
    session.wait_for("ready")
    session.type("p2pci titles 211\t")
    session.wait_for("2119")
    session.type("\n")
    session.wait_for("Found by Its Beginning")
    session.type("exit\n")
    session.finish()


def test_numbers_are_those_of_the_folder(folder: Path) -> None:
    assert completions(folder, "read", "") == ["5", "21", "2119"]
    assert completions(folder, "titles", "2") == ["21", "2119"]
    assert completions(folder, "titles", "5", "21") == ["21", "2119"]
    assert completions(folder, "read", "--library", "elsewhere", "") == []


def test_folder_is_the_one_that_the_command_would_use(folder: Path) -> None:
    fill(folder / "other", {77: "Other"})
    assert completions(folder, "read", "--library", "other", "") == ["77"]
    assert completions(folder, "read", "", env={"P2PCI_LIBRARY": "other"}) == ["77"]
    (folder / "p2pci.toml").write_text('[read]\nlibrary = "other"\n')
    assert completions(folder, "read", "") == ["77"]
    (folder / "p2pci.toml").write_text("damaged [")
    assert completions(folder, "read", "") == ["5", "21", "2119"]


@pytest.mark.parametrize(
    "name, text",
    [
        ("rfc-index.txt", text_index({9: "Nine", 91: "Ninety-One"})),
        ("rfc-index.xml", xml_index({9: "Nine", 91: "Ninety-One"})),
    ],
    ids=["text", "xml"],
)
def test_numbers_to_get_are_those_that_an_index_file_lists(folder: Path, name: str, text: str) -> None:
    assert completions(folder, "get", "9") == []
    (folder / "rfcs" / name).write_text(text)
    assert completions(folder, "get", "9") == ["9", "91"]
    assert completions(folder, "get", "-o", "rfcs", "91") == ["91"]


def test_nothing_is_written_or_read_for_it(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    (folder / "rfcs/rfc6.txt").symlink_to("/dev/zero")  # whoever opens it reads for ever
    assert completions(folder, "read", "6") == ["6"]
    assert sorted(folder.rglob("*")) == sorted([*before, folder / "rfcs/rfc6.txt"])


def test_help_lists_every_command_under_what_it_is_for() -> None:
    shown = help_of(cli)
    positions = [shown.index(f"\n{title}:\n") for title in SECTIONS]
    assert positions == sorted(positions)
    for title, names in SECTIONS.items():
        part = shown[shown.index(f"\n{title}:\n") :].split("\n\n")[0]
        for name in set(names) & set(cli.commands):
            assert f"\n  {name} " in part
    assert not set(cli.commands) - {name for names in SECTIONS.values() for name in names}


def test_commands_that_are_not_there_or_hidden_are_left_out_and_others_come_last() -> None:
    group = SectionedGroup("toy", sections={"First": ("b", "not-there"), "Empty": ("neither",)})
    for name in ("a", "b", "c"):
        group.add_command(click.Command(name, help=f"Do {name}.", hidden=name == "c"))

    assert help_of(group).partition("\n\nFirst:")[2] == "\n  b  Do b.\n\nOther:\n  a  Do a."


def help_of(group: click.Group) -> str:
    return group.get_help(click.Context(group, info_name="toy"))
