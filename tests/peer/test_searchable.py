"""A peer that keeps the full-text index of its shelf current."""

from __future__ import annotations

from p2pci import IndexServer
from p2pci.library.search.store import INDEX_NAME
from tests.peer.conftest import Start
from tests.upload.loops import eventually, quiet_loop

__all__ = ["quiet_loop"]


async def test_searchable_peer_finds_what_is_on_its_shelf_as_it_changes(
    server: IndexServer, start: Start
) -> None:
    watched = await start(server.port, {7: b"Seven\n\nOf whales.\n"}, is_searchable=True)
    search = watched.peer.search
    assert search
    await eventually(lambda: search.query("whales"), what="the first document is found")
    (watched.folder / "rfc8.txt").write_text("Eight\n\nOf sharks.\n")
    await eventually(lambda: search.query("sharks"), what="a new document is found")
    (watched.folder / "rfc7.txt").unlink()
    await eventually(lambda: not search.query("whales"), what="one that is gone is not found")


async def test_peer_makes_no_index_unless_it_is_asked_to(server: IndexServer, start: Start) -> None:
    watched = await start(server.port, {7: b"Seven\n"})
    assert watched.peer.search is None
    assert not (watched.folder / INDEX_NAME).exists()
