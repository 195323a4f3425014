"""Requests as TCP cuts them up, and in the forms that other clients send (B-15; P-1.11 to P-1.25).

That a request ends at its blank line, and nowhere else, is of the course text: TCP may cut it up anywhere.
"""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.server.expecting import cut_up, require_found, require_record, require_title
from p2pci.checker.server.target import TITLE, Peer, Server, fresh_number, require_code, written
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "How requests come"


async def _require_added(peer: Peer, number: int) -> None:
    answer = require_code(await peer.answer(), Status.OK)
    require_record(peer, answer, number)
    await require_found(peer, number, peer)


@case("B-15/2", Level.MUST, "A request of which every byte comes alone is answered.", also=("P-1.22",))
async def every_byte_alone(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    with cut_up():
        request = peer.add_request(number)
        await peer.wire.send_pieces(
            *(request[at : at + 1] for at in range(len(request))), pause_seconds=0.001
        )
        await _require_added(peer, number)


@case("B-15/3", Level.MUST, "A request that is cut between CR and LF is answered.", also=("P-1.22",))
async def cut_inside_crlf(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    pieces = peer.add_request(number).split(b"\r")
    with cut_up():
        await peer.wire.send_pieces(*(piece + b"\r" for piece in pieces[:-1]), pieces[-1])
        await _require_added(peer, number)


@case("B-15/4", Level.MUST, "A request that comes line by line is answered.", also=("P-1.22",))
async def line_by_line(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    with cut_up():
        await peer.wire.send_pieces(*peer.add_request(number).splitlines(keepends=True), pause_seconds=0.03)
        await _require_added(peer, number)


@case("B-15/5", Level.MUST, "Nothing is answered before the blank line has come.", also=("P-1.4",))
async def no_answer_too_early(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    request = peer.add_request(number)
    peer.wire.send(request[:-2])
    if not await peer.wire.is_quiet():
        raise Deviation(
            "an answer came before the blank line", received=peer.wire.unread, symptom=Symptom.ONE_RECV
        )
    peer.wire.send(request[-2:])
    with cut_up():
        await _require_added(peer, number)


@case("P-1.23/1", Level.INFO, "Two requests in one segment are both answered, in order.", also=("A-8",))
async def two_in_one_segment(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    with cut_up():
        peer.wire.send(peer.add_request(number) + peer.lookup_request(number))
        for _ in range(2):
            require_record(peer, require_code(await peer.answer(), Status.OK), number)


@case("P-1.23/2", Level.INFO, "Twenty ADDs in one segment are all answered, in order.", also=("A-16",))
async def twenty_in_one_segment(server: Server) -> None:
    peer, numbers = await server.join(), [fresh_number() for _ in range(20)]
    with cut_up():
        peer.wire.send(b"".join(map(peer.add_request, numbers)))
        for number in numbers:
            require_record(peer, require_code(await peer.answer(), Status.OK), number)


@case("P-1.23/3", Level.INFO, "A request and a half in one segment are answered when the rest is there.")
async def one_and_a_half(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    both = peer.add_request(number) + peer.lookup_request(number)
    with cut_up():
        await peer.wire.send_pieces(both[:-25], both[-25:], pause_seconds=0.03)
        for _ in range(2):
            require_record(peer, require_code(await peer.answer(), Status.OK), number)


async def _require_taken(server: Server, *lines: str, end: str = "\r\n") -> None:
    """Check that an ADD in some other form is carried out; HOST, PORT and NUMBER stand for the peer's own."""
    peer, number = await server.join(), fresh_number()
    text = "".join(line + end for line in (*lines, ""))
    own = {"HOST": peer.host, "PORT": str(peer.port), "NUMBER": str(number)}
    for word, value in own.items():
        text = text.replace(word, value)
    require_code(await peer.ask(text.encode()), Status.OK)
    await require_found(peer, number, peer)


_ADD = ("ADD RFC NUMBER P2P-CI/1.0", "Host: HOST", "Port: PORT", f"Title: {TITLE}")


@case("P-1.11/1", Level.INFO, "Header names may come in any case.")
async def header_names_in_any_case(server: Server) -> None:
    await _require_taken(server, _ADD[0], "host: HOST", "pOrT: PORT", f"titlE: {TITLE}")


@case("P-1.12/1", Level.INFO, "There may be no blank, or several, after a header's colon.", also=("A-13",))
async def blanks_around_values(server: Server) -> None:
    await _require_taken(server, _ADD[0], "Host:HOST", "Port: \t PORT  ", f"Title:{TITLE}")


@case("P-1.13/1", Level.INFO, "Headers may come in any order.")
async def headers_in_any_order(server: Server) -> None:
    await _require_taken(server, _ADD[0], *reversed(_ADD[1:]))


@case("P-1.14/1", Level.INFO, "Headers that are not known are ignored.", also=("A-11", "P-5.5"))
async def unknown_headers(server: Server) -> None:
    await _require_taken(server, _ADD[0], "Date: today", *_ADD[1:], "X-Mood: calm")


@case("P-1.15/1", Level.INFO, "There may be several blanks between the words of a request line.")
async def blanks_in_request_line(server: Server) -> None:
    await _require_taken(server, "ADD  RFC \t NUMBER   P2P-CI/1.0", *_ADD[1:])


@case("P-1.17/1", Level.INFO, "Lines may end in LF alone.", also=("A-12",))
async def lf_alone(server: Server) -> None:
    await _require_taken(server, *_ADD, end="\n")


@case("P-1.18/1", Level.INFO, "There may be blank lines before a request.", also=("A-15", "P-1.28"))
async def blank_lines_before(server: Server) -> None:
    await _require_taken(server, "", "", "", *_ADD)


@case("P-1.19/1", Level.INFO, "LOOKUP may come with an empty Title, or without.", also=("A-14", "P-1.8"))
async def lookup_without_title(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    await peer.add(number)
    await require_found(peer, number, peer, title="")
    answer = await peer.ask(peer.request(f"LOOKUP RFC {number}"))
    require_record(peer, require_code(answer, Status.OK), number)


@case("P-1.19/2", Level.INFO, "LIST may come with a Title.")
async def list_with_title(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    await peer.add(number)
    answer = await peer.ask(peer.request("LIST ALL", f"Title: {TITLE}"))
    require_code(answer, Status.OK)


@case("P-1.24/1", Level.INFO, "A request without its blank line is answered when the peer ends its side.")
async def half_closed_head(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    peer.wire.send(peer.add_request(number)[:-2])
    peer.wire.half_close()
    require_record(peer, require_code(await peer.answer(), Status.OK), number)


@case("P-1.25/1", Level.INFO, "So is one whose last line lacks its end, or half of it.")
async def half_closed_line(server: Server) -> None:
    for missing in (3, 4):
        peer, number = await server.join(), fresh_number()
        peer.wire.send(peer.add_request(number)[:-missing])
        peer.wire.half_close()
        record = require_record(peer, require_code(await peer.answer(), Status.OK), number)
        require_title(peer, record, TITLE)


@case("P-1.9/1", Level.INFO, "Who only asks may send the port of its own connection.", also=("P-1.10",))
async def asker_without_upload_server(server: Server) -> None:
    peer, asker = await server.join_several(2)
    number = fresh_number()
    await peer.add(number)
    port = asker.wire.local[1]
    lookup = written(
        f"LOOKUP RFC {number} P2P-CI/1.0", "Host: xn--bcher-kva.example", f"Port: {port}", f"Title: {TITLE}"
    )
    require_record(peer, require_code(await asker.ask(lookup), Status.OK), number)
