"""The flags of a peer's page: where it is, who may open it, and how it ends."""

from __future__ import annotations

import http.client
import re
import signal
import socket
from pathlib import Path

import pytest

from p2pci.cli.settings import parse_page_address
from p2pci.cli.web_pages import Web, make_rules, page_address, require_web
from p2pci.errors import InvalidValueError, NotInstalledError
from tests.cli.process import DEADLINE_SECONDS, LOOPBACK, P2PCI, Process, Stage, ask_raw, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

TOKEN = "a-token-that-is-long"
DEFAULT = (LOOPBACK, 7780)


def ask(port: int, path: str = "/api/peer", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=DEADLINE_SECONDS)
    connection.request("GET", path, headers=headers)
    with connection.getresponse() as answer:
        text = answer.read().decode()
    connection.close()
    return answer.status, text


def start(stage: Stage, *flags: str, **env: str) -> tuple[Process, int, str]:
    """Start an index and a peer with a page, and give the peer, the page's port, and its address as told."""
    _, port = stage.start_server()
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--no-menu", *flags, env=env)
    told = peer.wait_for(r"^\[Peer\] Open (http://.*:(\d+)/\S*) in a browser\.$")
    return peer, int(told[2]), told[1]


@pytest.mark.parametrize(
    "text,expected",
    [
        ("127.0.0.1", DEFAULT),
        (":8000", (LOOPBACK, 8000)),
        (":0", (LOOPBACK, 0)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:0", ("::1", 0)),
        ("::1", ("::1", 7780)),
        ("::", ("::", 7780)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_address_of_a_page_is_read(text: str, expected: tuple[str, int]) -> None:
    assert parse_page_address(text, default=DEFAULT) == expected


@pytest.mark.parametrize("text", ["", ":", ":x", "a b", "host:99999", "http://x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_page_address(text, default=DEFAULT)


def test_page_is_served_and_ends_at_once_with_the_peer(stage: Stage) -> None:
    peer, port, address = start(stage, "--web", "127.0.0.1:0")
    assert address == f"http://127.0.0.1:{port}/"
    assert ask(port)[0] == 200
    assert ask(port, host=f"localhost:{port}")[0] == 200
    assert ask(port, host="evil.example")[0] == 403
    listening = socket.create_connection((LOOPBACK, port))  # to what happens, which has no end by itself
    listening.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert listening.recv(100)
    peer.signal(signal.SIGTERM)
    assert peer.finish(seconds=5) == 0
    assert "Cancel" not in peer.output
    listening.close()


def test_garbage_is_answered_and_not_logged(stage: Stage) -> None:
    peer, port, _ = start(stage, "--web", ":0")
    peer.mark()
    for garbage in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"LIST ALL P2P-CI/1.0\r\n\r\n"):
        assert ask_raw(port, garbage).startswith(b"HTTP/1.1 400 ")
    assert ask(port)[0] == 200
    assert "HTTP" not in peer.output


def test_token_comes_from_the_environment_and_stands_in_the_address(stage: Stage) -> None:
    _, port, address = start(stage, "--web", "127.0.0.1:0", P2PCI_WEB_TOKEN=TOKEN)
    assert address.endswith(f"/?token={TOKEN}")
    assert ask(port)[0] == 401
    assert ask(port, authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(port, "/static/style.css")[0] == 401


def test_other_names_are_given(stage: Stage) -> None:
    _, port, _ = start(stage, "--web", ":0", "--web-host", "Shelf.Example", "--web-host", "other.example")
    assert [ask(port, host=name)[0] for name in ("shelf.example", "other.example", "third.example")] == [
        200,
        200,
        403,
    ]


@pytest.mark.parametrize(
    "flags,words",
    [
        (("--web", "0.0.0.0:0"), "needs --web-token"),
        (("--web", "[::]:0"), "needs --web-token"),
        (("--web", "192.0.2.1:0", "--web-token", "short"), "16 or more"),
        (("--web", ":0", "--web-token", "with blanks and more of them"), "16 or more"),
        (("--web-token", TOKEN), "Add --web"),
        (("--web", "nowhere:x"), "--web"),
    ],
)
def test_wrong_flags_are_a_sentence_and_exit_2(flags: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = run((*P2PCI, "peer", "localhost:9", *flags), cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr


def test_taken_port_of_a_page_is_a_sentence_and_exit_4(stage: Stage) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        _, port = stage.start_server()
        page = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run((*P2PCI, "peer", f"localhost:{port}", "--no-menu", "--web", page), cwd=stage.folder)
    assert (done.returncode, f"Cannot listen on {page}: Address already in use. Stop" in done.stderr) == (
        4,
        True,
    )


async def test_page_for_all_goes_by_the_names_of_this_machine() -> None:
    rules = await make_rules(Web(("0.0.0.0", 7780), token=TOKEN, names=("Shelf.example",)))
    assert isinstance(rules.hosts, set)
    assert {socket.gethostname().lower(), "localhost", "shelf.example"} <= rules.hosts
    assert "0.0.0.0" not in rules.hosts
    assert re.fullmatch(
        rf"http://[0-9.]+:80/\?token={TOKEN}", await page_address(Web(("0.0.0.0", 80), token=TOKEN), 80)
    )


def test_page_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pci.cli.web_pages.find_spec", lambda _name: None)
    with pytest.raises(NotInstalledError, match=r"pip install 'p2pci\[web\]'"):
        require_web()


def test_settings_file_has_them_too(stage: Stage) -> None:
    settings = f'[peer]\nweb = ":0"\nweb-token = "{TOKEN}"\nweb-host = "one.example, two.example"\n'
    (stage.folder / "p2pci.toml").write_text(settings)
    _, port, address = start(stage)
    assert address.endswith(TOKEN)
    assert ask(port, host="two.example", authorization=f"Bearer {TOKEN}")[0] == 200


def test_page_and_menu_go_together(stage: Stage) -> None:
    _, port = stage.start_server()
    peer = stage.start(*P2PCI, "peer", f"localhost:{port}", "--web", ":0", on_terminal=True)
    page = int(peer.wait_for(r"Open http://127\.0\.0\.1:(\d+)/ in a browser")[1])
    peer.wait_for("Choose 1-5: ")
    assert ask(page)[0] == 200
    peer.type("5\n")
    assert peer.finish(seconds=5) == 0
