"""The index with either kind of set below it."""

from __future__ import annotations

import pytest

from p2pci.index import Index, holdings, records, sharers
from p2pci.index.bitmaps import BitMap, SetBitMap


@pytest.fixture(params=[BitMap, SetBitMap], ids=["installed", "standard-library"])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Index:
    for module in (holdings, records, sharers):
        monkeypatch.setattr(module, "BitMap", request.param)
    return Index()
