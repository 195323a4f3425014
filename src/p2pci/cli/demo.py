"""`p2pci demo`: an index and three peers on this machine, every kind of message, and a check after each step.

The documents are made here, the sockets, the messages and the programs are the real ones. Everything
stays on loopback, on free ports and in a temporary folder.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from p2pci.cli.display import show_message
from p2pci.cli.exits import ExitStatus
from p2pci.cli.log import Log
from p2pci.cli.running import ending_signals
from p2pci.cli.terminal import Terminal
from p2pci.cli.web_pages import IndexPage, PeerPage, Web, both
from p2pci.dialing import outward_address
from p2pci.errors import P2PCIError
from p2pci.events import Left, Received, Role, Sent
from p2pci.peer import Peer
from p2pci.protocol.grammar import Status
from p2pci.server import IndexServer

if TYPE_CHECKING:
    from p2pci.events import Address, Event

LOOPBACK = "127.0.0.1"
_PAGE = Web((LOOPBACK, 0))
WAIT_SECONDS = 10.0
SHELVES = {
    "peer1": {
        2345: "Domain Names and Company Name Retrieval",
        3457: "Requirements for IPsec Remote Access Scenarios",
    },
    "peer2": {123: "A Proferred Official ICP", 3457: "Requirements for IPsec Remote Access Scenarios"},
    "peer3": {
        4563: "The Key ID Information Type for MIKEY",
        7895: "YANG Module Library",
    },
}


class DemoFailedError(P2PCIError):
    """A step did not come out as the demo says."""


async def run_demo(*, stays: bool) -> ExitStatus:
    """Play the whole session, and when asked stay afterwards, with web pages to look at, until a signal.

    Raises:
        DemoFailedError: something did not come out as it should.
    """
    terminal = Terminal()
    with TemporaryDirectory(prefix="p2pci-demo-") as folder, ending_signals() as ending:
        async with AsyncExitStack() as stack:
            demo = _Demo(terminal, stack, Path(folder), has_pages=stays)
            await demo.play()
            await _say_what_is_next(terminal)
            if stays:
                await demo.show_pages()
                await ending
    return ExitStatus.DONE


async def _say_what_is_next(terminal: Terminal) -> None:
    address = await outward_address()
    terminal.print(
        f"""
Everything came out as it should. What to type next:

  p2pci server                 here: an index for the whole network   (or: python3 server.py)
  p2pci peer {address:<17} on every machine: share the folder rfcs/ (or: python3 peer.py {address})
  p2pci --help                 all commands

