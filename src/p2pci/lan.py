"""Index servers on the local network: announced, and found, by multicast DNS.

zeroconf does the work, an optional package that is imported here alone, when it is needed. What comes from it
was sent by anybody on the network: names are not fit for a terminal, and of addresses only those are given
that may be an index server's.
May import `protocol`, `events` and `errors`.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from p2pci.errors import NetworkError, NotInstalledError
from p2pci.protocol.addresses import is_loopback, parse_address
from p2pci.protocol.grammar import MAX_PORT

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    from p2pci.events import Address

SERVICE = "_p2p-ci._tcp.local."
LOOPBACK = ("127.0.0.1",)
FIND_SECONDS = 3.0
"""Long enough for an answer through a sleepy Wi-Fi, and short enough to wait for."""

_ANSWER_SECONDS = 1.0
_ANNOUNCE_SECONDS = 10.0
_QUESTIONS = 3  # any of which may be lost
_QUERY, _POINTER, _INTERNET = 0, 12, 1  # numbers of RFC 1035: a flag, a type and a class
_MAX_FOUND = 100  # servers
_MAX_ADDRESSES = 8  # of one; all are dialled at the same time
_MAX_NAME_BYTES = 50  # a name has 63, some of which tell it from others of that name
_VERSION = "1.0"


class FoundIndex(NamedTuple):
    """An index server that announced itself; `name` as it came, `addresses` those to try."""

    name: str
    addresses: tuple[Address, ...]


def require_zeroconf() -> None:
    """Make sure that this module can be used.

    Raises:
        NotInstalledError: zeroconf is not installed.
    """
    try:
        import zeroconf.asyncio  # noqa: F401
    except ImportError as error:
        raise NotInstalledError(
            "Finding each other on the network", package="zeroconf", extra="lan"
        ) from error


@asynccontextmanager
async def announced(
    port: int, addresses: Sequence[str], *, interfaces: Sequence[str] | None = None
) -> AsyncIterator[str]:
    """Announce an index server, and withdraw that at the end.

    Args:
        port: that it listens on.
        addresses: of this machine, IPv4 or IPv6, at which others reach it.
        interfaces: the addresses of the network interfaces to speak on; None for all.

    Yields:
        The name under which it is announced: this machine's, with a number when another one has it.

    Raises:
        NotInstalledError: zeroconf is not installed.
        NetworkError: this machine has no multicast, or no network.
    """
    with _failures():
        multicast = _open(interfaces)
    try:
        service = _service(port, addresses)
        with _failures():
            async with asyncio.timeout(_ANNOUNCE_SECONDS):
                await (await multicast.async_register_service(service, allow_name_change=True))
        yield _instance(service.name)
    finally:
        await _close(multicast)


async def find_indexes(
    *, seconds: float = FIND_SECONDS, interfaces: Sequence[str] | None = None
) -> list[FoundIndex]:
    """Ask for index servers and listen for so long; those that were found, by name.

    Args:
        seconds: to wait for answers.
        interfaces: as for `announced`; only on loopback alone may an index server have its address.

    Raises:
        NotInstalledError: zeroconf is not installed.
        NetworkError: this machine has no multicast, or no network.
    """
    with _failures():
        multicast = _open(interfaces)
        try:
            names = await _listen(multicast, seconds=seconds)
            services = await asyncio.gather(*(_ask(multicast, name) for name in names))
        finally:
            await _close(multicast)
    may_be_loopback = interfaces is not None and all(map(is_loopback, interfaces))
    found = [_found(service, may_be_loopback=may_be_loopback) for service in services if service]
    return sorted(index for index in found if index.addresses)


def own_addresses() -> list[str]:
    """The addresses of this machine at which others may reach it, for one without a way out.

    Raises:
        NotInstalledError: zeroconf is not installed, or not the package that it needs for this.
    """
    try:
        import ifaddr
    except ImportError as error:
        raise NotInstalledError("Finding each other on the network", package="ifaddr", extra="lan") from error
    texts = (
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    )
    return list(filter(None, (_host(text, may_be_loopback=False) for text in texts)))


def _open(interfaces: Sequence[str] | None) -> AsyncZeroconf:
    from zeroconf import InterfaceChoice
    from zeroconf.asyncio import AsyncZeroconf

    return AsyncZeroconf(interfaces=InterfaceChoice.All if interfaces is None else list(interfaces))


async def _close(multicast: AsyncZeroconf) -> None:
    """Withdraw what is announced, and end."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_ANNOUNCE_SECONDS):
            await multicast.async_close()


