"""What people and programs are told of a running index server, also of hostile peers."""

from __future__ import annotations

import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from p2pci.web.index.page import show_history
from tests.cli.process import P2PCI, run
from tests.server.wire_client import BAD_REQUEST, LIST, NOTHING, OK, add, lookup, until
from tests.web.index.asking import get
from tests.web.index.conftest import Index
from tests.web.peer.test_api_document import differences, examples

TOKEN = "0123456789abcdef"


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_stats_tell_of_peers_documents_requests_bytes_and_connections(index: Index) -> None:
    peer, other = index.peer(), index.peer()
    peer.says(add(7) + add(8, "Eight") + lookup(9))
    other.asks(add(7, port=6), OK + b"RFC 7 Seven h 6\r\n\r\n")
    until(lambda: get(index.web, "/stats.json").json["records"] == 3)
    stats = get(index.web, "/stats.json").json
    assert (stats["state"], stats["port"]) == ("ready", index.port)
    assert abs(stats["time"] - time.time()) < 10
    peers = stats["peers"]["page"]
    assert stats["peers"]["count"] == 2
    assert {(each["host"], each["port"], each["documents"]) for each in peers} == {("h", 5, 2), ("h", 6, 1)}
    assert all(0 <= stats["time"] - each["since"] < 10 for each in peers)
    assert stats["documents"]["count"] == 2
    assert [group["documents"] for group in stats["documents"]["by_holders"][:2]] == [1, 1]
    assert stats["documents"]["alone"] == {
        "count": 1,
        "from": 0,
        "page": [{"number": 8, "title": "Eight", "host": "h", "port": 5}],
        "next": None,
    }
    assert stats["requests"] == {"ADD": {"200": 3}, "LOOKUP": {"404": 1}}
    assert stats["bytes"]["received"] == len(add(7) + add(8, "Eight") + lookup(9) + add(7, port=6))
    assert stats["connections"]["now"] == stats["connections"]["accepted"] == 2
    assert [each["what"] for each in stats["passages"]] == ["joined", "joined"]
    assert stats["history"][-1]["peers"] == 2


def test_answer_is_that_of_the_document(index: Index) -> None:
    peer, other = index.peer(), index.peer()
    peer.says(add(7, host="lab-1") + add(8, "Eight", host="lab-1") + lookup(9))
    until(lambda: get(index.web, "/stats.json").json["records"] == 2)
    other.says(add(7, host="lab-2", port=6))
    until(lambda: get(index.web, "/stats.json").json["records"] == 3)
    (example,) = examples("An index")
    assert differences(example.answer, get(index.web, example.path).json) == []


@pytest.mark.parametrize(
    "seconds, shown",
    [
        (60, "The last minute"),
        (119, "The last minute"),
        (120, "The last 2 minutes"),
        (3599, "The last 59 minutes"),
        (3600, "The last hour"),
    ],
)
def test_time_of_the_charts_is_named_as_people_do(seconds: float, shown: str) -> None:
    assert show_history(seconds) == shown


def test_lists_come_in_pages(index: Index) -> None:
    peers = [index.peer() for _ in range(5)]
    for number, peer in enumerate(peers, 1):
        peer.asks(add(number, port=number), OK + b"RFC %d Seven h %d\r\n\r\n" % (number, number))
    stats = get(index.web, "/stats.json?size=2&peers=2&alone=3").json
    assert [each["port"] for each in stats["peers"]["page"]] == [3, 2]
    alone = stats["documents"]["alone"]
    assert [each["number"] for each in alone["page"]] == [3, 4]
    assert (alone["count"], alone["next"]) == (5, 5)
    page = get(index.web, "/stats?size=2&peers=2&alone=3").text
    assert 'href="/stats?size=2&amp;peers=4&amp;alone=3#peers"' in page
    assert 'href="/stats?size=2&amp;peers=2&amp;alone=5#alone"' in page
    assert get(index.web, "/stats.json?peers=99").json["peers"]["page"] == []


def test_what_is_no_number_is_refused(index: Index) -> None:
    for query in ("size=0x7", "peers=-1", "alone=99999999999", "size=201", "peers=%D9%A5", "alone="):
        answer = get(index.web, f"/stats?{query}")
        assert answer.status == 400
        assert "is no number from 0 to" in answer.json["error"]


def test_hostile_hosts_and_titles_are_text(index: Index) -> None:
    peer = index.peer()
    titles = [
        "<script>alert(1)</script>",
        "evil \u202egnp.exe",
        '"><img src=x onerror=alert(1)>',
        "{{ 7*7 }}",
        "&lt;b&gt;",
    ]
    for number, title in enumerate(titles, 1):
        peer.says(add(number, title, host="<b>h</b>"))
    until(lambda: get(index.web, "/stats.json").json["records"] == len(titles))
    answer = get(index.web, "/stats")
    plain = Page(get(index.web, "/stats?alone=99").text)
    page = Page(answer.text)
    assert page.tags <= plain.tags | {"ol", "li", "br", "p"}
    assert not {"onerror", "style", "onclick"} & page.attributes
    assert "\u202e" not in answer.text
    for shown in (titles[0], r"evil \u202egnp.exe", titles[2], titles[3], titles[4], "<b>h</b>"):
        assert shown in page.text
    told = get(index.web, "/stats.json").json["documents"]["alone"]["page"]
    assert [each["title"] for each in told] == titles


def test_turned_away_is_in_the_history(start: Callable[..., Index]) -> None:
    index = start("--max-connections", "1")
    index.peer().asks(LIST, NOTHING)
    index.peer().hears(BAD_REQUEST)
    assert get(index.web, "/stats.json").json["passages"][0]["what"] == "turned away"
    assert "a newcomer was turned away" in Page(get(index.web, "/stats").text).text


def test_page_is_guarded_and_changes_nothing(index: Index) -> None:
    assert get(index.web, "/stats", Host="evil.example").status == 403
    answer = get(index.web, "/stats")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "<script>" not in answer.text
    assert get(index.web, "/stats", method="POST").status == 403
    assert get(index.web, "/nothing").status == 404
    start = get(index.web, "/")
    assert (start.status, start.headers["location"]) == (307, "/stats")


def test_token_is_asked_for_everywhere(start: Callable[..., Index]) -> None:
    index = start("--web-token", TOKEN)
    for path in ("/stats", "/stats.json", "/metrics", "/healthz", "/readyz"):
        assert get(index.web, path).status == 401
        assert get(index.web, path, Authorization=f"Bearer {TOKEN}").status == 200


def test_metrics_may_be_open(start: Callable[..., Index]) -> None:
    index = start("--web-token", TOKEN, "--web-open-metrics")
    assert [get(index.web, path).status for path in ("/metrics", "/healthz", "/readyz")] == [200] * 3
    assert [get(index.web, path).status for path in ("/stats", "/stats.json")] == [401] * 2


def test_page_for_others_needs_a_token(tmp_path: Path) -> None:
    done = run((*P2PCI, "server", "--port", "0", "--web", "0.0.0.0:0"), cwd=tmp_path)
    assert done.returncode == 2
    assert "--web-token" in done.stderr
    done = run((*P2PCI, "server", "--port", "0", "--web-open-metrics"), cwd=tmp_path)
    assert done.returncode == 2
    assert "Add --web" in done.stderr
