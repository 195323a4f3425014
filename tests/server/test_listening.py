"""Starting to listen and stopping, on whichever event loop."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from p2pci.errors import CannotListenError
from p2pci.server import IndexServer
from tests.server.conftest import Serve
from tests.server.running import MakeLoop, RunningServer
from tests.server.wire_client import LIST, NOTHING, ROOM_SECONDS, WirePeer, add, answer, lookup, until

FAMILIES = [socket.AF_INET, socket.AF_INET6] if socket.has_ipv6 else [socket.AF_INET]


def test_default_port_is_the_well_known_one() -> None:
    """P-1.1, B-1."""
    assert IndexServer().port == 7734


def test_port_0_takes_a_free_one(server: RunningServer) -> None:
    assert 0 < server.port < 65536


def test_no_host_is_ipv4_and_ipv6_on_one_port(serve: Serve) -> None:
    server = serve(host=None)
    for family in FAMILIES:
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        with socket.create_connection((host, server.port), timeout=ROOM_SECONDS) as asker:
            asker.sendall(LIST)
            assert asker.recv(1000) == NOTHING
            asker.shutdown(socket.SHUT_WR)
            assert asker.recv(1000) == b""


def test_claim_is_believed_from_the_loopback_of_ipv6_too(serve: Serve) -> None:
    """P-4.7."""
    if socket.AF_INET6 not in FAMILIES:
        return
    server = serve(host="::1")
    with socket.create_connection(("::1", server.port), timeout=ROOM_SECONDS) as peer:
        peer.sendall(add(7, host="Mac.lan"))
        assert peer.recv(1000) == answer("7 Seven Mac.lan 5")


def test_host_is_the_only_one_that_is_listened_on(server: RunningServer) -> None:
    with pytest.raises(ConnectionRefusedError):
        WirePeer(("127.0.0.2", server.port))


def test_taken_port_is_said_in_a_sentence(server: RunningServer, serve: Serve) -> None:
    with pytest.raises(CannotListenError) as caught:
        serve(port=server.port)
    assert caught.value.address == f"127.0.0.1:{server.port}"
    assert str(caught.value) == (
        f"Cannot listen on 127.0.0.1:{server.port}: Address already in use. "
        "Stop what uses it, or choose another address or port (port 0 takes any free one)."
    )


def test_port_taken_on_ipv4_alone_is_taken(server: RunningServer, serve: Serve) -> None:
    with pytest.raises(CannotListenError, match=rf"^Cannot listen on port {server.port}: Address already"):
        serve(host=None, port=server.port)


def test_taken_port_of_an_ipv6_address_is_named_as_people_write_it(serve: Serve) -> None:
    if socket.AF_INET6 not in FAMILIES:
        return
    holder = serve(host="::1")
    with pytest.raises(CannotListenError, match=rf"^Cannot listen on \[::1\]:{holder.port}: Address already"):
        serve(host="::1", port=holder.port)


def test_port_taken_on_ipv6_alone_leaves_nothing_listening(serve: Serve) -> None:
    if socket.AF_INET6 not in FAMILIES:
        return
    holder = serve(host="::1")
    with pytest.raises(CannotListenError, match="Address already in use"):
        serve(host=None, port=holder.port)
    with pytest.raises(ConnectionRefusedError):
        WirePeer(("127.0.0.1", holder.port))


@pytest.mark.parametrize("host", ["192.0.2.7", "no.such.name.invalid"])
def test_host_of_another_machine_is_said_in_a_sentence(
    serve: Serve, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    with pytest.raises(CannotListenError, match=rf"^Cannot listen on {host}:0: [A-Z][^()\[\]]+\. Give an"):
        serve(host=host)
    caplog.clear()  # asyncio itself warns of it since Python 3.12


def test_accepted_connections_notice_dead_machines(serve: Serve) -> None:
    """P-4.3: within dead_seconds, with unacknowledged data or without."""
    server = serve(dead_seconds=40)
    accepted = server.connection_of(server.peer()).transport.get_extra_info("socket")

    def option(level: int, name: str) -> int:
        value: int = accepted.getsockopt(level, getattr(socket, name))
        return value

    assert option(socket.SOL_SOCKET, "SO_KEEPALIVE") != 0
    expected = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 40_000}
    there = {name: seconds for name, seconds in expected.items() if hasattr(socket, name)}
    assert {name: option(socket.IPPROTO_TCP, name) for name in there} == there
    assert 20 + 4 * 5 <= 40


def test_stop_finishes_a_list_under_way_and_closes_the_others(serve: Serve) -> None:
    server = serve()
    title = "x" * 500
    holder, reader, idle, new = (server.peer(receive_buffer=8192) for _ in range(4))
    for first in range(1, 10_001, 100):
        numbers = range(first, first + 100)
        holder.says(b"".join(add(number, title) for number in numbers))
        holder.hears(b"".join(answer(f"{number} {title} h 5") for number in numbers))
    idle.asks(lookup(1), answer(f"1 {title} h 5"))
    new.says(LIST[:10])  # not complete, so there is nothing to answer in full
    reader.says(LIST)
    until(lambda: not server.connection_of(reader).can_write)
    stopped = server.submit(server.server.stop(grace_seconds=ROOM_SECONDS))
    idle.hears_the_end()
    idle.close()
    until(lambda: refuses(server.port))
    assert not stopped.done()
    assert len(reader.hears_answer().splitlines()) == 10_003
    reader.hears_the_end()
    for peer in (reader, holder, new):
        peer.close()
    stopped.result(ROOM_SECONDS)


def test_stop_does_not_answer_a_head_that_is_under_way(serve: Serve) -> None:
    """It would be a 400 or 505 to half a line, or a record with half a title."""
    server = serve()
    heads = [LIST[:10], b"ADD RFC 3 P2P-CI/1.", add(7)[:-6]]
    peers = [server.peer() for _ in heads]
    for peer, head in zip(peers, heads, strict=True):
        peer.asks(LIST + head, NOTHING)
    stopped = server.submit(server.server.stop())
    for peer in peers:
        peer.hears_the_end()
        peer.close()
    stopped.result(ROOM_SECONDS)


def refuses(port: int) -> bool:
    try:
        WirePeer(("127.0.0.1", port)).close()
    except ConnectionError:
        return True
    return False


def test_stop_ends_those_who_do_not_read_after_the_grace(serve: Serve) -> None:
    server = serve()
    title = "x" * 500
    greedy = server.peer(receive_buffer=8192)
    for first in range(1, 10_001, 100):
        numbers = range(first, first + 100)
        greedy.says(b"".join(add(number, title) for number in numbers))
        greedy.hears(b"".join(answer(f"{number} {title} h 5") for number in numbers))
    greedy.says(LIST)
    until(lambda: not server.connection_of(greedy).can_write)
    start = time.monotonic()
    server.run(server.server.stop(grace_seconds=0.2))
    assert 0.18 <= time.monotonic() - start < ROOM_SECONDS / 5
    until(lambda: server.ask(lambda: server.server.index.member_count) == 0)


def test_port_is_free_again_after_the_stop(serve: Serve) -> None:
    server = serve()
    port = server.port
    peer = server.peer()
    peer.asks(LIST, NOTHING)
    stopped = server.submit(server.server.stop())
    peer.hears_the_end()
    peer.close()
    stopped.result(ROOM_SECONDS)
    assert serve(port=port).port == port


def test_server_starts_again_after_a_stop_with_what_it_is_told_anew(server: RunningServer) -> None:
    async def restart() -> None:
        await server.server.stop()
        await server.server.start()

    server.run(restart())
    server.peer().asks(LIST, NOTHING)


def test_stop_bears_a_peer_that_was_reset_meanwhile(server: RunningServer) -> None:
    async def reset_and_stop() -> None:
        peer.resets()
        await server.server.stop()

    peer = server.peer()
    peer.asks(add(7), answer("7 Seven h 5"))
    server.run(reset_and_stop())
    assert server.ask(lambda: server.server.index.member_count) == 0


@pytest.mark.parametrize("steps", range(5))
def test_newcomer_in_the_middle_of_the_stop_is_closed(
    server: RunningServer, make_loop: MakeLoop, steps: int
) -> None:
    """Whichever step of being accepted it was at, but one that asyncio loses (CPython issue 109564)."""
    if make_loop is asyncio.new_event_loop and steps == 2:
        steps = 3

    async def come_and_stop() -> WirePeer:
        newcomer = server.peer()
        for _ in range(steps):
            await asyncio.sleep(0)
        await server.server.stop(grace_seconds=0.1)
        return newcomer

    newcomer = server.run(come_and_stop())
    until(newcomer.is_cut)


async def test_context_manager_starts_and_stops() -> None:
    async with IndexServer(host="127.0.0.1", port=0) as server:
        peer = WirePeer(("127.0.0.1", server.port))
        port = server.port
        await asyncio.get_running_loop().run_in_executor(None, peer.asks, LIST, NOTHING)
        peer.half_closes()
        await asyncio.get_running_loop().run_in_executor(None, peer.hears_the_end)
        peer.close()
    assert refuses(port)


def test_stop_of_a_server_that_never_started_is_nothing(make_loop: MakeLoop) -> None:
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(IndexServer(port=0).stop())
