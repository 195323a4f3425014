"""The documents that P2PCI_TEST_RFCS names; without it, some of our own on pages of every layout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.library.text.paged import LAYOUTS, made_document, on_pages


@pytest.fixture(scope="session")
def rfcs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents, which nobody may write into."""
    if named := os.environ.get("P2PCI_TEST_RFCS"):
        return Path(named)
    folder = tmp_path_factory.mktemp("made")
    for number, layout in enumerate(LAYOUTS.values(), 7000):
        (folder / f"rfc{number}.txt").write_text(on_pages(made_document(), layout), encoding="utf-8")
    return folder
