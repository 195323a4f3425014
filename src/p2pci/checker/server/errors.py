"""Errors: 400 for what is not well-formed, 505 for other versions, no records with either (P-2.8, P-2.11).

MUST where no reading of the course text makes a request of it; SHOULD where a header is missing that the
text asks for; what else our own server refuses is information. Each request has a connection of its own, as
that may end after an error (Q-9).
"""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, ambiguous, case, lenient
from p2pci.checker.messages import IndexAnswer
from p2pci.checker.server.expecting import holders_of
from p2pci.checker.server.target import TITLE, Peer, Server, fresh_number, require_code, written
from p2pci.checker.symptoms import Symptom
from p2pci.protocol.grammar import Status

GROUP = "Errors"


async def ask_wrongly(peer: Peer, request: bytes) -> IndexAnswer:
    """Send what should be refused; who closes without an answer most likely fell over it."""
    try:
        return await peer.ask(request)
    except Deviation as deviation:
        if deviation.symptom is Symptom.CLOSES_EARLY:
            deviation.symptom = Symptom.FALLS_OVER
        raise


async def require_refused(server: Server, *lines: str) -> IndexAnswer:
    """Check that a request of these lines gets 400."""
    peer = await server.join()
    answer = await ask_wrongly(peer, written(*lines))
    peer.wire.close()
    return require_code(answer, Status.BAD_REQUEST, symptom=_why(answer))


def _why(answer: IndexAnswer) -> Symptom | None:
    return Symptom.NO_CHECK if answer.code in (Status.OK, Status.NOT_FOUND) else None


def _headers(*, host: str = "127.0.0.1", port: str = "50000", title: str = TITLE) -> tuple[str, str, str]:
    return f"Host: {host}", f"Port: {port}", f"Title: {title}"


@case("P-2.8/3", Level.MUST, "A method that does not exist is answered 400.", also=("B-21", "P-1.34"))
async def unknown_method(server: Server) -> None:
    await require_refused(server, f"FETCH RFC {fresh_number()} P2P-CI/1.0", *_headers())


@case("P-2.8/4", Level.MUST, "A line that is no request at all is answered 400.", also=("P-1.33",))
async def garbage_line(server: Server) -> Finding | None:
    return await _judge_refusal(server, "Good morning, dear server")


async def _judge_refusal(server: Server, line: str) -> Finding | None:
    """Judge the answer to a line in the place of a request line; 505 will do, as it names no version."""
    peer = await server.join()
    answer = await ask_wrongly(peer, written(line, *_headers()))
    require_code(answer, Status.BAD_REQUEST, Status.VERSION_NOT_SUPPORTED, symptom=_why(answer))
    return lenient("505, as it names no version") if answer.code != Status.BAD_REQUEST else None


@case("P-2.8/5", Level.MUST, "One word in place of a request line is answered 400.")
async def single_word(server: Server) -> Finding | None:
    return await _judge_refusal(server, "ADD")


@case("P-2.8/6", Level.MUST, "ADD of something that is no number is answered 400.", also=("P-1.38",))
async def no_number(server: Server) -> None:
    await require_refused(server, "ADD RFC twelve P2P-CI/1.0", *_headers())


@case("P-2.8/7", Level.MUST, "ADD without a number is answered 400.", also=("P-1.34",))
async def number_missing(server: Server) -> None:
    await require_refused(server, "ADD RFC P2P-CI/1.0", *_headers())


@case("P-2.8/8", Level.SHOULD, "ADD without Host is answered 400.", also=("B-14", "P-1.36"))
async def host_missing(server: Server) -> None:
    await require_refused(server, f"ADD RFC {fresh_number()} P2P-CI/1.0", *_headers()[1:])


@case("P-2.8/9", Level.SHOULD, "ADD without Port is answered 400.", also=("B-14", "P-1.37"))
async def port_missing(server: Server) -> None:
    host, _, title = _headers()
    await require_refused(server, f"ADD RFC {fresh_number()} P2P-CI/1.0", host, title)


@case("P-2.8/10", Level.SHOULD, "ADD with a Port that is no number is answered 400.", also=("P-1.37",))
async def port_is_no_number(server: Server) -> None:
    await require_refused(server, f"ADD RFC {fresh_number()} P2P-CI/1.0", *_headers(port="http"))


@case("P-2.8/11", Level.SHOULD, "GET, which goes to holders, is answered 400 by the index.", also=("P-1.34",))
async def get_at_the_index(server: Server) -> None:
    await require_refused(server, f"GET RFC {fresh_number()} P2P-CI/1.0", *_headers())


