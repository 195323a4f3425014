"""An index server told to the local network, and one found there, as `--announce` and `--auto` do."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from p2pci import lan
from p2pci.cli.display import escape
from p2pci.cli.terminal import Terminal
from p2pci.dialing import can_reach, outward_address, show_address
from p2pci.errors import NetworkError
from p2pci.protocol.addresses import EVERYWHERE, is_loopback, parse_address, plain_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from p2pci.cli.log import Log
    from p2pci.events import Address

REACH_SECONDS = 3.0
_NOBODY = (
    f"No index server was found on this network within {lan.FIND_SECONDS:g} s. "
    "Start one with `p2pci server --announce`; where it runs and is not found (Wi-Fi often lets no multicast "
    "through), type its address: p2pci peer ADDRESS"
)


@asynccontextmanager
async def announcing(port: int, *, bind: str | None, log: Log) -> AsyncIterator[None]:
    """Announce an index server meanwhile; where the network has no way for that, it serves all the same."""
    async with AsyncExitStack() as stack:
        try:
            addresses, interfaces = await _reachable_at(bind)
            name = await stack.enter_async_context(lan.announced(port, addresses, interfaces=interfaces))
        except NetworkError as error:
            log.say(f"[SERVER] Not announced. {escape(str(error))}", "not_announced", reason=str(error))
        else:
            where = ", ".join(show_address((address, port)) for address in addresses)
            line = f"[SERVER] Announced on this network as {escape(name)}, at {where}."
            log.say(line, "announced", service=name, addresses=addresses, port=port)
        yield


async def _reachable_at(bind: str | None) -> tuple[list[str], list[str] | None]:
    """The addresses at which others reach this machine, and the interfaces to tell them on; None for all.

    Raises:
        NetworkError: there are none.
    """
    if bind and bind not in EVERYWHERE:
        bound = await asyncio.get_running_loop().getaddrinfo(bind, None)
        addresses = list(dict.fromkeys(plain_address(str(info[4][0])) for info in bound))
        return addresses, _interfaces(addresses)
    outward = await outward_address()
    if bind == "::" or is_loopback(outward):
        # A network of its own, without a way out, has no such address; then any other is better than none.
        addresses = [address for address in lan.own_addresses() if _listens(bind, address)]
    else:
        addresses = [outward]
    if not addresses:
        raise NetworkError("This machine is on no network. Connect it and start again.")
    return addresses, None


def _listens(bind: str | None, address: str) -> bool:
    """Whether what is bound to all interfaces of a kind, or of both, can be reached at an address."""
    return not bind or (":" in bind) == (":" in address)


def _interfaces(addresses: list[str]) -> list[str] | None:
    """Where to speak of these addresses: what others cannot reach is told to this machine alone."""
    if all(map(is_loopback, addresses)):
        return list(lan.LOOPBACK)
    parsed = map(parse_address, addresses)
    return [str(address) for address in parsed if address and address.version == 4] or None


async def find_index(*, bind: str | None) -> Address:
    """Find an index server on the local network, and say which; of several the first by name that answers.

    Args:
        bind: where the peer listens; one on loopback looks for an index there alone.

    Raises:
        NetworkError: there is none, or none that answers.
        NotInstalledError: zeroconf is not installed.
    """
    lan.require_zeroconf()
    terminal = Terminal()
    terminal.print(f"[Peer] Looking for an index server on this network, for {lan.FIND_SECONDS:g} s...")
    on_loopback = bind and (bind == "localhost" or is_loopback(bind))
    found = await lan.find_indexes(interfaces=lan.LOOPBACK if on_loopback else None)
    if not found:
        raise NetworkError(_NOBODY)
    chosen, address = await _first_reachable(found)
    terminal.print(f"[Peer] Found {escape(chosen.name)} at {show_address(address)}.")
    for index in found:
        if index is not chosen:
            terminal.print(f"[Peer] There is also {escape(index.name)}; to join it, type {_places(index)}.")
    return address


async def _first_reachable(found: list[lan.FoundIndex]) -> tuple[lan.FoundIndex, Address]:
    """The first that accepts connections, and where; all are tried at the same time."""
    candidates = [(index, address) for index in found for address in index.addresses]
    tries = (can_reach(address, seconds=REACH_SECONDS) for _, address in candidates)
    for candidate, is_reachable in zip(candidates, await asyncio.gather(*tries), strict=True):
        if is_reachable:
            return candidate
    raise NetworkError(
        f"Index servers are announced at {', '.join(map(_places, found))}, but nobody answers there. "
        "Check that they are running, and that no firewall is between."
    )


def _places(index: lan.FoundIndex) -> str:
    return " or ".join(map(show_address, index.addresses))
