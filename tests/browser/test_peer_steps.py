"""Going back, coming back, and getting lost on the page of a peer."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.swarm import HERE, Swarm, document
from tests.cli.process import DEADLINE_SECONDS, P2PCI, Stage

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.conftest import OpenPage

expect = pytest.importorskip("playwright.sync_api").expect


def until(page: Page, expression: str) -> None:
    """Ask for it again and again; Playwright's own way needs an eval in the page, which this one forbids."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression


def scroll_deep(page: Page) -> int:
    """Scroll to where nothing is but text, and give how far that is once it is noted."""
    page.evaluate("scrollTo({ top: 700, behavior: 'instant' })")
    until(page, "scrollY > 0 && history.state?.scroll === scrollY")
    return int(page.evaluate("scrollY"))


def test_back_leads_to_where_one_was_in_a_document(open_page: OpenPage) -> None:
    page = open_page("/rfc/7002")
    expect(page.locator(".text")).to_be_visible()
    depth = scroll_deep(page)
    page.locator(".pages a", has_text="Swarm").dispatch_event(
        "click"
    )  # a click scrolls to what is always seen
    expect(page.get_by_role("heading", name="In the swarm")).to_be_visible()
    page.go_back()
    expect(page.locator(".text")).to_be_visible()
    until(page, f"scrollY === {depth}")
    page.reload()
    until(page, f"scrollY === {depth}")


def test_section_is_gone_to_without_reading_the_document_anew(open_page: OpenPage) -> None:
    page = open_page("/rfc/7002")
    expect(page.locator(".text")).to_be_visible()
    depth = scroll_deep(page)
    page.evaluate("document.querySelector('.text').dataset.kept = '1'")
    page.locator(".contents a", has_text="Security").dispatch_event("click")
    expect(page.locator("#section-3")).to_be_in_viewport()
    page.go_back()
    until(page, f"scrollY === {depth}")
    assert page.evaluate("document.querySelector('.text').dataset.kept") == "1"


def test_address_with_a_section_in_broken_percents_shows_the_document(open_page: OpenPage) -> None:
    page = open_page("/rfc/7001#%E0%A4%A")
    expect(page.get_by_role("heading", name="1. Introduction")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_mistyped_address_leads_on(open_page: OpenPage, complaints_allowed: list[str]) -> None:
    complaints_allowed.append("404")
    page = open_page("/swram")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="find a document").click()
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_document_of_too_many_links_and_sections_is_shown_still(open_page: OpenPage, swarm: Swarm) -> None:
    library = swarm.library
    many = "\n\n".join(f"{number}. Heading {number}" for number in range(1, 999))
    text = document(7600, "Too Much") + (many + "\n\nRFC 1, " + "RFC 1, " * 4000) * 3
    (library / "rfc7600.txt").write_text(text, encoding="utf-8")
    page = open_page("/swarm?only=here&q=much")
    page.get_by_role("link", name="Too Much").click()
    expect(page.locator(".text")).to_be_visible(timeout=20_000)
    assert page.locator(".contents a").count() <= 2000
    assert page.locator(".text a.reference").count() <= 10_000


def test_view_that_failed_comes_back_with_the_peer(browser: Browser, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        _, port = stage.start_server(program=(*P2PCI, "server", "--port", "0"))
        library = tmp_path / "here"
        library.mkdir()
        (library / "rfc7001.txt").write_text(HERE[7001], encoding="utf-8")
        peer = ("peer", f"localhost:{port}", "--no-menu", "--library", str(library), "--web")
        first = stage.start(*P2PCI, *peer, "127.0.0.1:0")
        address = first.wait_for(r"Open (http://([^/]+))/\S* in a browser")
        page = browser.new_page()
        page.goto(f"{address[1]}/swarm")
        expect(page.get_by_role("link", name="A Way to Talk")).to_be_visible()
        first.kill()
        expect(page.get_by_text("No answer")).to_be_visible()
        page.get_by_role("link", name="Peers", exact=True).click()
        page.get_by_role("link", name="Swarm").click()
        expect(page.get_by_text("The peer does not answer")).to_be_visible()
        expect(page.locator(".tools")).to_be_hidden()
        stage.start(*P2PCI, *peer, address[2]).wait_for(r"in a browser")
        expect(page.get_by_role("link", name="A Way to Talk")).to_be_visible()
        page.close()
    finally:
        stage.end()


def test_long_title_leaves_room_for_the_document(open_page: OpenPage, swarm: Swarm) -> None:
    library = swarm.library
    title = " ".join(["Words of a Title"] * 30)
    (library / "rfc7601.txt").write_text(document(7601, title), encoding="utf-8")
    page = open_page("/swarm?only=here&q=words", narrow=True)
    row = page.get_by_role("link", name=re.compile("Words of a Title")).first
    expect(row).to_be_visible()
    in_list = row.bounding_box()
    assert in_list
    assert in_list["height"] < 120
    row.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Words of a Title")
    box = heading.bounding_box()
    assert box
    assert box["height"] < 450
