"""Rough treatment: whatever one peer sends or does, the others are served afterwards (B-2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from p2pci.checker.cases import Level, case
from p2pci.checker.server.expecting import require_served
from p2pci.checker.server.target import SHORT_BACKLOG, Peer, Server, fresh_number

GROUP = "Rough treatment"

MANY_CONNECTIONS = 200
AT_ONCE = 20


async def _treat(server: Server, do: Callable[[Peer], object]) -> None:
    """Let a peer do something, once while its connection stays, and once with its end behind it."""
    rough, rude = await server.join_several(2)
    do(rough)
    do(rude)
    rude.wire.half_close()
    await rude.wire.more(rude.wire.patience.quiet_seconds)
    rude.wire.close()
    await require_served(server)


@case("B-2/8", Level.MUST, "Garbage from one peer leaves the others served.", also=("P-1.31",))
async def garbage_bytes(server: Server) -> None:
    garbage = bytes(range(256)) * 8 + b"\r\n\r\n\xff\xfe\r\n\r\n"
    await _treat(server, lambda peer: peer.wire.send(garbage))


@case("B-2/9", Level.MUST, "A line that never ends leaves the others served.", also=("P-1.27",))
async def endless_line(server: Server) -> None:
    await _treat(server, lambda peer: peer.wire.send(b"ADD RFC " + b"1" * 512 * 1024))


@case("B-2/10", Level.MUST, "NULs in a request leave the others served.", also=("P-1.31",))
async def nul_bytes(server: Server) -> None:
    await _treat(server, lambda peer: peer.wire.send(b"ADD RFC 1\0 P2P-CI/1.0\r\nHost: \0\r\n\r\n"))


@case("B-2/11", Level.MUST, "Requests that lack everything leave the others served.", also=("P-2.8",))
async def maimed_requests(server: Server) -> None:
    def send(peer: Peer) -> None:
        for request in (
            b"ADD\r\n\r\n",
            b"LOOKUP RFC\r\n\r\n",
            b" \r\n\r\n",
            b"ADD RFC x P2P-CI/1.0\r\nHost\r\n\r\n",
        ):
            peer.wire.send(request)

    await _treat(server, send)


@case("B-2/12", Level.MUST, "Nothing but blank lines leaves the others served.", also=("P-1.18", "P-1.28"))
async def blank_lines(server: Server) -> None:
    await _treat(server, lambda peer: peer.wire.send(b"\r\n" * 5000))


@case("B-2/13", Level.MUST, "A browser, or a TLS client, leaves the others served.", also=("P-1.33",))
async def other_protocols(server: Server) -> None:
    def send(peer: Peer) -> None:
        peer.wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x17" * 200)
        peer.wire.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")

    await _treat(server, send)


@case("B-2/14", Level.MUST, "200 connections that say nothing and close leave the others served.")
async def connects_and_closes(server: Server) -> None:
    await _come_and_go(server, lambda peer: peer.wire.close())


@case("B-2/15", Level.MUST, "200 connections that are reset leave the others served.", also=("P-4.3",))
async def connects_and_resets(server: Server) -> None:
    await _come_and_go(server, lambda peer: peer.wire.reset())


async def _come_and_go(server: Server, end: Callable[[Peer], None]) -> None:
    """Connect and go; now and then somebody asks, whose answer tells that all before were accepted."""
    for _ in range(MANY_CONNECTIONS // SHORT_BACKLOG):
        for peer in await server.join_several(SHORT_BACKLOG):
            end(peer)
        asking = await server.join()
        await asking.lookup(fresh_number())
        asking.wire.close()
    await require_served(server)


@case("B-2/16", Level.MUST, "Peers that are cut off in the middle of an answer leave the others served.")
async def cut_off_while_answered(server: Server) -> None:
    holder = await server.join()
    for _ in range(10):
        await holder.add(fresh_number())
    for peer in await server.join_several(AT_ONCE):
        for _ in range(10):
            peer.wire.send(peer.list_request())
        await asyncio.sleep(0)
        peer.wire.reset()
    await require_served(server)
