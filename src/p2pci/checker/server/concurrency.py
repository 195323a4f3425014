"""Several peers at once: each is served, whatever the others do or leave undone (B-2)."""

from __future__ import annotations

import asyncio

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.server.expecting import (
    cut_up,
    holders_of,
    require_found,
    require_listed,
    require_record,
    require_served,
    stock,
)
from p2pci.checker.server.target import Peer, Server, fresh_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Several peers at once"

MANY_PEERS = 50  # fewer than the 64 of one address that our own server takes
UNREAD_LISTS = 150  # of some 100 KB each: more than sockets and streams between us hold


@case("B-2/1", Level.MUST, "Five connected peers are served, whichever asks first.", also=("P-1.1",))
async def five_at_once(server: Server) -> None:
    peers = await server.join_several(5)
    for peer in reversed(peers):
        await peer.add(fresh_number())


@case("B-2/2", Level.MUST, "A peer that says nothing holds up nobody.")
async def idle_peer(server: Server) -> None:
    await server.join()
    await require_served(server)


@case("B-2/3", Level.MUST, "A peer that has sent half a request holds up nobody, and can end it later.")
async def half_a_request(server: Server) -> None:
    slow, number = await server.join(), fresh_number()
    request = slow.add_request(number)
    slow.wire.send(request[:20])
    await require_served(server)
    with cut_up():
        slow.wire.send(request[20:])
        require_record(slow, require_code(await slow.answer(), Status.OK), number)


@case("B-2/4", Level.MUST, "A peer that does not read its answers holds up nobody.")
async def peer_that_never_reads(server: Server) -> None:
    holders = await server.join_several(16)
    await stock(holders, records_each=65)
    deaf = await server.join()
    deaf.wire.stop_reading()
    for _ in range(UNREAD_LISTS):
        deaf.wire.send(deaf.list_request())
    await asyncio.sleep(deaf.wire.patience.quiet_seconds)  # until all between us is full
    try:
        await require_served(server)
    except Deviation as deviation:
        deviation.symptom = Symptom.HELD_UP_BY_READER
        raise


@case("B-2/5", Level.MUST, "Each gets its own answer when several ask at the same time.")
async def answers_are_not_mixed_up(server: Server) -> None:
    peers = await server.join_several(4)
    requests = []
    for peer in peers:
        requests.append((peer, fresh_number()))
        await peer.add(requests[-1][1])
    for peer, number in requests:
        peer.wire.send(peer.lookup_request(number))
    for peer, number in requests:
        answer = await peer.answer()
        if not peer.own_records(answer, number):
            raise Deviation(
                f"{peer.wire.name} got another answer than its own",
                expected=peer.record_line(number),
                received=answer.raw,
                symptom=Symptom.MIXED_UP,
            )


@case("B-2/6", Level.MUST, "Nothing is lost when ten peers add at the same time.", also=("P-4.13",))
async def ten_add_at_once(server: Server) -> None:
    *holders, asker = await server.join_several(11)
    numbers = await stock(holders, records_each=10)
    try:
        require_listed(require_code(await asker.list_all(), Status.OK), holders, numbers)
    except Deviation as deviation:
        deviation.symptom = deviation.symptom or Symptom.LOST_UPDATES
        raise


@case("B-2/7", Level.SHOULD, f"{MANY_PEERS} peers are served at once.")
async def many_peers(server: Server) -> None:
    peers, number = await server.join_several(MANY_PEERS), fresh_number()
    await asyncio.gather(*(peer.add(number) for peer in peers))
    found = await holders_of(peers[0], number)
    if not {peer.port for peer in peers} <= set(found):
        raise Deviation(f"{len(found)} of {MANY_PEERS} holders are found", symptom=Symptom.LOST_UPDATES)


@case(
    "P-1.1/1",
    Level.MUST,
    "A peer keeps its connection, and is answered on it again and again.",
    also=("B-8",),
)
async def connection_is_kept(server: Server) -> None:
    peer = await server.join()
    for _ in range(3):
        number = fresh_number()
        await peer.add(number)
        await require_found(peer, number, peer)
        require_code(await peer.list_all(), Status.OK, Status.NOT_FOUND)


@case(
    "P-1.1/2",
    Level.MUST,
    "A peer that only waits stays a member, and is served when it asks.",
    also=("P-4.4",),
)
async def waiting_peer_stays(server: Server) -> None:
    peer, asker = await server.join_several(2)
    number = fresh_number()
    await peer.add(number)
    await peer.wire.more(4 * peer.wire.patience.quiet_seconds)
    await require_found(asker, number, peer)
    await require_found(peer, number, peer)


@case("P-4.14/1", Level.INFO, "A LIST under way has what lived throughout once, though others come and go.")
async def list_while_others_come_and_go(server: Server) -> None:
    holders = await server.join_several(8)
    numbers = await stock(holders, records_each=40)
    asker, *restless = await server.join_several(3)
    asker.wire.send(asker.list_request())
    await asyncio.gather(*(_come_and_go(peer) for peer in restless))
    require_listed(require_code(await asker.answer(), Status.OK), holders, numbers)


async def _come_and_go(peer: Peer) -> None:
    for _ in range(5):
        await peer.add(fresh_number())
    peer.wire.close()
