"""Connections that we open: to an index server or to a holder, within a deadline, with errors in words.

May import `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, cast

from p2pci.errors import CannotConnectError
from p2pci.protocol.addresses import is_own

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from p2pci.events import Address

STAGGER_SECONDS = 0.5  # a machine that answers at all has done so by then
_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


async def dial(
    make_protocol: Callable[[], _Protocol], address: Address, *, seconds: float, is_foreign: bool = False
) -> _Protocol:
    """Connect to an address and give the protocol that speaks on the connection.

    Args:
        make_protocol: as for asyncio's create_connection.
        address: host and port.
        seconds: until the connection stands.
        is_foreign: another machine told us of the address: our own loopback or cable cannot be meant.

    Raises:
        CannotConnectError: no such host or port, nobody listens there, or no answer within `seconds`.
    """
    host, port = address
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            if is_foreign:
                return await _connect_elsewhere(make_protocol, host, port)
            _, protocol = await loop.create_connection(make_protocol, host, port)
    except TimeoutError as error:
        raise CannotConnectError(show_address(address), reason=f"no answer within {seconds:g} s") from error
    except (OSError, ValueError, OverflowError) as error:
        is_known = not isinstance(error, socket.gaierror | ValueError)
        where = show_address(address)
        raise CannotConnectError(where, reason=_reason(error), is_known=is_known) from error
    return protocol


async def dial_first(
    make_protocol: Callable[[Address], _Protocol], addresses: Sequence[Address], *, seconds: float
) -> tuple[_Protocol, Address]:
    """Connect to the first of several addresses that answers, and say which that was.

    They are tried in their order, and where a name has several addresses each of these: the next one as soon
    as one has failed, or has kept us waiting for STAGGER_SECONDS.

    Args:
        make_protocol: makes the protocol that speaks with an address.
        addresses: hosts and ports, at least one.
        seconds: until a connection stands.

    Raises:
        CannotConnectError: none of them could be reached; it is about all, in an order of its own.
    """
    places = await _places(addresses, seconds=seconds)
    if len(places) == 1:
        address, _ = places[0]
        return await dial(lambda: make_protocol(address), address, seconds=seconds), address
    failures: dict[Address, CannotConnectError] = {}
    tries: dict[asyncio.Task[_Protocol], Address] = {}
    waiting = iter(places)
    try:
        while True:
            for address, place in islice(waiting, 1):
                making = partial(make_protocol, address)
                tries[asyncio.create_task(dial(making, place, seconds=seconds))] = address
            if not tries:
                raise _failure(failures)
            done, _ = await asyncio.wait(tries, timeout=STAGGER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                address = tries.pop(task)
                if not task.exception():
                    return task.result(), address
                failures.setdefault(address, cast("CannotConnectError", task.exception()))
    finally:
        for task in tries:
            task.add_done_callback(_drop)
            task.cancel()


def _failure(failures: Mapping[Address, CannotConnectError]) -> CannotConnectError:
    """Give one error for all; the same one in whatever order they were tried, so that it is shown once."""
    if len(failures) == 1:
        return next(iter(failures.values()))
    told = {show_address(address): error.reason for address, error in sorted(failures.items())}
    is_known = any(error.is_known for error in failures.values())
    if len(set(told.values())) == 1:
        reason = next(iter(told.values()))
        return CannotConnectError(f"any of {', '.join(told)}", reason=reason, is_known=is_known)
    each = "; ".join(f"{address}: {reason}" for address, reason in told.items())
    return CannotConnectError("any of the servers", reason=each, is_known=is_known)


def _drop(task: asyncio.Task[asyncio.BaseProtocol]) -> None:
    """Close a connection that stands although another one was faster."""
    if not task.cancelled() and not task.exception():
        cast("_Greeting", task.result()).transport.abort()


async def _places(addresses: Sequence[Address], *, seconds: float) -> list[tuple[Address, Address]]:
    """Give every address with each place that its name stands for; itself where that cannot be found out."""
    loop = asyncio.get_running_loop()
    places: dict[tuple[Address, Address], None] = {}
    for host, port in addresses:
        try:
            async with asyncio.timeout(seconds):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError, OverflowError):
            found = []
        hosts = [str(where[0]) for *_, where in found] or [host]
        places.update(dict.fromkeys(((host, port), (each, port)) for each in hosts))
    return list(places)


async def _connect_elsewhere(make_protocol: Callable[[], _Protocol], host: str, port: int) -> _Protocol:
    """Connect to the first of a host's addresses that is not our own and answers."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refusal = OSError(errno.EADDRNOTAVAIL, "another machine told of it, but it would be this machine itself")
    for address in (str(address[0]) for *_, address in found):
        if not is_own(address):
            try:
                return (await loop.create_connection(make_protocol, address, port))[1]
            except OSError as error:
                refusal = error
    raise refusal


async def can_reach(address: Address, *, seconds: float) -> bool:
    """Find out whether somebody accepts connections there; the connection ends at once."""
    try:
        connected = await dial(_Greeting, address, seconds=seconds)
    except CannotConnectError:
        return False
    connected.transport.abort()
    return True


class _Greeting(asyncio.Protocol):
    """A connection of which only matters that it stands."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)


def show_address(address: Address) -> str:
    """Write host and port as people do: `host:port`, `[v6]:port`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: Exception) -> str:
    # With several addresses tried, asyncio packs all their errors into the text of one.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "connection refused, nothing listens there"
    if isinstance(error, socket.gaierror | ValueError):
        return "there is no host of that name"
    if isinstance(error, OverflowError):
        return "ports go from 1 to 65535"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


async def outward_address() -> str:
    """Find the address of this machine that others see; 127.0.0.1 when it has no network.

    It is the source address that the system would choose for a packet to elsewhere; none is sent.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=_ELSEWHERE)
    except OSError:
        return "127.0.0.1"
    try:
        return str(transport.get_extra_info("sockname")[0])
    finally:
        transport.close()


_ELSEWHERE = ("198.51.100.1", 9)  # an address for documentation (RFC 5737): in nobody's network