@case("P-2.8/12", Level.SHOULD, "LOOKUP and LIST without Host and Port are answered 400.", also=("B-14",))
async def asking_without_headers(server: Server) -> None:
    await require_refused(server, "LIST ALL P2P-CI/1.0")
    await require_refused(server, f"LOOKUP RFC {fresh_number()} P2P-CI/1.0", f"Title: {TITLE}")


@case("P-2.11/2", Level.MUST, "A 400 has no records, and what it refuses is not added.", also=("B-20",))
async def bad_request_has_no_records(server: Server) -> None:
    peer, asker = await server.join_several(2)
    await asker.add(fresh_number())
    number = fresh_number()
    answer = await ask_wrongly(peer, peer.request(f"NONSENSE RFC {number}", f"Title: {TITLE}"))
    require_code(answer, Status.BAD_REQUEST)
    await _require_nothing(answer, asker, number)


@case("P-1.32/1", Level.MUST, "A request of version 2.0 is answered 505.", also=("P-2.8", "B-21"))
async def other_version(server: Server) -> None:
    for words in (f"LOOKUP RFC {fresh_number()}", "LIST ALL"):
        await _require_505(await server.join(), words, version="P2P-CI/2.0")


@case("P-1.32/2", Level.MUST, "ADD of another version is answered 505.", also=("P-2.8",))
async def add_of_another_version(server: Server) -> None:
    await _require_505(await server.join(), f"ADD RFC {fresh_number()}", version="P2P-CI/2.0")


@case("P-1.32/3", Level.SHOULD, "So is one of version 1.1, or 0.9.")
async def nearby_versions(server: Server) -> None:
    for version in ("P2P-CI/1.1", "P2P-CI/0.9"):
        await _require_505(await server.join(), "LIST ALL", version=version)


@case("P-2.11/3", Level.MUST, "A 505 has no records, and what it refuses is not added.", also=("B-20",))
async def other_version_has_no_records(server: Server) -> None:
    peer, asker = await server.join_several(2)
    await asker.add(fresh_number())
    number = fresh_number()
    answer = await _require_505(peer, f"ADD RFC {number}", version="P2P-CI/2.0")
    await _require_nothing(answer, asker, number)


async def _require_505(peer: Peer, words: str, *, version: str) -> IndexAnswer:
    answer = await ask_wrongly(peer, peer.request(words, f"Title: {TITLE}", version=version))
    peer.wire.close()
    return require_code(answer, Status.VERSION_NOT_SUPPORTED, symptom=Symptom.NO_VERSION_CHECK)


async def _require_nothing(answer: IndexAnswer, asker: Peer, number: int) -> None:
    if answer.records:
        raise Deviation("records in an error", received=answer.raw)
    if await holders_of(asker, number):
        raise Deviation("what was refused has been added all the same", symptom=Symptom.NO_CHECK)


@case("Q-8/1", Level.OPEN, "When method and version are wrong, the answer is 400 or 505.", also=("P-1.26",))
async def which_error_wins(server: Server) -> Finding:
    peer = await server.join()
    answer = await ask_wrongly(peer, peer.request("NONSENSE RFC 1", version="P2P-CI/2.0"))
    codes = (Status.BAD_REQUEST, Status.VERSION_NOT_SUPPORTED)
    return ambiguous(f"{require_code(answer, *codes).code} wins")


@case("P-1.34/1", Level.INFO, "A method in lower case is answered 400.")
async def lower_case_method(server: Server) -> None:
    await require_refused(server, f"add RFC {fresh_number()} P2P-CI/1.0", *_headers())


@case("P-1.34/2", Level.INFO, "Other words than ADD RFC n and LIST ALL are answered 400.")
async def other_words(server: Server) -> None:
    for words in (f"ADD BOOK {fresh_number()}", f"ADD RFC {fresh_number()} now", "LIST SOME", "LIST"):
        await require_refused(server, f"{words} P2P-CI/1.0", *_headers())


@case("P-1.33/1", Level.INFO, "A request line without a version is answered 400, and the connection closed.")
async def no_version(server: Server) -> None:
    peer = await server.join()
    answer = await ask_wrongly(peer, written("POST / HTTP/1.1", *_headers()))
    require_code(answer, Status.BAD_REQUEST)
    await require_closed(peer)


async def require_closed(peer: Peer) -> None:
    await peer.wire.until_end()
    if peer.wire.ending is None:
        raise Deviation("the connection stays open")
