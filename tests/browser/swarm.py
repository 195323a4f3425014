"""A swarm for the browser: an index, a holder, a liar about titles, and the peer whose page is looked at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.cli.process import LOOPBACK, P2PCI, Process, Stage, member

RATE_BYTES = 60_000  # so that what a large document costs can be seen
HTML_TITLE = '<img src=x onerror="document.title=1"><b>bold</b>'
BIDI_TITLE = "harmless \u202egnp.exe \u2066hidden\u2069 \u200bthing"
ENGLISH = "This sentence is here so that a paragraph has lines which are long enough to be wrapped. "


def document(number: int, title: str, *, body: str = "", filler: int = 2) -> str:
    """A document in the layout of an RFC, with contents, three sections, and references."""
    prose = textwrap.indent("\n".join(textwrap.wrap(ENGLISH * filler, 66)), "   ")
    return f"""
Internet Nonsense Task Force                                   A. Writer
Request for Comments: {number}                                     May 1999
Category: Informational


{title:^72}

Abstract

{prose}

Table of Contents

   1.  Introduction . . . . . . . . . . . . . . . . . . . . . . . . 2
   2.  What Is Done . . . . . . . . . . . . . . . . . . . . . . . . 3
     2.1.  In Detail  . . . . . . . . . . . . . . . . . . . . . . . 3
   3.  Security Considerations  . . . . . . . . . . . . . . . . . . 4

1.  Introduction

{prose}

{body}

2.  What Is Done

   As Section 1 says.

       +-------+          +-------+
       | left  | -------> | right |
       +-------+          +-------+

2.1.  In Detail

{prose}

3.  Security Considerations

   None.
"""


HERE = {
    7001: document(
        7001, "A Way to Talk", body="   It is built on RFC 7102, and Section 2.1 of RFC 7002 tells more."
    ),
    7002: document(7002, "Another Way to Talk", filler=60),
}
HOSTILE_LINE = "<script>alert(1)</script> &amp; \u202eevil\u2069 \x1b[31m"
HERE[7003] = document(7003, "A Hostile Document", body=f"   {HOSTILE_LINE}")
ELSEWHERE = {
    7101: document(7101, "Congestion of Carrier Pigeons", filler=1200),
    7102: document(7102, "Talking by Pigeon"),
    7103: document(7103, "The Feeding of Pigeons"),
    7201: document(7201, "Sheep Counting, Part One"),
    7202: document(7202, "Sheep Counting, Part Two"),
    7203: document(7203, "Sheep Counting, Part Three"),
}


class Swarm(NamedTuple):
    """What runs.

    Attributes:
        address: of the page, without a path.
        library: the folder of the peer that has it.
        peer: its process.
    """

    address: str
    library: Path
    peer: Process


@contextmanager
def start_swarm(folder: Path, *arguments: str) -> Iterator[Swarm]:
    """Start everything; `arguments` are the peer's besides `--web`."""
    stage = Stage(folder)
    with ExitStack() as liars:
        try:
            _, port = stage.start_server(program=(*P2PCI, "server", "--port", "0"))
            _fill(folder / "elsewhere", ELSEWHERE)
            holder = (
                "peer",
                f"localhost:{port}",
                "--no-menu",
                "--rate",
                str(RATE_BYTES),
                "--library",
                "elsewhere",
            )
            stage.start(*P2PCI, *holder).wait_for("Serving until")
            hostile = zip((7301, 7302), (HTML_TITLE, BIDI_TITLE), strict=True)
            liars.enter_context(member(port, *(_add(number, title) for number, title in hostile)))
            library = folder / "here"
            _fill(library, HERE)
            ours = (
                "peer",
                f"localhost:{port}",
                "--no-menu",
                "--library",
                str(library),
                "--web",
                "127.0.0.1:0",
            )
            peer = stage.start(*P2PCI, *ours, *arguments)
            address = peer.wait_for(r"Open (http://[^/]+)/\S* in a browser")[1]
            yield Swarm(address, library, peer)
        finally:
            stage.end()


def _fill(library: Path, documents: dict[int, str]) -> None:
    library.mkdir()
    for number, text in documents.items():
        (library / f"rfc{number}.txt").write_text(text, encoding="utf-8")


def _add(number: int, title: str) -> bytes:
    head = f"ADD RFC {number} P2P-CI/1.0\r\nHost: {LOOPBACK}\r\nPort: 9\r\nTitle: {title}\r\n\r\n"
    return head.encode()
