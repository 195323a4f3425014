"""An authority that httpx2 trusts, a server certified by it, and a shelf."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from p2pci import Shelf
from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server at 127.0.0.1 needs."""
    return certified(authority, "127.0.0.1")


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The authority's certificate, named by the environment as a user would."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The shelf's folder, in which no test may leave anything half-finished."""
    folder = tmp_path / "rfcs"
    yield folder
    hidden = [path.name for path in folder.glob(".*.tmp")] if folder.is_dir() else []
    assert hidden == []


@pytest.fixture
def shelf(folder: Path) -> Iterator[Shelf]:
    with Shelf(folder) as shelf:
        yield shelf
