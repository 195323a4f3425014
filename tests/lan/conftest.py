"""Tests of the local network, one at a time: they all hear each other on loopback."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"p2pci-lan-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
