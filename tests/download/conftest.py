"""A shelf to download to; a test leaves its loop quiet, and nothing there but documents and parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pci import Shelf
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "rfcs"
    yield folder
    hidden = [path.name for path in folder.glob(".*")] if folder.is_dir() else []
    assert [name for name in hidden if not name.endswith(".part")] == []


@pytest.fixture
def shelf(folder: Path) -> Iterator[Shelf]:
    with Shelf(folder) as shelf:
        yield shelf
