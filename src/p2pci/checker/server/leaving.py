"""Leaving: the end of a peer's connection, however it comes, takes its records, and only its own (P-4.2)."""

from __future__ import annotations

from collections.abc import Callable

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case
from p2pci.checker.server.expecting import holders_of, require_found, require_gone
from p2pci.checker.server.target import Peer, Server, fresh_number, require_code, written
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Leaving"


async def _leave(
    server: Server, end: Callable[[Peer], None], *, symptom: Symptom = Symptom.KEEPS_RECORDS
) -> None:
    """Let a peer leave in some way, and wait until its records are gone."""
    leaver, asker = await server.join_several(2)
    numbers = [fresh_number() for _ in range(3)]
    for number in numbers:
        await leaver.add(number)
    await require_found(asker, numbers[0], leaver)
    end(leaver)
    for number in numbers:
        await require_gone(asker, leaver, number, symptom=symptom)


@case(
    "P-4.2/1", Level.MUST, "A peer that closes its connection takes all its records with it.", also=("B-5",)
)
async def close_takes_records(server: Server) -> None:
    await _leave(server, lambda peer: peer.wire.close())


@case("P-4.2/2", Level.MUST, "So does one whose connection is reset.", also=("B-5", "P-4.3"))
async def reset_takes_records(server: Server) -> None:
    await _leave(server, lambda peer: peer.wire.reset(), symptom=Symptom.RESET_KEEPS_RECORDS)


@case("P-4.2/3", Level.MUST, "So does one that leaves in the middle of a request.", also=("B-5",))
async def leaving_in_the_middle(server: Server) -> None:
    def end(peer: Peer) -> None:
        peer.wire.send(peer.add_request(fresh_number())[:-12])
        peer.wire.close()

    await _leave(server, end)


@case("P-4.2/4", Level.MUST, "So does one that leaves without reading its last answers.", also=("B-5",))
async def leaving_without_reading(server: Server) -> None:
    def end(peer: Peer) -> None:
        for _ in range(20):
            peer.wire.send(peer.list_request())
        peer.wire.close()

    await _leave(server, end, symptom=Symptom.RESET_KEEPS_RECORDS)


@case(
    "P-4.2/5", Level.MUST, "What others hold stays when a peer leaves, the same documents too.", also=("B-5",)
)
async def others_keep_theirs(server: Server) -> None:
    leaver, stayer, asker = await server.join_several(3)
    shared, own = fresh_number(), fresh_number()
    await leaver.add(shared)
    await stayer.add(shared)
    await stayer.add(own)
    leaver.wire.close()
    await require_gone(asker, leaver, shared, symptom=Symptom.KEEPS_RECORDS)
    try:
        await require_found(asker, shared, stayer)
        await require_found(asker, own, stayer)
    except Deviation as deviation:
        deviation.symptom = deviation.symptom or Symptom.TAKES_OTHERS
        raise


@case("P-4.2/6", Level.MUST, "LIST has no records of a peer that has left.", also=("B-19",))
async def list_forgets(server: Server) -> None:
    leaver, asker = await server.join_several(2)
    number = fresh_number()
    await leaver.add(number)
    leaver.wire.close()
    await require_gone(asker, leaver, number, symptom=Symptom.KEEPS_RECORDS)
    answer = require_code(await asker.list_all(), Status.OK, Status.NOT_FOUND)
    if leaver.own_records(answer, number):
        raise Deviation(
            "LIST has what LOOKUP no longer finds", received=answer.raw, symptom=Symptom.KEEPS_RECORDS
        )


@case("P-4.2/7", Level.MUST, "A peer that comes back has the records that it adds then, and no old ones.")
async def back_again(server: Server) -> None:
    leaver, asker = await server.join_several(2)
    old, new = fresh_number(), fresh_number()
    await leaver.add(old)
    leaver.wire.close()
    await require_gone(asker, leaver, old, symptom=Symptom.KEEPS_RECORDS)
    back = await server.join(claim=leaver.host, port=leaver.port)
    await back.add(new)
    await require_found(asker, new, back)
    if leaver.port in await holders_of(asker, old):
        raise Deviation("its old records came back with it", symptom=Symptom.KEEPS_RECORDS)


@case(
    "P-4.2/8", Level.MUST, "Twenty peers that leave at the same time all take their records.", also=("B-2",)
)
async def all_leave_at_once(server: Server) -> None:
    *leavers, asker = await server.join_several(21)
    number = fresh_number()
    for leaver in leavers:
        await leaver.add(number)
    for leaver in leavers:
        leaver.wire.close()
    for leaver in leavers:
        await require_gone(asker, leaver, number, symptom=Symptom.TAKES_OTHERS)


@case("P-1.46/1", Level.INFO, "When a peer ends its side, the server answers what it was asked, then closes.")
async def half_close_is_followed(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    peer.wire.send(peer.add_request(number))
    peer.wire.half_close()
    require_code(await peer.answer(), Status.OK)
    await peer.wire.until_end()
    if peer.wire.ending is None:
        raise Deviation("the server keeps its side of the connection open")


@case("A-19/1", Level.INFO, "Parting words are a 400, and the peer's records go with its connection.")
async def parting_words(server: Server) -> Finding | None:
    leaver, asker = await server.join_several(2)
    number = fresh_number()
    await leaver.add(number)
    leaver.wire.send(written("EXIT"))
    await leaver.wire.more(leaver.wire.patience.answer_seconds)
    answered = leaver.wire.unread
    leaver.wire.close()
    await require_gone(asker, leaver, number, symptom=Symptom.KEEPS_RECORDS)
    if b"400" not in answered.partition(b"\n")[0]:
        raise Deviation("answered otherwise", expected=b"P2P-CI/1.0 400 Bad Request\r\n", received=answered)
    return None


@case("Q-9/1", Level.OPEN, "After an error 404 the connection stays open, or is closed.", also=("P-1.43",))
async def after_not_found(server: Server) -> Finding:
    peer = await server.join()
    return await _after(peer, peer.lookup_request(fresh_number()))


@case("Q-9/2", Level.OPEN, "After an error 400 the connection stays open, or is closed.", also=("P-1.43",))
async def after_bad_request(server: Server) -> Finding:
    peer = await server.join()
    return await _after(peer, peer.request("NONSENSE RFC 1"))


@case("Q-9/3", Level.OPEN, "After an error 505 the connection stays open, or is closed.", also=("P-1.43",))
async def after_other_version(server: Server) -> Finding:
    peer = await server.join()
    return await _after(peer, peer.request("LIST ALL", version="P2P-CI/7.0"))


async def _after(peer: Peer, request: bytes) -> Finding:
    await peer.ask(request)
    await peer.wire.is_quiet()
    peer.wire.take(len(peer.wire.unread))
    if peer.wire.ending is None:
        peer.wire.send(peer.add_request(fresh_number()))
        await peer.wire.more(peer.wire.patience.answer_seconds)
    return ambiguous("it stays open" if peer.wire.unread else "it is closed")
