"""A browser, and a swarm of real programs whose pages it opens; one of each for a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.swarm import Swarm, start_swarm

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def swarm(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    with start_swarm(tmp_path_factory.mktemp("swarm")) as swarm:
        yield swarm


class Complaints:
    """What a browser complains of, and every address that it asked for."""

    def __init__(self, context: BrowserContext) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.on("console", self._hear)

    def _hear(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.said.append(getattr(message, "text", ""))


OpenPage = Callable[..., "Page"]


@pytest.fixture
def complaints_allowed() -> list[str]:
    """Words of complaints that a test expects."""
    return []


@pytest.fixture
def open_page(browser: Browser, swarm: Swarm, complaints_allowed: list[str]) -> Iterator[OpenPage]:
    """Open an address of the swarm's page; no page may complain, or ask anybody but the peer."""
    contexts: list[tuple[BrowserContext, Complaints]] = []

    def open_page(address: str = "/", *, narrow: bool = False, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": 360 if narrow else 1200, "height": 800},
            color_scheme="dark" if dark else "light",
            base_url=swarm.address,
        )
        context.set_default_timeout(10_000)
        contexts.append((context, Complaints(context)))
        page = context.new_page()
        page.goto(address)
        return page

    yield open_page
    for context, complaints in contexts:
        context.close()
        assert not [said for said in complaints.said if not any(word in said for word in complaints_allowed)]
        assert {url for url in complaints.asked if not url.startswith(swarm.address)} == set()