@contextmanager
def _failures() -> Iterator[None]:
    """Say in words what is missing here: the package, or multicast."""
    require_zeroconf()
    from zeroconf import Error

    try:
        yield
    except (OSError, RuntimeError, ValueError, Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or "no answer in time"
        raise NetworkError(
            f"Multicast DNS does not work here: {reason}. Check that this machine is on a network, "
            "or do without it: type the index server's address."
        ) from error


def _service(port: int, addresses: Sequence[str]) -> AsyncServiceInfo:
    from zeroconf.asyncio import AsyncServiceInfo

    name = "".join(filter(str.isprintable, socket.gethostname().partition(".")[0]))
    name = name.encode()[:_MAX_NAME_BYTES].decode(errors="ignore") or "p2pci"
    return AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        parsed_addresses=list(addresses),
        properties={"version": _VERSION},
        # Not the machine's own name: where two have the same, each would be given the other's addresses.
        server=f"p2pci-{secrets.token_hex(8)}.local.",
    )


async def _listen(multicast: AsyncZeroconf, *, seconds: float) -> list[str]:
    """The names of the services that announce themselves, or answer, within this time.

    Not by zeroconf's browser: it repeats every name that it has heard in its next question, and a single one
    that is too long for that ends its asking, with a traceback.
    """
    from zeroconf import DNSOutgoing, DNSPointer, DNSQuestion  # type: ignore[attr-defined] # not in its __all__

    question = DNSOutgoing(_QUERY)
    question.add_question(DNSQuestion(SERVICE, _POINTER, _INTERNET))
    zeroconf = multicast.zeroconf
    await zeroconf.async_wait_for_start()
    for _ in range(_QUESTIONS):
        zeroconf.async_send(question)
        await asyncio.sleep(seconds / _QUESTIONS)
    now = asyncio.get_running_loop().time() * 1000
    heard = zeroconf.cache.async_all_by_details(SERVICE, _POINTER, _INTERNET)
    names = [
        record.alias for record in heard if isinstance(record, DNSPointer) and not record.is_expired(now)
    ]
    return names[:_MAX_FOUND]


async def _ask(multicast: AsyncZeroconf, name: str) -> AsyncServiceInfo | None:
    """Where a service is; None when it does not say, or is no service of ours."""
    from zeroconf import Error
    from zeroconf.asyncio import AsyncServiceInfo

    try:
        service = AsyncServiceInfo(SERVICE, name)
        answered = await service.async_request(multicast.zeroconf, _ANSWER_SECONDS * 1000)
    except (Error, ValueError):
        return None
    is_ours = service.properties.get(b"version") == _VERSION.encode()
    return service if answered and is_ours else None


def _found(service: AsyncServiceInfo, *, may_be_loopback: bool) -> FoundIndex:
    port = service.port or 0
    texts = service.parsed_addresses() if 1 <= port <= MAX_PORT else []
    hosts = filter(None, (_host(text, may_be_loopback=may_be_loopback) for text in texts))
    return FoundIndex(_instance(service.name), tuple((host, port) for host in islice(hosts, _MAX_ADDRESSES)))


def _host(text: str, *, may_be_loopback: bool) -> str | None:
    """An address that an index server may have; None for all others."""
    address = parse_address(text)
    if address is None:
        return None
    if address.is_loopback:
        return str(address) if may_be_loopback else None
    is_nobody = address.is_multicast or address.is_unspecified or address.is_reserved
    needs_scope = address.version == 6 and address.is_link_local
    return None if is_nobody or needs_scope else str(address)


def _instance(name: str) -> str:
    return name[: -len(SERVICE) - 1]
