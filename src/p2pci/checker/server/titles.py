"""Titles and numbers of all kinds, kept as they were added (P-2.2; P-1.16, P-1.20, P-1.38, P-1.39)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.server.expecting import require_found, require_record, require_title
from p2pci.checker.server.target import TITLE, Server, fresh_number, require_code
from p2pci.protocol.grammar import MAX_NUMBER, MAX_TITLE_CHARACTERS, Status

GROUP = "Titles and numbers"


async def _require_kept(server: Server, title: str) -> None:
    """Check that a title comes back unchanged, in the echo and in the answer to LOOKUP."""
    peer, number = await server.join(), fresh_number()
    answer = await peer.add(number, title)
    require_title(peer, require_record(peer, answer, number, title=title), title)
    answer = await require_found(peer, number, peer, title=title)
    require_title(peer, require_record(peer, answer, number, title=title), title)


@case("P-2.2/3", Level.MUST, "A title of several words is kept.")
async def title_with_blanks(server: Server) -> None:
    await _require_kept(server, "Internet Protocol and Some More Words of It")


@case("P-2.2/4", Level.MUST, "A title that ends in digits is kept, and the port is told from it.")
async def title_ends_in_digits(server: Server) -> None:
    await _require_kept(server, "Assigned Numbers of 1981 and 1983")


@case("P-2.2/5", Level.MUST, "A title with a colon in it is kept.")
async def title_with_a_colon(server: Server) -> None:
    await _require_kept(server, "Hypertext: The Next Step: 2.0")


@case("P-2.2/6", Level.MUST, "A title that contains words of the protocol is kept.")
async def title_with_words_of_the_protocol(server: Server) -> None:
    await _require_kept(server, "On LIST ALL and Host Port Title of RFC 791 P2P-CI/1.0")


@case("P-1.39/1", Level.INFO, "A title in UTF-8 is kept.")
async def title_beyond_ascii(server: Server) -> None:
    await _require_kept(server, "Über das Protokoll – 協定 €")


@case("P-1.39/2", Level.INFO, "A title of 512 characters is kept, blanks in it too.", also=("P-1.27",))
async def long_title(server: Server) -> None:
    await _require_kept(server, ("Long  and  Wide " * 40)[: MAX_TITLE_CHARACTERS - 1] + ".")


@case("P-1.20/1", Level.INFO, "ADD with an empty Title is a record with an empty title.", also=("A-14",))
async def empty_title(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    answer = await peer.add(number, "")
    record = require_record(peer, answer, number, title="")
    if record.title:
        raise Deviation(
            "the title is not empty", expected=peer.record_line(number, ""), received=record.line.text
        )


@case("P-1.20/2", Level.INFO, "ADD without a Title is a record with an empty title.", also=("A-14",))
async def no_title(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    answer = require_code(await peer.ask(peer.request(f"ADD RFC {number}")), Status.OK)
    require_record(peer, answer, number, title="")


@case("P-1.16/1", Level.INFO, "Leading zeros change no number and no port.")
async def leading_zeros(server: Server) -> None:
    peer, number = await server.join(), fresh_number()
    request = peer.add_request(f"000{number}").replace(b"Port: ", b"Port: 00")
    require_code(await peer.ask(request), Status.OK)
    await require_found(peer, number, peer)


@case("P-1.38/1", Level.INFO, "Numbers go up to 4294967295.")
async def highest_number(server: Server) -> None:
    peer = await server.join()
    await peer.add(MAX_NUMBER)
    await require_found(peer, MAX_NUMBER, peer, title=TITLE)
