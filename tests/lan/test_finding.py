"""Index servers announced and found by multicast DNS, on loopback, with zeroconf on both sides."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from p2pci.errors import NetworkError
from p2pci.lan import LOOPBACK, SERVICE, FoundIndex, announced, find_indexes, own_addresses
from p2pci.protocol.addresses import is_loopback
from tests.upload.loops import quiet_loop

pytestmark = pytest.mark.slow  # many processes, or much waiting

__all__ = ["quiet_loop"]

SECONDS = 1.5  # an answer that was given a moment ago is given again a second later
TRIES = 5  # and takes longer on a machine that is busy with other tests
GOOD = "192.0.2.7"


@asynccontextmanager
async def advertised(
    name: str,
    *,
    addresses: Sequence[str] = (GOOD,),
    port: int = 7734,
    version: str = "1.0",
) -> AsyncIterator[None]:
    """Announce anything, as anybody can."""
    zeroconf = AsyncZeroconf(interfaces=list(LOOPBACK))
    service = AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        parsed_addresses=list(addresses),
        properties={"version": version} if version else {},
        server=f"evil{port}.local.",
    )
    try:
        await (await zeroconf.async_register_service(service, allow_name_change=True, strict=False))
        yield
    finally:
        await zeroconf.async_close()


async def found(count: int) -> list[FoundIndex]:
    """What is found, once it is so many."""
    for _ in range(TRIES):
        indexes = await find_indexes(seconds=SECONDS, interfaces=LOOPBACK)
        if len(indexes) == count:
            return indexes
    pytest.fail(f"not {count} are found")


async def test_what_is_announced_is_found_until_it_is_withdrawn() -> None:
    async with announced(7734, [GOOD, "2001:db8::7"], interfaces=LOOPBACK) as name:
        assert name == socket.gethostname().partition(".")[0]
        (index,) = await found(1)
        assert index.name == name
        assert set(index.addresses) == {(GOOD, 7734), ("2001:db8::7", 7734)}
    assert await found(0) == []


@pytest.mark.slow
async def test_two_on_machines_of_one_name_are_two_with_their_own_addresses() -> None:
    async with (
        announced(7734, [GOOD], interfaces=LOOPBACK) as first,
        announced(7735, ["192.0.2.8"], interfaces=LOOPBACK) as second,
    ):
        assert second == f"{first}-2"
        assert await found(2) == [
            FoundIndex(first, ((GOOD, 7734),)),
            FoundIndex(second, (("192.0.2.8", 7735),)),
        ]


@pytest.mark.slow
async def test_error_of_what_runs_meanwhile_is_its_own_and_withdraws_too() -> None:
    with pytest.raises(RuntimeError, match="of its own"):
        async with announced(7734, [GOOD], interfaces=LOOPBACK):
            raise RuntimeError("of its own")
    assert await found(0) == []


async def test_addresses_that_nobody_has_are_left_out() -> None:
    four = ("224.0.0.1", "0.0.0.0", "255.255.255.255", "240.0.0.1")
    six = ("ff02::1", "::", "fe80::1", "::ffff:224.0.0.1")
    async with advertised("lab", addresses=[*four, GOOD, *six]):
        assert await found(1) == [FoundIndex("lab", ((GOOD, 7734),))]


@pytest.mark.slow
async def test_loopback_is_an_address_on_loopback_alone() -> None:
    async with advertised("lab", addresses=["127.0.0.1", "::1"]):
        assert set((await found(1))[0].addresses) == {("127.0.0.1", 7734), ("::1", 7734)}
        assert await find_indexes(seconds=SECONDS) == []


@pytest.mark.slow
async def test_what_is_no_index_of_our_version_or_has_no_place_is_left_out() -> None:
    others = (
        advertised("a", version="2.0"),
        advertised("b", version=""),
        advertised("c", port=0),
        advertised("d", addresses=["0.0.0.0"], port=1),
    )
    async with AsyncExitStack() as stack:
        await asyncio.gather(*map(stack.enter_async_context, others))
        async with advertised("good", port=2):
            assert [index.name for index in await found(1)] == ["good"]


def _packet(*labels: bytes) -> bytes:
    """An answer that names an instance of our service, in whatever bytes."""
    service = b"".join(bytes([len(label)]) + label for label in (b"_p2p-ci", b"_tcp", b"local")) + b"\0"
    name = b"".join(bytes([len(label)]) + label for label in labels) + service
    record = b"\0\x0c\0\1\0\0\0\x78" + len(name).to_bytes(2, "big") + name
    return b"\0\0\x84\0\0\0\0\1\0\0\0\0" + service + record


async def test_answers_that_are_none_are_passed_over() -> None:
    """To the port on which everybody listens: noise, names in a loop, and such as nobody announces."""
    header = b"\0\0\x84\0\0\0\0\1\0\0\0\0"
    loop = header + b"\xc0\x0c" + b"\0\x0c\0\1\0\0\0\x78\0\2\xc0\x0c"
    names = (_packet(b"\x1b[31m\n"), _packet(b"\xff" * 63), _packet(b""), _packet(*[b"x" * 63] * 3))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))

        async def disturb() -> None:
            while True:
                for data in (b"", b"\xff" * 500, header, header + b"\x3f", loop, b"\0" * 9000, *names):
                    sender.sendto(data, ("224.0.0.251", 5353))
                await asyncio.sleep(SECONDS / 10)

        async with announced(7734, [GOOD], interfaces=LOOPBACK):
            disturbing = asyncio.ensure_future(disturb())
            assert len(await found(1)) == 1
            disturbing.cancel()


async def test_no_multicast_is_an_error_in_words() -> None:
    with pytest.raises(
        NetworkError, match=r"^Multicast DNS does not work here: .+\. Check that this machine"
    ):
        await find_indexes(seconds=SECONDS, interfaces=["no address"])


@pytest.mark.slow
async def test_name_of_the_machine_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, shown in (("", "p2pci"), ("\x1b[31m\n" + "ü" * 60 + ".example.org", "[31m" + "ü" * 23)):
        monkeypatch.setattr(socket, "gethostname", partial(str, name))
        async with announced(7734, [GOOD], interfaces=LOOPBACK) as announced_name:
            assert announced_name == shown
            assert (await found(1))[0].name == shown


def test_own_addresses_are_those_of_this_machine_without_loopback() -> None:
    for address in own_addresses():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server((address, 0), family=family) as listening:
            assert listening.getsockname()[0] == address
            assert not is_loopback(address)
