"""The JSON API of a peer's page over real HTTP: what it tells and does, and what it refuses."""

from __future__ import annotations

import asyncio
import http.client
import socket
from pathlib import Path

import pytest

from p2pci import IndexClient
from p2pci.errors import NetworkError
from p2pci.web.guarding import Rules
from p2pci.web.peer.fetching import MAX_WAITING
from tests.web.peer.conftest import ELSEWHERE, HERE, HOST, Page, document, serving

HOSTILE = "<script>alert(1)</script> \u202egnp\u2066 \u200b"


async def test_find_has_titles_of_the_swarm_and_texts_of_the_shelf(page: Page) -> None:
    hits = (await page.get("/api/find?q=pigeon"))["hits"]
    assert [(hit["number"], hit["here"]) for hit in hits] == [(7102, False), (7101, False), (7001, True)]
    assert [part["text"].lower() for part in hits[2]["snippet"] if part["hit"]] == ["pigeon"]
    only_here = (await page.get("/api/find?q=pigeon&only=here"))["hits"]
    assert [hit["number"] for hit in only_here] == [7001]
    assert [hit["number"] for hit in (await page.get("/api/find?q=pigeon&only=missing&limit=1"))["hits"]] == [
        7102
    ]
    assert (await page.get("/api/find?q="))["hits"] == []


async def test_titles_of_the_swarm_and_of_the_shelf_are_measured_alike(tmp_path: Path) -> None:
    here = {7201: document(7201, "Pigeons Here", "Pigeons and pigeons.")}
    elsewhere = {7202: document(7202, "Pigeons"), 7203: document(7203, "Pigeons")}
    async with serving(tmp_path, here=here, elsewhere=elsewhere) as page:
        hits = (await page.get("/api/find?q=pigeons"))["hits"]
    assert [hit["number"] for hit in hits] == [7201, 7203, 7202]


async def test_swarm_is_given_in_pages_with_what_is_missing(page: Page) -> None:
    whole = await page.get("/api/swarm")
    assert (whole["total"], whole["here"], whole["missing"], whole["pages"]) == (3, 1, 2, 1)
    assert [row["number"] for row in whole["documents"]] == [7001, 7101, 7102]
    assert whole["documents"][0]["holders"] == 2
    assert whole["missing_bytes"] == sum(len(ELSEWHERE[number].encode()) for number in (7101, 7102))
    second = await page.get("/api/swarm?page=2&size=2")
    assert ([row["number"] for row in second["documents"]], second["pages"]) == ([7102], 2)
    assert [row["number"] for row in (await page.get("/api/swarm?q=CARRIER"))["documents"]] == [7101]
    assert [row["number"] for row in (await page.get("/api/swarm?q=7102"))["documents"]] == [7102]


async def test_document_is_told_of_and_read(page: Page) -> None:
    about = await page.get("/api/rfc/7001")
    assert (about["title"], about["here"], about["holders"]) == ("A Way to Talk", True, 2)
    assert about["status"] == "INFORMATIONAL"
    text = await page.get("/api/rfc/7001/text")
    assert [section["title"] for section in text["sections"]] == ["Introduction", "The End"]
    reference = text["references"][-1]
    line = text["lines"][reference["line"]]
    assert line[reference["start"] : reference["stop"]] == "RFC 7102"
    assert text["here"] == []
    assert (await page.ask("/api/rfc/7001/original")).text == HERE[7001]


async def test_document_is_fetched_once_and_shared(page: Page) -> None:
    for _ in range(2):
        assert (await page.post("/api/fetch", {"number": 7101})).status == 200
    now = await page.until("/api/transfers", under_way=0)
    assert [(each["number"], each["stage"], each["verified"]) for each in now["incoming"]] == [
        (7101, "done", True)
    ]
    assert now["received"] == {"documents": 1, "bytes": len(ELSEWHERE[7101].encode())}
    assert (page.peer.shelf.path / "rfc7101.txt").read_text() == ELSEWHERE[7101]
    assert 7101 in {
        record.number
        for record in (await page.peer.list_all()).records
        if record.port == page.peer.upload_port
    }


async def test_fetch_that_fails_says_why(page: Page) -> None:
    await page.post("/api/fetch", {"numbers": [9999]})
    now = await page.until("/api/transfers", under_way=0)
    assert now["incoming"][0]["stage"] == "failed"
    assert "RFC 9999 was not found" in now["incoming"][0]["error"]


