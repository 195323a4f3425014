"""ADD, LOOKUP and LIST carried out: what was added is found, of every holder (P-2.4, B-18, B-19)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case, skipped
from p2pci.checker.server.expecting import (
    holders_of,
    require_found,
    require_listed,
    require_record,
    require_title,
    stock,
)
from p2pci.checker.server.target import Server, fresh_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Adding and finding"


@case("B-7/1", Level.MUST, "A peer reports several documents with an ADD each; all are found.", also=("B-3",))
async def all_added_are_found(server: Server) -> None:
    peer, asker = await server.join_several(2)
    numbers = [fresh_number() for _ in range(3)]
    for number in numbers:
        await peer.add(number)
    for number in numbers:
        await require_found(asker, number, peer)


@case("P-2.4/1", Level.MUST, "LOOKUP has one line for each holder.", also=("B-18", "P-4.13"))
async def lookup_has_every_holder(server: Server) -> None:
    *holders, asker = await server.join_several(4)
    number = fresh_number()
    for holder in holders:
        await holder.add(number)
    answer = await asker.lookup(number)
    require_code(answer, Status.OK)
    seen = [record for holder in holders for record in holder.own_records(answer, number)]
    if len(seen) != len(holders):
        raise Deviation(
            f"{len(seen)} lines for {len(holders)} holders",
            expected=b"".join(holder.record_line(number) for holder in holders),
            received=answer.raw,
            symptom=Symptom.ONLY_FIRST if len(seen) == 1 else None,
        )


@case("B-18/1", Level.MUST, "LOOKUP finds the number that was asked for, and no other.")
async def lookup_finds_no_other_number(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    for near in (number, number * 10 + 1, number + 10_000_000):
        await peer.add(near)
    answer = await require_found(peer, number, peer)
    others = [record for record in answer.records if record.number != number]
    if others:
        raise Deviation(
            f"RFC {others[0].number} is in the answer to LOOKUP RFC {number}",
            received=answer.raw,
            symptom=Symptom.FINDS_TOO_MUCH,
        )


@case("P-2.2/2", Level.MUST, "A record has the number, the title and the upload port that were added.")
async def record_has_what_was_added(server: Server) -> None:
    peer, asker = await server.join_several(2)
    number, title = fresh_number(), "Requirements for Everything"
    await peer.add(number, title)
    answer = await require_found(asker, number, peer, title=title)
    require_title(peer, require_record(peer, answer, number, title=title), title)


@case("B-11/1", Level.MUST, "A peer may ADD what another holds; then both are holders.")
async def second_holder_is_added(server: Server) -> None:
    first, second, asker = await server.join_several(3)
    number = fresh_number()
    await first.add(number)
    await second.lookup(number)
    await second.add(number)
    await require_found(asker, number, first, second)


@case("P-2.4/2", Level.MUST, "LIST has one line for each record.", also=("B-19",))
async def list_has_every_record(server: Server) -> None:
    *holders, asker = await server.join_several(4)
    numbers = await stock(holders, records_each=3)
    require_listed(require_code(await asker.list_all(), Status.OK), holders, numbers)


@case("B-19/1", Level.MUST, "LIST has a document that several hold once for each of them.")
async def list_has_every_holder(server: Server) -> None:
    *holders, asker = await server.join_several(4)
    number = fresh_number()
    for holder in holders:
        await holder.add(number)
    answer = require_code(await asker.list_all(), Status.OK)
    for holder in holders:
        require_record(holder, answer, number)


@case("B-19/2", Level.MUST, "LIST has more than a thousand records, when there are.")
async def list_of_a_thousand(server: Server) -> None:
    *holders, asker = await server.join_several(17)
    numbers = await stock(holders, records_each=65)
    require_listed(require_code(await asker.list_all(), Status.OK), holders, numbers)


@case("P-2.9/1", Level.MUST, "A LOOKUP that finds no holder is answered 404.", also=("B-21",))
async def nothing_found_is_404(server: Server) -> None:
    peer = await server.join()
    require_code(await peer.lookup(fresh_number()), Status.NOT_FOUND)


@case("P-2.11/1", Level.MUST, "A 404 has no records.", also=("B-20",))
async def nothing_found_has_no_records(server: Server) -> None:
    peer = await server.join()
    await peer.add(fresh_number())
    answer = await peer.lookup(fresh_number())
    if answer.records:
        raise Deviation("records in the answer to a LOOKUP that finds nothing", received=answer.raw)


@case("P-2.4/3", Level.MUST, "LOOKUP and LIST change nothing: asked twice, they answer the same.")
async def asking_changes_nothing(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    await peer.add(number)
    for _ in range(2):
        await require_found(peer, number, peer)
        require_record(peer, require_code(await peer.list_all(), Status.OK), number)


@case("P-4.1/1", Level.INFO, "LOOKUP and LIST register nobody.")
async def asking_registers_nobody(server: Server) -> None:
    asker, other = await server.join_several(2)
    number = fresh_number()
    await asker.lookup(number)
    await asker.list_all()
    if await holders_of(other, number):
        raise Deviation("who only asked for a document is taken for its holder")


@case("Q-4/1", Level.OPEN, "LIST shows the asker's own records, or only those of others.", also=("P-2.5",))
async def list_and_the_asker(server: Server) -> Finding:
    peer, number = await server.join(), fresh_number()
    await peer.add(number)
    answer = await peer.list_all()
    return ambiguous("with the asker's" if peer.own_records(answer, number) else "only those of others")


@case("Q-5/1", Level.OPEN, "LIST of an empty index is answered 200, or 404.", also=("P-2.10", "A-3", "B-3"))
async def empty_list(server: Server) -> Finding:
    answer = await (await server.join()).list_all()
    if answer.records:
        return skipped("others have records here")
    return ambiguous(str(require_code(answer, Status.OK, Status.NOT_FOUND).code))


@case(
    "Q-6/1",
    Level.OPEN,
    "LOOKUP goes by the number alone, or compares the title, too.",
    also=("A-7", "P-1.19"),
)
async def lookup_and_titles(server: Server) -> Finding:
    peer, number = await server.join(), fresh_number()
    await peer.add(number, "One Title")
    found = await holders_of(peer, number, "Quite Another")
    return ambiguous("by the number alone" if found else "the title is compared, too")


@case("Q-7/1", Level.OPEN, "Two peers on one host are two holders, or one.", also=("P-2.6", "P-4.9"))
async def two_peers_on_one_host(server: Server) -> Finding:
    one, asker = await server.join_several(2)
    other = await server.join(claim=one.host)
    number = fresh_number()
    await one.add(number)
    await other.add(number)
    found = set(await holders_of(asker, number)) & {one.port, other.port}
    return ambiguous("two holders" if len(found) == 2 else "one holder")


@case(
    "Q-11/1",
    Level.OPEN,
    "A repeated ADD is one record or two, with the old title or the new.",
    also=("P-4.11",),
)
async def repeated_add(server: Server) -> Finding:
    peer, number = await server.join(), fresh_number()
    await peer.add(number, "Old Title")
    await peer.ask(peer.add_request(number, "New Title"))
    answer = await peer.list_all()
    if not peer.own_records(answer, number):
        answer = await (await server.join()).list_all()  # LIST may leave out the asker's
    titles = {record.title for record in peer.own_records(answer, number)}
    if len(peer.own_records(answer, number)) > 1:
        return ambiguous("two records")
    return ambiguous("one record, the new title" if titles == {b"New Title"} else "one record, the old title")


@case("Q-12/1", Level.OPEN, "The newest holder comes first in a LOOKUP, or last.", also=("B-4", "P-2.7"))
async def order_of_lookup(server: Server) -> Finding:
    *holders, asker = await server.join_several(4)
    number = fresh_number()
    for holder in holders:
        await holder.add(number)
    return _order(await holders_of(asker, number), [holder.port for holder in holders])


@case(
    "Q-12/2",
    Level.OPEN,
    "The newest record comes first in a LIST, or last, or they are sorted.",
    also=("B-4",),
)
async def order_of_list(server: Server) -> Finding:
    peer, asker = await server.join_several(2)
    lowest, middle, highest = (fresh_number() for _ in range(3))
    added = [middle, lowest, highest]
    for number in added:
        await peer.add(number)
    answer = await asker.list_all()
    seen = [record.number for record in peer.own_records(answer, *added)]
    return ambiguous("by number") if seen == [lowest, middle, highest] else _order(seen, added)


def _order(seen: list[int], added: list[int]) -> Finding:
    known = [value for value in seen if value in added]
    if known == added:
        return ambiguous("newest last")
    return ambiguous("newest first" if known == added[::-1] else "in another order")
