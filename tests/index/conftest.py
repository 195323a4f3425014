"""The index with either kind of set below it."""

from __future__ import annotations

import pytest

from p2pci.index import Index, records
from p2pci.index.bitmaps import BitMap, SetBitMap


@pytest.fixture(params=[BitMap, SetBitMap], ids=["installed", "standard-library"])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setattr(records, "BitMap", request.param)
    return Index()
