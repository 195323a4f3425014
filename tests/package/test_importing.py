"""What is imported when: each public name when it is asked for, and no more than a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import p2pci


def test_public_names_are_those_that_have_a_home() -> None:
    homed = [name for names in p2pci._HOMES.values() for name in names]
    assert sorted(homed) == sorted(p2pci.__all__)
    assert set(p2pci.__all__) <= set(dir(p2pci))
    assert all(getattr(p2pci, name) is not None for name in p2pci.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        p2pci.Nothing  # type: ignore[attr-defined]  # noqa: B018 - asking is the test


@pytest.mark.parametrize(
    "words, absent",
    [
        (["--help"], {"asyncio", "uvloop", "rich", "p2pci.client", "p2pci.server"}),
        (["lookup", "--help"], {"asyncio", "uvloop", "rich", "p2pci.client"}),
        (["check", "server", "--help"], {"asyncio", "uvloop", "rich", "p2pci.checker"}),
        (["search", "--help"], {"asyncio", "uvloop", "rich", "sqlite3", "p2pci.client", "p2pci.library"}),
        (["lookup", "7", "--server", "127.0.0.1:1"], {"uvloop", "rich", "p2pci.server", "p2pci.library"}),
        (["list", "--server", "127.0.0.1:1"], {"uvloop", "rich", "p2pci.server", "p2pci.library"}),
    ],
)
def test_command_imports_no_more_than_it_needs(words: list[str], absent: set[str]) -> None:
    code = f"""
import sys
from p2pci.cli.main import run
try:
    run({words!r})
finally:
    print("imported:", *set(sys.modules) & set({sorted(absent)!r}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].strip() == "imported:"
