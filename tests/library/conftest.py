"""Fixtures of the shelf's tests: a folder, a shelf over it, and a process that may not do everything."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import p2pci
from p2pci.library import Shelf

# root may read everything, so the process becomes nobody first; modules are imported while it still can.
_PRELUDE = """
import os, sys
from pathlib import Path
from p2pci.errors import LibraryError, NotOnShelfError
from p2pci.library import Shelf
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
folder = Path(sys.argv[1])
"""

Restricted = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "rfcs"
    path.mkdir()
    return path


@pytest.fixture
def shelf(folder: Path) -> Iterator[Shelf]:
    with Shelf(folder) as opened:
        yield opened


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that another user can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        for inner in (path, *path.rglob("*")):
            inner.chmod(0o755)


@pytest.fixture
def restricted() -> Restricted:
    """Runs lines of code, which know the `folder`, as a user without rights; gives what they print."""

    def run(code: str, folder: Path, *, max_file_bytes: int = resource.RLIM_INFINITY) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _PRELUDE + code, str(folder)],
            check=True,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(p2pci.__file__).parents[1]),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes)),
        )
        return done.stdout

    return run