In a clone, after make demo, p2pci is .venv/bin/p2pci. With make demo STAY=1 (or p2pci demo --stay) all of
this stays up, with web pages to look at."""
    )


class _Demo:
    """One performance: the index, the peers, and what the audience sees."""

    def __init__(self, terminal: Terminal, stack: AsyncExitStack, folder: Path, *, has_pages: bool) -> None:
        self._terminal = terminal
        self._stack = stack
        self._folder = folder
        self._peers: dict[str, Peer] = {}
        self._shows_messages = False
        self._has_left = asyncio.Event()
        self._page = PeerPage(_PAGE) if has_pages else None  # of peer2
        self._index_page: IndexPage | None = None

    async def play(self) -> None:
        await self._start()
        self._shows_messages = True
        await self._list()
        await self._lookup()
        await self._get()
        await self._ask_for_nobodys()
        await self._misbehave()
        await self._leave()

    async def _start(self) -> None:
        self._scene("An index server starts, and three peers join it with two documents each.")
        server = IndexServer(host=LOOPBACK, port=0, watch=self._notice)
        if self._page:
            self._index_page = IndexPage(_PAGE, server)
        await self._stack.enter_async_context(server)
        for name, shelf in SHELVES.items():
            library = self._folder / name
            library.mkdir()
            for number, title in shelf.items():
                (library / f"rfc{number}.txt").write_text(_document(number, title), encoding="utf-8")
            peer = self._make_peer(name, (LOOPBACK, server.port), library)
            self._peers[name] = await self._stack.enter_async_context(peer)
        self._check(server.index.member_count == 3, f"the index on port {server.port} knows three peers")
        self._check(server.index.record_count == 6, "and their six records")

    def _make_peer(self, name: str, index: Address, library: Path) -> Peer:
        if not self._page or name != "peer2":
            return Peer(index, library, bind=LOOPBACK, trace=self._show)
        watch, trace = self._page.watch, both(self._show, self._page.trace)
        return Peer(index, library, bind=LOOPBACK, watch=watch, trace=trace, is_searchable=True)

    async def show_pages(self) -> None:
        """Serve the pages of peer2 and of the index, and say where they are."""
        self._shows_messages = False
        self._scene("Two web pages are up until Ctrl-C, those of peer2 and of the index:")
        log = Log(self._terminal)
        if self._page and self._index_page:
            await self._stack.enter_async_context(self._page.served(self._peers["peer2"], log))
            await self._stack.enter_async_context(self._index_page.served(log))

    async def _list(self) -> None:
        self._scene("peer2 asks what there is: LIST.")
        records = (await self._peers["peer2"].list_all()).records
        self._check(
            [record.number for record in records] == [123, 2345, 3457, 3457, 4563, 7895],
            "six records by number, RFC 3457 twice: two peers hold it",
        )

    async def _lookup(self) -> None:
        self._scene("peer2 asks who holds RFC 2345: LOOKUP.")
        records = (await self._peers["peer2"].lookup(2345)).records
        self._check([record.port for record in records] == [self._peers["peer1"].upload_port], "peer1 alone")

    async def _get(self) -> None:
        self._scene("peer2 lacks it: LOOKUP, GET from peer1 over a new connection, and ADD what it has now.")
        got = await self._peers["peer2"].get(2345)
        original = self._folder / "peer1" / "rfc2345.txt"
        self._check(got.path.read_bytes() == original.read_bytes(), f"{got.size} bytes, the same as peer1's")
        self._scene("Who holds RFC 2345 now?")
        records = (await self._peers["peer3"].lookup(2345)).records
        self._check(len(records) == 2, "two peers: what was fetched is shared")

    async def _ask_for_nobodys(self) -> None:
        self._scene("peer2 asks for RFC 4342, which nobody has.")
        answer = await self._peers["peer2"].lookup(4342)
        self._check(answer.status == Status.NOT_FOUND, "404 Not Found")

    async def _misbehave(self) -> None:
        self._scene("Somebody sends a method that does not exist to peer1's upload server.")
        self._check(b" 400 Bad Request" in await self._send_raw("BLAH RFC 123 P2P-CI/1.0"), "400 Bad Request")
        self._scene("Somebody speaks a version of the future to it.")
        self._check(
            b" 505 P2P-CI Version" in await self._send_raw("GET RFC 123 P2P-CI/2.0"),
            "505 Version Not Supported",
        )

    async def _leave(self) -> None:
        self._scene("peer1 leaves by closing its connection, and peer2 asks again: LIST.")
        await self._peers["peer1"].stop()
        async with asyncio.timeout(WAIT_SECONDS):
            await self._has_left.wait()
        records = (await self._peers["peer2"].list_all()).records
        self._check(
            [record.number for record in records] == [123, 2345, 3457, 4563, 7895],
            "its records are gone; peer2's copies are still there",
        )

    async def _send_raw(self, request_line: str) -> bytes:
        """Send what no client of ours would, and give the answer."""
        peer = self._peers["peer1"]
        request = f"{request_line}\r\nHost: {LOOPBACK}\r\nOS: demo\r\n\r\n".encode()
        async with asyncio.timeout(WAIT_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, peer.upload_port)
            writer.write(request)
            self._show_lines(">", request)
            answer = await reader.read()
            self._show_lines("<", answer)
            writer.close()
        return answer

    def _notice(self, event: Event) -> None:
        """Hear from the index who has left: its word may come later than the peer's own."""
        if isinstance(event, Left):
            self._has_left.set()

    def _show(self, event: Event) -> None:
        """Show the messages of who asks; the other end of each has the same ones."""
        if self._shows_messages:
            match event:
                case Sent(Role.CLIENT | Role.DOWNLOAD, _, data):
                    self._show_lines(">", data)
                case Received(Role.CLIENT | Role.DOWNLOAD, _, data):
                    self._show_lines("<", data)
                case _:
                    pass

    def _show_lines(self, mark: str, data: bytes) -> None:
        for line in show_message(data).split("\n"):
            self._terminal.print(f"    {mark} {line}".rstrip())

    def _scene(self, text: str) -> None:
        self._terminal.print(f"\n{text}")

    def _check(self, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise DemoFailedError(f"This did not come out: {text}. Please report it with all that is above.")
        self._terminal.print(f"  ✔ {text}")


def _document(number: int, title: str) -> str:
    """Make a short text in the layout of an RFC."""
    return f"""



Network Working Group                                     The p2pci demo
Request for Comments: {number}
Category: Informational


{title:^72}

Status of This Memo

   This text was made by the p2pci demo. It has the number, the title and
   the layout of an RFC, so that there is something to share, and nothing
   else of it.

1.  Introduction

   One peer has this document, another one asks the index who does, and
   fetches it.
"""
