"""A guarded application over real HTTP: who gets in, who may change something, what answers carry."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from p2pci.errors import CannotListenError
from p2pci.web.guarding import CHANGE_HEADER, SECURITY_HEADERS, Guard, Rules
from p2pci.web.serving import WebServer

HOST = "127.0.0.1"


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello {request.method}")


APP = Starlette(routes=[Route("/", hello, methods=["GET", "POST"]), Route("/metrics", hello)])


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]


async def ask(port: int, path: str = "/", *, method: str = "GET", **headers: str) -> Answer:
    """Ask over a connection of its own; `_` in the name of a header stands for `-`."""

    def ask() -> Answer:
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        with connection.getresponse() as answer:
            text = answer.read().decode()
        connection.close()
        return Answer(answer.status, text, dict(answer.getheaders()))

    return await asyncio.to_thread(ask)


@pytest.fixture
async def page() -> AsyncIterator[WebServer]:
    rules = Rules(hosts={HOST, "localhost"}, change_token="secret")
    async with WebServer(Guard(APP, rules=rules), host=HOST, port=0) as server:
        yield server


@pytest.fixture
async def locked_page() -> AsyncIterator[WebServer]:
    rules = Rules(hosts={HOST}, web_token="key", change_token="secret", open_paths={"/metrics"})
    async with WebServer(Guard(APP, rules=rules), host=HOST, port=0) as server:
        yield server


async def test_page_answers_under_its_names_with_security_headers(page: WebServer) -> None:
    for name in (f"{HOST}:{page.port}", f"LOCALHOST:{page.port}", "localhost"):
        answer = await ask(page.port, host=name)
        assert (answer.status, answer.text) == (200, "hello GET")
        assert dict(SECURITY_HEADERS).items() <= answer.headers.items()
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "[::",
        "",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost/evil.example",
        "localhost#evil.example",
        "localhost?evil.example",
        "localhost.",
        "localhost:",
        "localhost:http",
        "localhost:123456",
    ],
)
async def test_name_of_others_is_refused(page: WebServer, name: str) -> None:
    answer = await ask(page.port, host=name)
    assert answer.status == 403
    assert "goes by another name" in answer.text


async def test_change_needs_the_token_of_the_page(page: WebServer) -> None:
    assert (await ask(page.port, method="POST")).status == 403
    assert (await ask(page.port, method="POST", x_p2pci_token="guess")).status == 403
    assert CHANGE_HEADER == "x-p2pci-token"
    assert (await ask(page.port, method="POST", x_p2pci_token="secret")).text == "hello POST"


async def test_change_from_another_origin_is_refused(page: WebServer) -> None:
    own = f"http://{HOST}:{page.port}"
    for origin in (
        "http://evil.example",
        f"app://{HOST}:{page.port}",
        "null",
        "http://localhost:1",
        "http://[",
        "",
        own.upper() + "x",
    ):
        assert (await ask(page.port, method="POST", x_p2pci_token="secret", origin=origin)).status == 403
    assert (await ask(page.port, method="POST", x_p2pci_token="secret", origin=own)).status == 200


async def test_other_sites_may_link_to_the_page_and_no_more(page: WebServer) -> None:
    for site, mode, status in (
        ("cross-site", "navigate", 200),
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),  # another port of this machine
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ):
        answer = await ask(page.port, sec_fetch_site=site, sec_fetch_mode=mode)
        assert (site, mode, answer.status) == (site, mode, status)


async def test_locked_page_gives_a_cookie_for_its_token(locked_page: WebServer) -> None:
    assert (await ask(locked_page.port)).status == 401
    assert (await ask(locked_page.port, "/?token=guess")).status == 401
    entered = await ask(locked_page.port, "//evil.example?token=key")
    assert (entered.status, entered.headers["location"]) == (303, "/evil.example")
    cookie = entered.headers["set-cookie"].partition(";")[0]
    assert cookie == f"p2pci-{locked_page.port}=key"  # another page of this machine has its own
    assert (await ask(locked_page.port, cookie=cookie)).status == 200
    assert (await ask(locked_page.port, cookie=f"a/b=1; []; {cookie}")).status == 200  # others set odd ones
    assert (await ask(locked_page.port, cookie="a/b=1")).status == 401
    assert (await ask(locked_page.port, authorization="Bearer key")).status == 200
    assert (await ask(locked_page.port, cookie=f"p2pci-{locked_page.port}=guess")).status == 401
    assert (await ask(locked_page.port, "/metrics")).status == 200


async def test_taken_port_is_an_error_of_ours(page: WebServer) -> None:
    with pytest.raises(CannotListenError, match=rf"{HOST}:{page.port}\b"):
        await WebServer(APP, host=HOST, port=page.port).__aenter__()


async def test_address_of_nobody_is_an_error_of_ours() -> None:
    with pytest.raises(CannotListenError, match=r"\[2001:db8::1\]:7780: .*Give an address of this machine"):
        await WebServer(APP, host="2001:db8::1", port=7780).__aenter__()