async def test_selection_is_mirrored(page: Page) -> None:
    assert (await page.post("/api/mirror", {"words": "pigeon"})).status == 200
    async with asyncio.timeout(10):
        while (mirror := (await page.get("/api/transfers"))["mirror"])["stage"] in ("planning", "coming"):
            pass
    assert (mirror["stage"], mirror["documents"], mirror["of_documents"]) == ("done", 2, 2)
    assert [source["documents"] for source in mirror["sources"]] == [2]
    assert {7101, 7102} <= page.peer.shelf.documents.keys()
    assert (await page.post("/api/mirror/stop")).status == 200


async def test_what_was_mirrored_is_shared(page: Page) -> None:
    await page.post("/api/mirror", {"numbers": "7100-7199"})
    async with IndexClient(HOST, page.index.port) as index, asyncio.timeout(10):
        for number, title in ((7101, "Congestion of Carrier Pigeons"), (7102, "Talking by Pigeon")):
            while len(records := (await index.lookup(number)).records) < 2:
                await asyncio.sleep(0.05)  # it is seen by word of the system, and nothing tells of that here
            assert [record.title for record in records] == [title, title]


async def test_what_could_not_be_had_is_not_on_its_way_for_ever(page: Page) -> None:
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        async with IndexClient(HOST, page.index.port, identity=nobody.getsockname()) as index:
            await index.add(7300, "Gone")
            with pytest.raises(NetworkError):
                await page.peer.get(7300)  # as from the menu
            now = await page.get("/api/transfers")
            assert (now["under_way"], now["incoming"][0]["stage"]) == (0, "failed")
            await page.post("/api/mirror", {"numbers": "7300"})
            async with asyncio.timeout(10):
                while (now := await page.get("/api/transfers"))["mirror"]["stage"] in ("planning", "coming"):
                    pass
    assert [each["number"] for each in now["mirror"]["failed"]] == [7300]
    assert now["under_way"] == 0
    assert [(each["number"], each["stage"]) for each in now["incoming"]] == [(7300, "failed")]


async def test_what_one_sends_is_told(page: Page) -> None:
    async with IndexClient(HOST, page.index.port) as index:
        answer = await index.lookup(7001)
        own = next(record for record in answer.records if record.port == page.peer.upload_port)
    reader, writer = await asyncio.open_connection(own.host, own.port)
    writer.write(b"GET RFC 7001 P2P-CI/1.0\r\nHost: 127.0.0.1\r\nOS: any\r\n\r\n")
    assert (await reader.read()).endswith(HERE[7001].encode())
    writer.close()
    await writer.wait_closed()
    now = await page.until("/api/transfers", sent={"documents": 1, "bytes": len(HERE[7001].encode())})
    assert now["outgoing"][0]["number"] == 7001
    log = (await page.get("/api/log"))["messages"]
    assert any(message["text"].startswith("GET RFC 7001 P2P-CI/1.0\nHost") for message in log)


