"""Under which name a peer stands in the index, and whose its records are (P-4.7 to P-4.12)."""

from __future__ import annotations

import ipaddress

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient
from p2pci.checker.server.expecting import holders_of, require_found, require_gone, require_record
from p2pci.checker.server.target import Server, fresh_number, require_code
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Membership"


@case(
    "P-4.7/1",
    Level.INFO,
    "The host of a record is the claimed one over loopback, and else the source address.",
    also=("P-4.5", "P-4.8", "A-20"),
)
async def published_host(server: Server) -> Finding | None:
    peer, number = await server.join(claim="host.example"), fresh_number()
    record = require_record(peer, await peer.add(number), number)
    source = peer.wire.local[0]
    seen, wanted = record.host.decode("latin-1"), source
    if ipaddress.ip_address(source).is_loopback:
        wanted = peer.host
    if seen not in (peer.host, source):
        raise Deviation(f"the host in the record is {seen!r}: neither the claimed one nor the source address")
    return lenient(f"the record has {seen!r}") if seen != wanted else None


@case("P-4.10/1", Level.INFO, "A record has the same host and port in the echo, in LOOKUP and in LIST.")
async def same_name_everywhere(server: Server) -> None:
    peer, asker = await server.join_several(2)
    number = fresh_number()
    echo = require_record(peer, await peer.add(number), number)
    for answer in (await asker.lookup(number), await asker.list_all()):
        record = require_record(peer, require_code(answer, Status.OK), number)
        if record.host != echo.host:
            raise Deviation(
                "the host differs from the one in the echo",
                expected=echo.line.text,
                received=record.line.text,
            )


@case("P-4.12/1", Level.INFO, "Two connections of one identity are shown once.", also=("P-2.6", "Q-7"))
async def identity_shown_once(server: Server) -> None:
    one, asker = await server.join_several(2)
    other = await server.join(claim=one.host, port=one.port)
    number = fresh_number()
    await one.add(number)
    await other.add(number)
    found = (await holders_of(asker, number)).count(one.port)
    if found != 1:
        raise Deviation(f"{found} records of one number, host and port")


@case("P-4.12/2", Level.INFO, "Of two connections of one identity each takes only its own records along.")
async def end_of_one_of_two(server: Server) -> None:
    one, asker = await server.join_several(2)
    other = await server.join(claim=one.host, port=one.port)
    shared, own = fresh_number(), fresh_number()
    await one.add(shared)
    await one.add(own)
    await other.add(shared)
    one.wire.close()
    await require_gone(asker, one, own, symptom=Symptom.KEEPS_RECORDS)
    await require_found(asker, shared, other)


@case("P-4.11/1", Level.INFO, "A second ADD of a document replaces its title.", also=("Q-11",))
async def new_title_replaces(server: Server) -> None:
    peer, asker = await server.join_several(2)
    number = fresh_number()
    await peer.add(number, "Old Title")
    await peer.add(number, "New Title")
    answer = await asker.lookup(number, "New Title")
    titles = [record.title for record in peer.own_records(answer, number)]
    if titles != [b"New Title"]:
        raise Deviation("it does not", expected=peer.record_line(number, "New Title"), received=answer.raw)
