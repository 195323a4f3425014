"""The menu of a peer: five things to do, the same as in the original program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pci.cli.display import escape, show_path
from p2pci.cli.settings import parse_rfc_number
from p2pci.errors import InvalidValueError, NotFoundError, P2PCIError
from p2pci.protocol.grammar import Status, encode_title

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from p2pci.cli.terminal import Terminal
    from p2pci.peer import Peer

MENU = """
1. ADD — manually register an RFC with the server
2. LOOKUP — find which peers have a specific RFC
3. LIST — view all RFCs registered across all peers
4. GET — download an RFC from another peer (LOOKUP + GET + ADD)
5. EXIT — disconnect from server and quit"""


class _WayBack(Exception):  # noqa: N818 - no error either
    """Somebody changed their mind and wants the menu again."""


class _InputEnded(Exception):  # noqa: N818 - the way out of any question, no error
    """Standard input is at its end."""


async def run_menu(peer: Peer, terminal: Terminal) -> None:
    """Offer the menu until EXIT or the end of input. Errors are shown, and the menu comes again."""
    try:
        while True:
            terminal.print(MENU)
            choice = await _ask(terminal, "Choose 1-5: ")
            if choice.upper() in ("5", "EXIT"):
                return
            action = _ACTIONS.get(choice.upper())
            if action is None:
                terminal.print(f"{choice!r} is not on the menu. Type a number from 1 to 5.")
                continue
            try:
                await action(peer, terminal)
            except _WayBack:
                pass
            except NotFoundError as error:
                terminal.print(str(error))
            except P2PCIError as error:
                terminal.print(f"[Peer] {escape(str(error))}")
    except _InputEnded:
        terminal.print("")


async def _add(peer: Peer, terminal: Terminal) -> None:
    number = await _ask_number(terminal)
    title = await _ask_title(terminal, "Title: ")
    await peer.add(number, title or peer.shelf.title(number))
    if number not in peer.shelf:
        folder = show_path(peer.shelf.path)
        terminal.print(f"RFC {number} is not in {folder} yet: others get 404 until the file is there.")


async def _lookup(peer: Peer, terminal: Terminal) -> None:
    number = await _ask_number(terminal)
    answer = await peer.lookup(number, await _ask_title(terminal, "Title (Enter skips): "))
    if answer.status == Status.NOT_FOUND:
        terminal.print(f"No peer has RFC {number} at the moment.")
    _say_if_incomplete(terminal, complete=answer.complete)


async def _list(peer: Peer, terminal: Terminal) -> None:
    answer = await peer.list_all()
    if not answer.records:
        terminal.print("Nobody has registered an RFC yet.")
    _say_if_incomplete(terminal, complete=answer.complete)


async def _get(peer: Peer, terminal: Terminal) -> None:
    number = await _ask_number(terminal)
    if number in peer.shelf and not await _confirm(
        terminal, f"RFC {number} is already here. Download it again? [y/N] "
    ):
        return
    await peer.get(number)


_ACTIONS: dict[str, Callable[[Peer, Terminal], Awaitable[None]]] = {
    "1": _add,
    "ADD": _add,
    "2": _lookup,
    "LOOKUP": _lookup,
    "3": _list,
    "LIST": _list,
    "4": _get,
    "GET": _get,
}


def _say_if_incomplete(terminal: Terminal, *, complete: bool) -> None:
    if not complete:
        terminal.print("The server never ended its answer; records may be missing.")


async def _ask(terminal: Terminal, prompt: str) -> str:
    line = await terminal.ask(prompt)
    if line is None:
        raise _InputEnded
    return line.strip()


async def _ask_number(terminal: Terminal) -> int:
    while True:
        text = await _ask(terminal, "RFC number: ")
        if not text:
            raise _WayBack
        try:
            return parse_rfc_number(text)
        except InvalidValueError as error:
            terminal.print(str(error))


async def _ask_title(terminal: Terminal, prompt: str) -> str:
    while True:
        title = await _ask(terminal, prompt)
        try:
            encode_title(title)
        except InvalidValueError as error:
            terminal.print(str(error))
        else:
            return title


async def _confirm(terminal: Terminal, prompt: str) -> bool:
    while True:
        answer = (await _ask(terminal, prompt)).lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False
        terminal.print("Type y or n.")
