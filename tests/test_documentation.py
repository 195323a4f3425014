"""The examples in our docstrings run, with what `import p2pci` gives and asyncio."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import click
import pytest

import p2pci
from p2pci.cli.main import cli

PUBLIC: dict[str, Any] = {name: getattr(p2pci, name) for name in p2pci.__all__} | {"asyncio": asyncio}


def _examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    names = [module.name for module in pkgutil.walk_packages(p2pci.__path__, "p2pci.")]
    modules = [p2pci, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))]
    found = [test for module in modules for test in finder.find(module, globs=PUBLIC)]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", _examples(), ids=lambda example: example.name)
def test_example_in_docstring(
    example: doctest.DocTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)


def test_what_is_run_has_examples() -> None:
    names = {example.name.rpartition(".")[2] for example in _examples()}
    assert {"p2pci", "IndexServer", "IndexClient", "Peer"} <= names


def test_every_public_name_is_documented() -> None:
    values = {name: value for name, value in PUBLIC.items() if callable(value)}
    assert [name for name, value in values.items() if not value.__doc__] == []


@pytest.mark.parametrize("command", ["server", "peer"])
def test_every_flag_of_what_runs_for_years_is_in_its_page(command: str) -> None:
    """Each in the table of its own command."""
    page = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition(f"### `p2pci {command}`")[2].partition("\n### ")[0]
    flags = [
        flag
        for parameter in cli.commands[command].params
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    ]
    assert len(flags) > 8
    assert [flag for flag in flags if not re.search(rf"`{flag}[ `]", table)] == []
