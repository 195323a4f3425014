"""What nobody in the swarm has, from an origin outside."""

from __future__ import annotations

import pytest

from p2pci import Shelf
from p2pci.errors import InvalidValueError
from p2pci.mirror import Mirror, MirrorOptions, Selection
from p2pci.origin import Origin
from tests.mirror.conftest import ALL, SHORT, Swarm, on
from tests.origin.web_server import FakeOrigin, Reply, serving

ENTRY = "{number:04d} {title}. A. Author. May 2000. (Status: INFORMATIONAL)\n"
LISTING = "\n".join(
    [
        ENTRY.format(number=7, title="The Seventh"),
        ENTRY.format(number=8, title="The Eighth"),
        "0009 Not Issued.\n",
        ENTRY.format(number=10, title="Another"),
    ]
)


async def mirror_with(fake: FakeOrigin, swarm: Swarm, shelf: Shelf, selection: Selection) -> Mirror:
    async with Origin(fake.url("http")) as origin:
        mirror = Mirror(
            ("127.0.0.1", swarm.index.port), shelf, options=MirrorOptions(limits=SHORT), origin=origin
        )
        try:
            await mirror.run(await mirror.plan(selection))
        finally:
            await mirror.close()
    return mirror


async def test_origin_is_asked_for_what_is_listed_and_nobody_has(swarm: Swarm, shelf: Shelf) -> None:
    (shelf.path / "rfc-index.txt").write_text(LISTING)
    await swarm.holder({7: b"seven"})
    with serving({"/rfc/rfc8.txt": Reply(b"eight\n")}, tls=None) as fake:
        mirror = await mirror_with(fake, swarm, shelf, ALL)
        assert on(shelf) == {7: b"seven", 8: b"eight\n"}
        assert [asked.path for asked in fake.asked] == ["/rfc/rfc8.txt", "/rfc/rfc10.txt"]
    assert (mirror.absent, mirror.failed, mirror.unverified) == ([10], {}, [8])


async def test_words_select_by_the_listing(swarm: Swarm, shelf: Shelf) -> None:
    (shelf.path / "rfc-index.txt").write_text(LISTING)
    with serving({"/rfc/rfc8.txt": Reply(b"eight\n")}, tls=None) as fake:
        await mirror_with(fake, swarm, shelf, Selection(None, ("eighth",)))
        assert [asked.path for asked in fake.asked] == ["/rfc/rfc8.txt"]


async def test_without_a_list_the_range_is_asked_for(swarm: Swarm, shelf: Shelf) -> None:
    with serving({"/rfc/rfc8.txt": Reply(b"eight\n")}, tls=None) as fake:
        mirror = await mirror_with(fake, swarm, shelf, Selection(((7, 9), (8, 9), (7, 7))))
        assert on(shelf) == {8: b"eight\n"}
        assert len(fake.asked) == 3
    assert mirror.absent == [7, 9]


@pytest.mark.parametrize("selection", [ALL, Selection(((9000, 2**32 - 1),))])
async def test_without_a_list_there_is_no_end(swarm: Swarm, shelf: Shelf, selection: Selection) -> None:
    with serving({}, tls=None) as fake, pytest.raises(InvalidValueError, match="p2pci titles --update"):
        await mirror_with(fake, swarm, shelf, selection)
    assert fake.asked == []


async def test_origin_that_fails_is_the_reason_and_the_end(swarm: Swarm, shelf: Shelf) -> None:
    with serving({"/rfc/rfc7.txt": Reply(b"", code=500)}, tls=None) as fake:
        mirror = await mirror_with(fake, swarm, shelf, Selection(((7, 9),)))
    assert list(mirror.failed) == [7]
    assert "500" in mirror.failed[7]
