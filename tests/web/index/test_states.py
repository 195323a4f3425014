"""Whether it is alive and whether it is ready, from before its start to its end."""

from __future__ import annotations

import asyncio
import signal

from p2pci.server import IndexServer
from p2pci.web.guarding import Rules
from p2pci.web.index.app import serving_index
from p2pci.web.index.history import History
from tests.server.wire_client import LIST, NOTHING, OK, add
from tests.web.index.asking import Answer, get
from tests.web.index.conftest import Index

RULES = Rules(hosts={"127.0.0.1"})


async def probe(port: int, path: str) -> tuple[int, str]:
    answer: Answer = await asyncio.to_thread(get, port, path)
    return answer.status, answer.text.strip()


async def test_it_is_ready_from_its_start_to_its_end() -> None:
    server = IndexServer(host="127.0.0.1", port=0)
    async with serving_index(server, History(server), address=("127.0.0.1", 0), rules=RULES) as web:
        assert await probe(web.port, "/readyz") == (503, "starting")
        assert await probe(web.port, "/healthz") == (200, "alive")
        assert (await probe(web.port, "/stats"))[0] == 200
        async with server:
            assert await probe(web.port, "/readyz") == (200, "ready")
        assert await probe(web.port, "/readyz") == (503, "stopping")
        assert await probe(web.port, "/healthz") == (200, "alive")
        assert (await probe(web.port, "/metrics"))[0] == 200


def test_it_is_not_ready_while_the_last_answers_go_out(index: Index) -> None:
    peer = index.peer()
    peer.asks(LIST, NOTHING)
    title = "x" * 500
    shelf = b"".join(add(number, title) for number in range(1, 6001))
    peer.says(shelf)
    peer.hears(b"".join(OK + b"RFC %d %b h 5\r\n\r\n" % (n, title.encode()) for n in range(1, 6001)))
    peer.says(LIST * 20)  # and reads nothing of it
    peer.hears(OK)
    assert get(index.web, "/readyz").status == 200
    index.process.signal(signal.SIGTERM)
    index.process.wait_for(r"Stopping\.\.\.")
    answer = get(index.web, "/readyz")
    assert (answer.status, answer.text) == (503, "stopping\n")
    assert "stopping" in get(index.web, "/stats").text
    peer.close()
    assert index.process.finish() == 0
