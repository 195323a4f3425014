"""The examples in our docstrings run, with what `import p2pci` gives and asyncio."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import p2pci

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
