"""A script says what is typed; what is wrong with one is told by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from p2pci.checker.client import Action, Script, read_script, scripts
from p2pci.cli.commands.checking import client
from p2pci.errors import InvalidValueError


def read(tmp_path: Path, text: str) -> Script:
    path = tmp_path / "menu.toml"
    path.write_text(text, "utf-8")
    return read_script(path)


def test_script_in_the_docs_is_read_and_is_our_menu(tmp_path: Path) -> None:
    assert scripts.__doc__
    text = scripts.__doc__.partition("```toml\n")[2].partition("```")[0]
    assert read(tmp_path, text) == Script()


def test_script_in_the_help_of_the_command_is_our_menu(tmp_path: Path) -> None:
    assert client.help
    text = client.help.partition("\b\n")[2].partition("\n\n")[0]
    assert read(tmp_path, text) == Script()


def test_script_of_another_menu(tmp_path: Path) -> None:
    script = read(tmp_path, 'quiet_seconds = 1\n[actions]\nlist = ["l", "all"]\n')
    assert script.actions == {Action.START: (), Action.LIST: ("l", "all")}
    assert script.prompt is None
    assert script.quiet_seconds == 1.0


@pytest.mark.parametrize(
    "text,reason",
    [
        ("", "[actions] is missing"),
        ("actions = 3", "[actions] is missing"),
        ("[actions]\nfly = []", "fly is no action; there are add, get, "),
        ('[actions]\nadd = "1"', "add is a list of lines between quotes"),
        ("[actions]\nadd = [1]", "add is a list of lines between quotes"),
        ("speed = 1\n[actions]", "speed is not known"),
        ("prompt = 3\n[actions]", "prompt is a pattern between quotes"),
        ("prompt = '('\n[actions]", "unterminated subpattern"),
        ("quiet_seconds = 'long'\n[actions]", "quiet_seconds is a number of seconds"),
        ("start_seconds = true\n[actions]", "start_seconds is a number of seconds"),
        ("start_seconds = -1\n[actions]", "start_seconds is a number of seconds"),
        ("start_seconds = nan\n[actions]", "start_seconds is a number of seconds"),
        ("a = = b", "Invalid value"),
    ],
)
def test_wrong_script_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read(tmp_path, text)
    assert reason in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="No such file"):
        read_script(tmp_path / "none.toml")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "menu.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidValueError, match="utf-8"):
        read_script(tmp_path / "menu.toml")
