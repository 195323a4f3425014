"""The page of an index server in a real browser: it keeps itself current, and is usable by everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.browser.conftest import Complaints
from tests.cli.process import P2PCI, Process, Stage
from tests.server.wire_client import WirePeer, add, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
pytestmark = pytest.mark.slow

HOSTILE = ["<script>document.title='gone'</script>", "evil \u202egnp.exe", "<img src=x onerror=alert(1)>"]
SHOWN = [HOSTILE[0], r"evil \u202egnp.exe", HOSTILE[2]]


class Index(NamedTuple):
    """A running index server with nine peers and hostile titles."""

    process: Process
    url: str
    port: int


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    stage = Stage(tmp_path)
    with ExitStack() as peers:
        process = stage.start(*P2PCI, "server", "--port", "0", "--web", "127.0.0.1:0")
        url = process.wait_for(r"Open (http://\S+)/ in a browser")[1]
        port = int(process.wait_for(r"Listening on port (\d+)")[1])
        for place in range(1, 10):
            peer = WirePeer(("127.0.0.1", port), source="127.0.0.1", receive_buffer=None)
            peers.callback(peer.close)
            titles = ["One", *HOSTILE] if place == 1 else ["One"]
            shelf = enumerate(titles, 1)
            peer.says(b"".join(add(number, title, host="<b>h</b>", port=place) for number, title in shelf))
            process.wait_for(r"Added")
        yield Index(process, url, port)
    stage.end()


@pytest.fixture
def open_page(browser: Browser, index: Index) -> Iterator[Callable[..., Page]]:
    """Open the page; it may complain of nothing, and ask nobody else."""
    with ExitStack() as contexts:

        def open_page(*, width: int = 1200, theme: str = "light", script: bool = True) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if theme == "dark" else "light",
                java_script_enabled=script,
            )
            complaints = Complaints(context)
            contexts.callback(lambda: _see(complaints, index))
            contexts.callback(context.close)
            page = context.new_page()
            page.goto(f"{index.url}/stats")
            return page

        yield open_page


def _see(complaints: Complaints, index: Index) -> None:
    is_gone = not index.process.is_running
    assert [each for each in complaints.said if not (is_gone and "net::ERR_" in each)] == []
    assert [url for url in complaints.asked if not url.startswith(index.url)] == []


def card(page: Page, name: str) -> str:
    return page.locator(".card", has_text=re.compile(f"{name}$")).locator("b").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_it_shows_everything_in_any_width_and_theme(
    open_page: Callable[..., Page], width: int, theme: str
) -> None:
    page = open_page(width=width, theme=theme)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    assert (card(page, "peers"), card(page, "documents"), card(page, "records")) == ("9", "4", "12")
    for text in SHOWN:
        expect(page.locator("#alone")).to_contain_text(text)
    expect(page.locator("#peers")).to_contain_text("<b>h</b>")
    expect(page).to_have_title(re.compile("^Index on port"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_keeps_itself_current_until_it_is_paused(open_page: Callable[..., Page], index: Index) -> None:
    page = open_page()
    page.evaluate("window.isTheSame = true")
    peer = WirePeer(("127.0.0.1", index.port), source="127.0.0.1", receive_buffer=None)
    peer.says(add(1, "One", port=77))
    expect(page.locator(".card").first).to_have_text(re.compile("^10"), timeout=10_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("^Paused"))
    peer.close()
    index.process.wait_for("left")
    page.wait_for_timeout(4000)
    assert card(page, "peers") == "10"
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".card").first).to_have_text(re.compile("^9"), timeout=10_000)
    assert page.evaluate("window.isTheSame")


def test_it_is_used_by_keyboard_and_keeps_the_place(open_page: Callable[..., Page], index: Index) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    names = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        names.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert {"Pause", "Metrics", "Earlier ones", "/stats.json"} <= names
    earlier = page.get_by_role("link", name="Earlier ones")
    earlier.focus()
    page.evaluate("document.getElementById('peers').isOld = true")
    until(lambda: not page.evaluate("document.getElementById('peers').isOld"))
    assert page.evaluate("document.activeElement.id") == "peers-next"
    page.keyboard.press("Enter")
    expect(page.locator("#peers tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Those that joined last").press("Enter")
    expect(page.locator("#peers tbody tr")).to_have_count(8)


def test_it_says_everything_without_scripts(open_page: Callable[..., Page]) -> None:
    page = open_page(script=False)
    assert card(page, "peers") == "9"
    expect(page.locator("#copies")).to_contain_text("1 copy")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_it_says_that_the_index_is_gone(open_page: Callable[..., Page], index: Index) -> None:
    page = open_page()
    index.process.kill()
    expect(page.locator("#told")).to_have_text(re.compile("does not answer"), timeout=15_000)
    assert card(page, "peers") == "9"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_page: Callable[..., Page], theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(open_page(theme=theme)).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] != "minor"] == []