async def test_what_its_reader_is_slow_to_take_is_told_until_it_is_out(page: Page) -> None:
    size = 30_000_000
    (page.peer.shelf.path / "rfc7500.txt").write_bytes(b"7500" * (size // 4))
    page.peer.shelf.scan()
    with socket.create_connection((HOST, page.peer.upload_port)) as reader:
        reader.sendall(b"GET RFC 7500 P2P-CI/1.0\r\nHost: h\r\nOS: o\r\n\r\n")
        async with asyncio.timeout(10):
            while not (going := (await page.get("/api/transfers"))["outgoing"]):
                pass
        (each,) = going
        assert (each["stage"], each["number"], each["bytes"]) == ("going", 7500, size)
        assert each["to"] == "{}:{}".format(*reader.getsockname())
        assert 0 <= each["done"] < size
        await asyncio.to_thread(_read_out, reader)
    (gone,) = (await page.get("/api/transfers"))["outgoing"]
    assert (gone["stage"], gone["number"], gone["done"]) == ("done", 7500, size)


def _read_out(reader: socket.socket) -> None:
    while reader.recv(1_000_000):
        pass


async def test_original_of_any_size_is_given_whole(page: Page) -> None:
    text = "All of it.\n" * 2_000_000
    (page.peer.shelf.path / "rfc7500.txt").write_text(text)
    page.peer.shelf.scan()
    assert (await page.ask("/api/rfc/7500/original")).text == text


async def test_original_that_shrinks_meanwhile_does_not_look_whole(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    file = page.peer.shelf.path / "rfc7500.txt"
    file.write_bytes(b"7500" * 10_000_000)
    page.peer.shelf.scan()
    connection = http.client.HTTPConnection(HOST, page.port, timeout=10)
    await asyncio.to_thread(connection.request, "GET", "/api/rfc/7500/original")
    with await asyncio.to_thread(connection.getresponse) as answer:
        file.write_bytes(b"")
        with pytest.raises(http.client.IncompleteRead):
            await asyncio.to_thread(answer.read)
    connection.close()
    (record,) = caplog.records
    assert (record.exc_info, "rfc7500.txt" in record.getMessage()) == (None, True)


async def test_log_goes_on_behind_a_position(page: Page) -> None:
    first = await page.get("/api/log?limit=1")
    assert len(first["messages"]) == 1
    behind = (await page.get(f"/api/log?after={first['position']}"))["messages"]
    assert all(message["position"] > first["position"] for message in behind)  # its upkeep may go on
    await page.peer.lookup(7001)
    behind = (await page.get(f"/api/log?after={first['position']}"))["messages"]
    said = [message["sent"] for message in behind if message["conversation"] == "client"]
    assert said == [True, False]


async def test_peers_are_told_by_what_they_hold(page: Page) -> None:
    peers = (await page.get("/api/peers"))["peers"]
    assert [(peer["documents"], peer["is_this_peer"]) for peer in peers] == [(3, False), (1, True)]


async def test_health_is_said_in_words(page: Page) -> None:
    health = await page.get("/api/peer")
    assert health["documents"] == 1
    assert health["index_connected"]
    assert any("can reach you at 127.0.0.1:" in sentence["text"] for sentence in health["sentences"])


async def test_page_asks_whichever_index_answers(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        lost = [nobody.getsockname()]
        async with serving(tmp_path, here=HERE, elsewhere=ELSEWHERE, lost=lost) as page:
            assert (await page.get("/api/peer"))["index"] == f"{HOST}:{page.index.port}"
            assert (await page.get("/api/swarm"))["total"] == 3
            await page.post("/api/mirror", {})
            async with asyncio.timeout(10):
                while (run := (await page.get("/api/transfers"))["mirror"])["stage"] in (
                    "planning",
                    "coming",
                ):
                    pass
            assert (run["stage"], run["documents"]) == ("done", 2)


async def test_lost_index_is_told_and_the_shelf_is_still_read(page: Page) -> None:
    await page.get("/api/swarm")
    await page.index.stop()
    health = await page.until("/api/peer", index_connected=False)
    assert health["sentences"][0]["level"] == "bad"
    assert (await page.get("/api/swarm"))["total"] == 3
    assert [hit["number"] for hit in (await page.get("/api/find?q=mentioned"))["hits"]] == [7001]
    await page.post("/api/fetch", {"number": 7101})
    now = await page.until("/api/transfers", under_way=0)
    assert "away" in now["incoming"][0]["error"]


async def test_title_of_the_wire_stays_as_it_came(page: Page) -> None:
    async with IndexClient(HOST, page.index.port) as index:
        await index.add(7300, HOSTILE)
        await page.post("/api/swarm/refresh")
        whole = await page.until("/api/swarm?q=alert", total=1)
    assert whole["documents"][0]["title"] == HOSTILE.strip()
    answer = await page.ask("/api/swarm?q=alert")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path,status",
    [
        ("/api/swarm?page=0", 400),
        ("/api/swarm?page=x", 400),
        ("/api/swarm?size=-1", 400),
        ("/api/swarm?size=501", 400),
        ("/api/find?limit=", 400),
        ("/api/swarm?only=some", 400),
        ("/api/swarm?page=%d9%a1", 400),
        ("/api/rfc/0", 400),
        ("/api/rfc/99999999999", 400),
        ("/api/rfc/..%2f..%2fetc%2fpasswd/text", 404),
        ("/api/rfc/7777/text", 404),
        ("/api/rfc/7777/original", 404),
        ("/api/nothing", 404),
        ("/rfc/" + "9" * 5000, 404),
        ("/rfc/0", 404),
        ("/rfc/7.1", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
    ],
)
async def test_nonsense_is_refused_in_one_sentence(page: Page, path: str, status: int) -> None:
    answer = await page.ask(path)
    assert answer.status == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path,is_shown", [("/nothing", True), ("/rfc/x", True), ("/api/nothing", False)])
async def test_mistyped_address_shows_people_the_page(page: Page, path: str, *, is_shown: bool) -> None:
    answer = await page.ask(path, Accept="text/html,*/*")
    assert (answer.status, "<!doctype html>" in answer.text.lower()) == (404, is_shown)
    assert "docs/api.md" in (await page.ask(path)).text


@pytest.mark.parametrize(
    "path,body",
    [
        ("/api/fetch", "{"),
        ("/api/fetch", "[1]"),
        ("/api/fetch", "[" * 100_000),
        ("/api/fetch", {}),
        ("/api/fetch", {"number": 0}),
        ("/api/fetch", {"number": True}),
        ("/api/fetch", {"numbers": "7101"}),
        ("/api/fetch", {"numbers": list(range(1, MAX_WAITING + 2))}),
        ("/api/mirror", {"numbers": "9-1"}),
        ("/api/mirror", {"numbers": 5}),
        ("/api/mirror", {"words": "x" * 300_000}),
    ],
)
async def test_change_that_means_nothing_does_nothing(page: Page, path: str, body: object) -> None:
    answer = await page.post(path, body)
    assert (answer.status, list(answer.json)) == (400, ["error"])
    now = await page.get("/api/transfers")
    assert (now["incoming"], now["mirror"]) == ([], None)


@pytest.mark.parametrize("path", ["/api/fetch", "/api/mirror", "/api/mirror/stop", "/api/swarm/refresh"])
async def test_nothing_is_changed_by_a_get_or_by_strangers(page: Page, path: str) -> None:
    assert (await page.ask(path)).status == 405
    assert (await page.ask(path, method="POST", body={"number": 7101})).status == 403
    stranger = await page.ask(
        path, method="POST", body={"number": 7101}, x_p2pci_token="secret", origin="http://evil.example"
    )
    assert stranger.status == 403
    assert (await page.ask(path, host="evil.example")).status == 403
    assert (await page.get("/api/transfers"))["incoming"] == []


async def test_token_of_the_page_stands_in_it(page: Page) -> None:
    answer = await page.ask("/find")
    assert '<meta name="p2pci-token" content="secret">' in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for each in ("style=", "onclick", "<style", "javascript:"):
        assert each not in answer.text


async def test_locked_page_is_locked_everywhere(tmp_path: Path) -> None:
    rules = Rules(hosts={HOST}, web_token="key-of-the-page", change_token="secret")
    async with serving(tmp_path, here=HERE, elsewhere={}, rules=rules) as page:
        for path in ("/", "/api/peer", "/api/events", "/static/style.css", "/rfc/7001"):
            assert (await page.ask(path)).status == 401
        assert (await page.ask("/api/peer", cookie=f"p2pci-{page.port}=key-of-the-page")).status == 200


@pytest.mark.slow
async def test_first_page_of_a_large_swarm_comes_at_once(tmp_path: Path) -> None:
    """9,312 titles: the issue's figure."""
    many = {number: document(number, f"Title {number}") for number in range(1, 9313)}
    async with serving(tmp_path, here={}, elsewhere=many) as page:
        clock = asyncio.get_running_loop().time
        began = clock()
        first = await page.get("/api/swarm")
        seconds = clock() - began
        assert first["total"] == 9312
        began = clock()
        await page.get("/api/swarm?page=50")
        await page.get("/api/find?q=title+93")
        print(f"first list {seconds:.2f} s, another page and a search {clock() - began:.3f} s")
        assert seconds < 5


async def test_mirror_is_stopped_and_what_came_stays(tmp_path: Path) -> None:
    slow = {number: document(number, f"Title {number}") * 400 for number in range(1, 9)}
    async with serving(tmp_path, here={}, elsewhere=slow, rate=300_000) as page:
        assert (await page.post("/api/mirror")).status == 200
        async with asyncio.timeout(10):
            while not (mirror := (await page.get("/api/transfers"))["mirror"])["bytes"]:
                pass
        assert (mirror["stage"], mirror["of_documents"]) == ("coming", 8)
        assert (await page.post("/api/mirror")).status == 400  # one at a time
        stopped = (await page.post("/api/mirror/stop")).json["mirror"]
        assert stopped["stage"] == "stopped"
        assert 0 < stopped["documents"] == len(list((tmp_path / "here").glob("rfc*.txt"))) < 8
        assert not list((tmp_path / "here").glob(".rfc*"))


async def test_large_document_of_a_selection_is_told_of_until_it_is_stopped(tmp_path: Path) -> None:
    large = {7400: document(7400, "Large") + "words\n" * 900_000}
    async with serving(tmp_path, here={}, elsewhere=large, rate=1_000_000) as page:
        await page.post("/api/mirror")
        async with asyncio.timeout(10):
            while not any(each["done"] for each in (await page.get("/api/transfers"))["incoming"]):
                pass
        now = (await page.get("/api/transfers"))["incoming"][0]
        assert (now["number"], now["stage"], now["bytes"]) == (7400, "coming", len(large[7400]))
        stopped = (await page.post("/api/mirror/stop")).json
        assert (stopped["under_way"], stopped["incoming"][0]["stage"]) == (0, "failed")
