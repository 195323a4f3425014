"""What our own server refuses beyond the course text, each as information (P-1.27 to P-1.40, P-4.9)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Level, case
from p2pci.checker.server.errors import ask_wrongly, require_closed, require_refused
from p2pci.checker.server.target import TITLE, Server, fresh_number, require_code
from p2pci.protocol.grammar import MAX_HEAD_BYTES, MAX_HEADERS, MAX_REQUEST_LINE_BYTES, Status

GROUP = "Limits and checks of ours"

_FORM = ("Host: 127.0.0.1", "Port: 50000", f"Title: {TITLE}")


def _add() -> str:
    return f"ADD RFC {fresh_number()} P2P-CI/1.0"


async def _require_cut_off(server: Server, request: bytes) -> None:
    peer = await server.join()
    require_code(await ask_wrongly(peer, request), Status.BAD_REQUEST)
    await require_closed(peer)


@case("P-1.27/1", Level.INFO, "A request line of more than 8 KiB is answered 400, and cut off.")
async def long_request_line(server: Server) -> None:
    await _require_cut_off(server, b"LOOKUP RFC " + b"1" * MAX_REQUEST_LINE_BYTES)


@case("P-1.27/2", Level.INFO, "A head of more than 16 KiB is answered 400, and cut off.", also=("P-1.28",))
async def long_head(server: Server) -> None:
    lines = "".join(f"X-{count}: {'x' * 1000}\r\n" for count in range(MAX_HEAD_BYTES // 1000 + 1))
    await _require_cut_off(server, f"{_add()}\r\n{lines}".encode())


@case("P-1.27/3", Level.INFO, "More than 64 header lines are answered 400, and cut off.")
async def many_headers(server: Server) -> None:
    lines = "".join(f"X-{count}: x\r\n" for count in range(MAX_HEADERS + 1))
    await _require_cut_off(server, f"{_add()}\r\n{lines}\r\n".encode())


@case("P-1.31/1", Level.INFO, "A NUL in a request is answered 400, and the peer cut off.")
async def nul_in_head(server: Server) -> None:
    await _require_cut_off(server, f"{_add()}\r\nHost: 127\0.0.0.1\r\nPort: 50000\r\n\r\n".encode())


@case("P-1.31/2", Level.INFO, "A CR inside a line is answered 400.", also=("P-1.30",))
async def stray_cr(server: Server) -> None:
    await require_refused(server, _add(), *_FORM[:2], "Title: One\rTwo")


@case("P-1.35/1", Level.INFO, "A header line without a colon is answered 400.")
async def header_without_colon(server: Server) -> None:
    await require_refused(server, _add(), *_FORM, "This is no header")


@case("P-1.35/2", Level.INFO, "A folded header line is answered 400.")
async def folded_header(server: Server) -> None:
    await require_refused(server, _add(), *_FORM, " and: its second half")


@case("P-1.35/3", Level.INFO, "A second Host, Port or Title is answered 400.")
async def header_twice(server: Server) -> None:
    for line in ("Host: 127.0.0.2", "Port: 50001", "Title: Another"):
        await require_refused(server, _add(), *_FORM, line)


@case("P-1.36/1", Level.INFO, "A Host of more than 255 bytes, or with a blank, is answered 400.")
async def bad_hosts(server: Server) -> None:
    for host in ("h" * 256, "two words", "höst"):
        await require_refused(server, _add(), f"Host: {host}", *_FORM[1:])


@case("P-1.37/1", Level.INFO, "A Port of 0, of 65536, or with a sign is answered 400.")
async def bad_ports(server: Server) -> None:
    for port in ("0", "65536", "+5", "50_000"):
        await require_refused(server, _add(), _FORM[0], f"Port: {port}", _FORM[2])


@case("P-1.38/2", Level.INFO, "Numbers with a sign, underscores or other digits are answered 400.")
async def odd_numbers(server: Server) -> None:
    for number in ("+5", "-5", "1_000", "١٢", "0x10", "5.0"):
        await require_refused(server, f"ADD RFC {number} P2P-CI/1.0", *_FORM)


@case("P-1.38/3", Level.INFO, "Numbers of 0, over 4294967295, and of eleven digits are answered 400.")
async def numbers_out_of_range(server: Server) -> None:
    for number in ("0", "4294967296", "00000000001"):
        await require_refused(server, f"ADD RFC {number} P2P-CI/1.0", *_FORM)


@case(
    "P-1.39/3", Level.INFO, "A title that is too long or has controls in it is answered 400, never changed."
)
async def bad_titles(server: Server) -> None:
    for title in ("x" * 513, "One\tTwo", "One\x85Two", "One\x7fTwo", "One\u2028Two"):
        await require_refused(server, _add(), *_FORM[:2], f"Title: {title}")


@case("P-1.39/4", Level.INFO, "A title that is no UTF-8 is answered 400.")
async def title_in_another_encoding(server: Server) -> None:
    peer = await server.join()
    request = peer.add_request(fresh_number(), "Gr-sse").replace(b"Gr-sse", b"Gr\xfc\xdfe")
    require_code(await ask_wrongly(peer, request), Status.BAD_REQUEST)


@case("P-1.40/1", Level.INFO, "The title of a LOOKUP or LIST is checked as well.")
async def titles_of_questions(server: Server) -> None:
    for words in (f"LOOKUP RFC {fresh_number()}", "LIST ALL"):
        await require_refused(server, f"{words} P2P-CI/1.0", *_FORM[:2], "Title: One\tTwo")


@case("P-4.9/1", Level.INFO, "A second port on one connection is answered 400.", also=("P-4.12",))
async def second_identity(server: Server) -> None:
    peer = await server.join()
    await peer.add(fresh_number())
    other = peer.add_request(fresh_number()).replace(b"Port: %d" % peer.port, b"Port: 39999")
    answer = await ask_wrongly(peer, other)
    if answer.code != Status.BAD_REQUEST:
        raise Deviation("it is taken for another peer's, or the port is left out", received=answer.raw)
