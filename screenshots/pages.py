"""Takes the pictures of the web pages: starts a small swarm, opens its page in a browser, and photographs it.

`.venv/bin/python screenshots/pages.py` needs the set-up for work on the project and Debian's chromium. The
documents are made up here. The pictures are PNG files next to this script.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).resolve().parent
P2PCI = str(Path(sys.executable).with_name("p2pci"))
CHROMIUM = "/usr/bin/chromium"
WIDE, NARROW = (1200, 760), (360, 740)
SLOW_BYTES = 40_000  # a second, so that something is seen on its way

TITLES = (
    "A Protocol for Carrier Pigeons",
    "Congestion Control for Carrier Pigeons",
    "Flow Control and Feeding Times",
    "The Encapsulation of Letters in Small Tubes",
    "Requirements for Pigeon Lofts",
    "Loss Detection by Counting Feathers",
    "Security Considerations for Hawks",
    "A Name System for Lofts and Towers",
    "Routing Around Cats",
    "The Pigeon Management Information Base",
    "Multicast by Flocks",
    "Header Compression on Very Small Paper",
    "Congestion Notification by Cooing",
    "An Architecture for Towers of Towers",
    "Latency, Weather and Other Metrics",
    "Terminology for Aviary Networks",
)
SENTENCES = (
    "A loft that sends more birds than a tower can feed finds that letters arrive late, or not at all.",
    "A sender learns of congestion before the corn runs out: it halves the number of birds in the air.",
    "Each bird carries one letter, and the number of the letter is written on its left foot.",
    "Where two towers claim the same loft, the one with more corn is asked first.",
    "A letter that has not come home by sunset is sent again, by another bird and another way.",
    "Cats are told from hawks by the absence of wings; the protocol treats both as congestion.",
    "Small tubes have room for nine lines, and a tenth is cut off without notice to the writer.",
)


def paragraph(at: int) -> str:
    """Three sentences; the next ones for another number."""
    words = " ".join(SENTENCES[(at + step) % len(SENTENCES)] for step in range(3))
    return textwrap.indent(textwrap.fill(words, 66), "   ")


def document(number: int, title: str) -> str:
    """A document in the layout of an RFC."""
    prose = [paragraph(5 * number + 2 * each) for each in range(5)]
    return f"""
Aviary Engineering Task Force                                  A. Writer
Request for Comments: {number}                                     May 1999
Updates: {number - 2 if number > 7002 else 7001}
Category: Informational


{title:^72}

Abstract

{prose[0]}

1.  Introduction

{prose[1]}

   The birds are those of RFC 7001; the terms are defined in Section 1.1,
   and RFC {7000 + (number * 7) % 16 + 1} says how the corn is counted.

1.1.  Terms

   Loft     where birds come home to
   Tower    where letters are read

2.  The Protocol

{prose[2]}

        +--------+   letter    +---------+   letter    +---------+
        |  Loft  | ----------> |  Tower  | ----------> |  Loft   |
        +--------+ <---------- +---------+ <---------- +---------+
                       corn                   corn

2.1.  Sending

{prose[3]}

2.2.  Coming Home

{prose[4]}

3.  Security Considerations

   Hawks are out of scope, but see RFC 7007.
"""


class Programs:
    """The programs that run, each ended at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, until: str) -> re.Match[str]:
        """Start p2pci, and give what matches in all that it printed."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("P2PCI_")}
        program = subprocess.Popen(
            [P2PCI, *arguments],
            cwd=self._folder,
            env=env | {"P2PCI_BIND": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._running.append(program)
        printed = ""
        for line in program.stdout or ():
            printed += line
            if found := re.search(until, printed, re.DOTALL):
                return found
        raise SystemExit(f"p2pci {' '.join(arguments)} ended too early.")

    def end(self) -> None:
        for program in reversed(self._running):
            program.terminate()
            program.communicate(timeout=10)


@contextmanager
def swarm() -> Iterator[tuple[str, str]]:
    """Run an index, two holders and the peer with the page, and give the addresses of index and peer."""
    with TemporaryDirectory() as folder, ExitStack() as ending:
        programs = Programs(Path(folder))
        ending.callback(programs.end)
        page = ("--web", "127.0.0.1:0")
        index = programs.start("server", "--port", "0", *page, until=r"(http://[^/]+)/.*port (\d+)")
        numbers = range(7001, 7001 + len(TITLES))
        shelves = {"all": numbers, "half": numbers[::2], "rfcs": numbers[:5]}
        for name, shelf in shelves.items():
            library = Path(folder) / name
            library.mkdir()
            for number in shelf:
                text = document(number, TITLES[number - 7001])
                (library / f"rfc{number}.txt").write_text(text)
        peer = ("peer", f"127.0.0.1:{index[2]}", "--no-menu")
        for name in ("all", "half"):
            programs.start(*peer, "--library", name, "--rate", str(SLOW_BYTES), until="(Serving until)")
        ours = programs.start(*peer, "--library", "rfcs", *page, until=r"(http://[^/]+)/")
        yield index[1], ours[1]


def open_page(browser: Browser, address: str, *, size: Sequence[int] = WIDE, dark: bool = False) -> Page:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    page.goto(address)
    return page


def photograph(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"{name}.png: {(PICTURES / f'{name}.png').stat().st_size:,} bytes")


def photograph_all(browser: Browser, address: str) -> None:
    found = "/find?q=congestion"
    for name, size, dark in (("peer-find", WIDE, False), ("peer-find-narrow", NARROW, True)):
        page = open_page(browser, address + found, size=size, dark=dark)
        page.get_by_text("the best first").wait_for()
        photograph(page, name)
    page = open_page(browser, f"{address}/rfc/7002#section-1", dark=True)
    page.locator(".contents a[aria-current]").wait_for()
    photograph(page, "peer-read")
    page = open_page(browser, f"{address}/swarm")
    page.get_by_role("button", name="Mirror all that is missing").click()
    page.get_by_text(re.compile("[4-9] of 11 documents")).wait_for()
    photograph(page, "peer-mirror")


def photograph_index(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/stats", size=(1200, 630))
    photograph(page, "index-stats")


def main() -> None:
    with swarm() as (index, peer), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        photograph_all(browser, peer)
        photograph_index(browser, index)
        browser.close()


if __name__ == "__main__":
    main()
