"""How the page of a peer looks and feels: themes, narrow screens, keyboard alone, hostile titles, weight."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.swarm import HTML_TITLE, start_swarm

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.slow
expect = pytest.importorskip("playwright.sync_api").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

ADDRESSES = {
    "/find": "searched as you type",
    "/find?q=sentence": "the best first",
    "/swarm": "Sheep Counting, Part One",
    "/rfc/7001": "This sentence is here",
    "/rfc/7103": "not on your shelf yet",
    "/transfers": "Nothing was sent yet",
    "/peers": "Others can reach you",
    "/log": "ADD RFC 7001",
}


@pytest.mark.parametrize("look", [{"dark": False}, {"dark": True}, {"narrow": True}], ids=str)
def test_axe_finds_nothing_serious(open_page: OpenPage, look: dict[str, bool]) -> None:
    page = open_page(**look)
    found = []
    for address, words in ADDRESSES.items():
        page.goto(address)
        expect(page.get_by_text(words).first).to_be_visible()
        found += [
            (address, each["id"], [node["html"] for node in each["nodes"]][:3])
            for each in axe.run(page).response["violations"]
            if each["impact"] in ("moderate", "serious", "critical")
        ]
    assert found == []


def test_nothing_is_wider_than_a_narrow_screen(open_page: OpenPage) -> None:
    page = open_page(narrow=True)
    for address, words in ADDRESSES.items():
        page.goto(address)
        expect(page.get_by_text(words).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_switch_of_colours_is_kept(open_page: OpenPage) -> None:
    page = open_page(dark=True)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch to light colours").click()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_keyboard_alone_finds_fetches_and_reads(open_page: OpenPage) -> None:
    page = open_page("/log")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("feeding")
    expect(page.get_by_role("listitem")).to_have_count(1)
    for _ in range(4):  # past the choices
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="The Feeding of Pigeons")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="RFC 7103 is here: read it")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The Feeding of Pigeons")).to_be_visible()


def test_skip_link_is_the_first_stop(open_page: OpenPage) -> None:
    page = open_page("/peers")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_hostile_titles_are_text(open_page: OpenPage) -> None:
    page = open_page("/swarm?q=e")
    expect(page.get_by_text(HTML_TITLE)).to_be_visible()
    expect(page.get_by_text(r"harmless \u202egnp.exe \u2066hidden\u2069 \u200bthing")).to_be_visible()
    assert page.locator("main img, main b").count() == 0
    page.goto("/rfc/7301")
    expect(page.get_by_role("heading", name=HTML_TITLE)).to_be_visible()
    expect(page).to_have_title(re.compile("RFC 7301"))


def test_hostile_document_is_text(open_page: OpenPage) -> None:
    page = open_page("/rfc/7003")
    shown = r"<script>alert(1)</script> &amp; \u202eevil\u2069 \x1b[31m"
    expect(page.get_by_text(shown)).to_be_visible()
    assert page.locator("main script").count() == 0


def test_fetch_that_fails_says_why(open_page: OpenPage) -> None:
    page = open_page("/find?q=bold")
    page.get_by_role("button", name="Fetch RFC 7301").click()
    expect(page.get_by_role("button", name="Fetch RFC 7301")).to_have_text("Try again", timeout=30_000)
    expect(page.locator(".failed")).to_contain_text("RFC 7301")


def test_page_weighs_little(open_page: OpenPage) -> None:
    page = open_page("about:blank")
    sizes: dict[str, int] = {}
    page.on(
        "response", lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))})
    )
    page.goto("/swarm")
    expect(page.get_by_text("Sheep Counting, Part One")).to_be_visible()
    assert sum(sizes.values()) <= 150_000
    print(f"page weight: {sum(sizes.values()):,} bytes in {len(sizes)} answers")


def test_locked_page_opens_with_its_token(browser: Browser, tmp_path: Path) -> None:
    token = "a-token-that-is-long"
    with start_swarm(tmp_path, "--web-token", token) as swarm:
        page = browser.new_page(base_url=swarm.address)
        page.goto("/swarm")
        expect(page.get_by_text("Open this page with ?token=")).to_be_visible()
        page.goto(f"/swarm?token={token}")
        expect(page).to_have_url(f"{swarm.address}/swarm")
        expect(page.get_by_text("Sheep Counting, Part One")).to_be_visible()
        expect(page.get_by_text("All well")).to_be_visible()
        page.context.close()
