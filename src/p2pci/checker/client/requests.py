"""The form of requests (P-1.3 to P-1.10, B-12, B-14, B-15)."""

from __future__ import annotations

from p2pci.checker.cases import Deviation, Finding, Level, case, lenient
from p2pci.checker.client.target import Client, fresh_number
from p2pci.checker.messages import SeenRequest
from p2pci.checker.rules import lint_request, require

GROUP = "Requests"
DOCUMENT = b"\n\nA document of the checker.\n"


@case("P-1.3/1", Level.MUST, "ADD begins with `ADD RFC n P2P-CI/1.0`.", also=("B-7", "P-5.1"))
async def add_line(client: Client) -> None:
    require(lint_request((await client.added()).request), "P-1.3")


@case("P-1.3/2", Level.MUST, "LOOKUP begins with `LOOKUP RFC n P2P-CI/1.0`, and n is the number asked for.")
async def lookup_line(client: Client) -> None:
    await client.join()
    number = fresh_number()
    request = (await client.lookup(number)).request
    require(lint_request(request), "P-1.3")
    if str(number).encode() not in request.words:
        expected = f"LOOKUP RFC {number} P2P-CI/1.0\r\n".encode()
        raise Deviation("another number is asked for", expected=expected, received=request.raw)


@case("P-1.3/3", Level.MUST, "LIST begins with `LIST ALL P2P-CI/1.0`.")
async def list_line(client: Client) -> None:
    await client.join()
    require(lint_request((await client.list_all()).request), "P-1.3")


@case("P-1.3/4", Level.MUST, "GET begins with `GET RFC n P2P-CI/1.0`.", also=("B-12",))
async def get_line(client: Client) -> None:
    require(lint_request(await _get(client)), "P-1.3")


async def _get(client: Client) -> SeenRequest:
    await client.join()
    return await _get_once_joined(client)


async def _get_once_joined(client: Client) -> SeenRequest:
    number = fresh_number()
    holder = await client.holder((number, DOCUMENT))
    return (await client.get(holder.record(number, "A Document of the Checker"), holder)).request


@case("B-14/1", Level.MUST, "ADD carries Host, Port and Title.")
async def add_headers(client: Client) -> None:
    require(lint_request((await client.added()).request), "B-14")


@case("B-14/2", Level.MUST, "LOOKUP carries Host, Port and Title.")
async def lookup_headers(client: Client) -> None:
    await client.join()
    require(lint_request((await client.lookup(fresh_number())).request), "B-14")


@case("B-14/3", Level.MUST, "LIST carries Host and Port.")
async def list_headers(client: Client) -> None:
    await client.join()
    require(lint_request((await client.list_all()).request), "B-14")


@case("B-12/4", Level.MUST, "GET carries Host and OS.")
async def get_headers(client: Client) -> None:
    require(lint_request(await _get(client)), "B-12")


@case("B-12/5", Level.MUST, "The Host of a GET is the host that is asked.", also=("P-1.5",))
async def get_names_the_host_asked(client: Client) -> None:
    request = await _get(client)
    hosts = request.values_of(b"Host")
    if hosts and not hosts[0].startswith(b"127.0.0.1"):  # with a port behind it: that is P-1.10's to say
        raise Deviation(
            "Host is not the host asked", expected=b"Host: 127.0.0.1", received=b"Host: " + hosts[0]
        )


@case("P-1.5/2", Level.MUST, "The Port of ADD, LOOKUP and LIST is a port number.")
async def ports_are_ports(client: Client) -> None:
    for request in await _conversation(client):
        require(lint_request(request), "P-1.5")


async def _conversation(client: Client) -> list[SeenRequest]:
    """Have one of each request to the index server."""
    add = await client.added()
    others = [await client.lookup(fresh_number()), await client.list_all()]
    return [asked.request for asked in (add, *others)]


async def _all_four(client: Client) -> list[SeenRequest]:
    return [*await _conversation(client), await _get_once_joined(client)]


@case("P-1.4/1", Level.SHOULD, "Header names are spelled and ordered as shown, in all four requests.")
async def names_and_order(client: Client) -> None:
    for request in await _all_four(client):
        require(lint_request(request), "P-1.4")


@case("P-1.4/2", Level.MUST, "Every line of a request ends in CR LF.", also=("B-15",))
async def lines_end_in_crlf(client: Client) -> None:
    for request in await _all_four(client):
        require((lapse for lapse in lint_request(request) if request.is_closed), "B-15")


@case("P-1.4/3", Level.MUST, "A blank line ends every request.", also=("B-15",))
async def blank_line_ends(client: Client) -> None:
    for request in await _all_four(client):
        if not request.is_closed:
            require(lint_request(request), "B-15")


@case("P-1.6/1", Level.INFO, "One space between words and after the colon; numbers in plain decimal.")
async def spacing(client: Client) -> None:
    for request in await _all_four(client):
        require(lint_request(request), "P-1.6", "P-1.38")


@case("P-1.7/1", Level.INFO, "A request goes out whole, in one send.")
async def one_send(client: Client) -> Finding | None:
    await client.added()
    await client.lookup(fresh_number())
    for asked in client.index.asked:
        if asked.segments > 1:
            method = asked.request.method.decode("ascii", "replace")
            return lenient(f"{method} came in {asked.segments} segments")
    return None


@case("P-1.8/1", Level.INFO, "LOOKUP carries the title when it is known.", also=("A-7", "Q-6"))
async def lookup_has_the_title(client: Client) -> Finding | None:
    await client.join()
    title = "The Title That Was Typed"
    request = (await client.lookup(fresh_number(), title)).request
    found = request.first_value_of(b"Title").decode("utf-8", "backslashreplace")
    return None if found == title else lenient(f"its Title is {found!r}")


@case("P-1.10/1", Level.INFO, "Host is a name or an address alone, and a title is text.", also=("P-1.42",))
async def host_is_plain(client: Client) -> None:
    for request in await _all_four(client):
        require(lint_request(request), "P-1.10", "P-1.39")
