"""The session of the original programs, played once with the two starters on a bare Python.

Three peers and the server run as their users start them, on copies of peer1, peer2 and peer3. peer1 is
published as a name that leads to it, peer3 under the name of a machine that nobody asks.
"""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.process import PEER_PY, ROOT, SERVER_PY, Process, Stage, ask_raw, run

PROMPT = "Choose 1-5: "
ICP = "A Proferred Official ICP"
NAMES = "Domain Names and Company Name Retrieval"
FEATURES = "pipeline, digest, remove, holders, probe, reason"
IPSEC = "Requirements for IPsec Remote Access Scenarios"
MENU = """\
1. ADD — manually register an RFC with the server
2. LOOKUP — find which peers have a specific RFC
3. LIST — view all RFCs registered across all peers
4. GET — download an RFC from another peer (LOOKUP + GET + ADD)
5. EXIT — disconnect from server and quit
Choose 1-5: """


class Peer(NamedTuple):
    process: Process
    port: int


class Played(NamedTuple):
    """What everybody printed, and what came over the wire."""

    server_port: int
    ports: dict[str, int]
    output: dict[str, str]
    exits: dict[str, int]
    raw: dict[str, bytes]
    folder: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    stage = Stage(tmp_path_factory.mktemp("session"))
    try:
        return _play(stage)
    finally:
        stage.end()


def _play(stage: Stage) -> Played:
    server, port = stage.start_server()
    peer3 = _start_peer(stage, "peer3", port, advertise="Mac.lan")
    peer1 = _start_peer(stage, "peer1", port, advertise="localhost")
    peer2 = _start_peer(stage, "peer2", port, advertise="")
    menu = peer2.process
    menu.answer(PROMPT, "3")
    _look_up(menu)
    _download(menu)
    _add(menu)
    raw = {
        line: ask_raw(peer1.port, f"{line}\r\nHost: localhost\r\nOS: Mac\r\n\r\n".encode())
        for line in ("GET RFC 9999 P2P-CI/1.0", "BLAH RFC 123 P2P-CI/1.0", "GET RFC 123 P2P-CI/2.0")
    }
    exits = {}
    peer1.process.answer(PROMPT, "5")
    exits["peer1"] = peer1.process.finish()
    server.wait_for(r"left\. Removed")
    menu.answer(PROMPT, "LIST")
    menu.wait_for("^P2P-CI/1.0 200 OK$")
    peer3.process.wait_for(PROMPT)
    peer3.process.end_input()
    exits["peer3"] = peer3.process.finish()
    server.wait_for(r"left\. Removed")
    menu.answer(PROMPT, "exit")
    exits["peer2"] = menu.finish()
    server.wait_for(r"left\. Removed")
    server.signal(signal.SIGINT)
    exits["server"] = server.finish()
    return Played(
        port,
        {"peer1": peer1.port, "peer2": peer2.port, "peer3": peer3.port},
        {
            "server": server.output,
            "peer1": peer1.process.output,
            "peer2": peer2.process.output,
            "peer3": peer3.process.output,
        },
        exits,
        raw,
        stage.folder,
    )


def _start_peer(stage: Stage, name: str, server_port: int, *, advertise: str) -> Peer:
    """Start a peer on a copy of its folder: documents that were downloaded into the checkout stay there."""
    tracked = {"peer1": (2345, 3457), "peer2": (123, 3457), "peer3": (4563, 7895)}[name]
    (stage.folder / name / "rfcs").mkdir(parents=True)
    for number in tracked:
        shutil.copy2(ROOT / name / "rfcs" / f"rfc{number}.txt", stage.folder / name / "rfcs")
    env = {"P2PCI_ADVERTISE": advertise} if advertise else {}
    process = stage.start(*PEER_PY, f"localhost:{server_port}", cwd=stage.folder / name, env=env)
    found = process.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")
    process.wait_for(r"Registering(.|\n)*Registering(.|\n)*5\. EXIT")
    return Peer(process, int(found[1]))


def _look_up(menu: Process) -> None:
    menu.answer(PROMPT, "nine")
    menu.answer(PROMPT, "2")
    menu.answer("RFC number: ", "4342")
    menu.answer("Title (Enter skips): ", "")
    menu.answer(PROMPT, "lookup")
    menu.answer("RFC number: ", "4563")
    menu.answer("Title (Enter skips): ", "t" * 513)
    menu.answer("Title (Enter skips): ", "The Key ID")


def _download(menu: Process) -> None:
    menu.answer(PROMPT, "4")
    menu.answer("RFC number: ", "")  # which leads back
    menu.answer(PROMPT, "4")
    for wrong in ("x", "0", "4294967296", "2345 "):
        menu.answer("RFC number: ", wrong)
    for answers in (("maybe", "n"), ("y",)):
        menu.answer(PROMPT, "GET")
        menu.answer("RFC number: ", "2345")
        for answer in answers:
            menu.answer("RFC 2345 is already here. Download it again? [y/N] ", answer)
    menu.answer(PROMPT, "4")
    menu.answer("RFC number: ", "4342")


def _add(menu: Process) -> None:
    menu.answer(PROMPT, "1")
    menu.answer("RFC number: ", "77")
    menu.answer("Title: ", "Not There Yet")
    menu.answer(PROMPT, "ADD")
    menu.answer("RFC number: ", "123")
    menu.answer("Title: ", "A Corrected Title")
    menu.answer(PROMPT, "ADD")
    menu.answer("RFC number: ", "3457")
    menu.answer("Title: ", "")


def test_nothing_that_could_be_installed_is_there() -> None:
    code = """
import importlib.util, sys
sys.path.insert(0, sys.argv[1])
import p2pci.cli.original, p2pci.cli.menu
extras = {"click", "pyroaring", "rich", "uvloop"}
assert not extras & set(sys.modules), sys.modules
assert not [name for name in extras if importlib.util.find_spec(name)]
"""
    done = run((*SERVER_PY[:-1], "-c", code, str(ROOT / "src")), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_everybody_ends_well(played: Played) -> None:
    assert played.exits == {"server": 0, "peer1": 0, "peer2": 0, "peer3": 0}


def test_server_says_where_it_listens(played: Played) -> None:
    assert played.output["server"].startswith(f"[SERVER] Listening on port {played.server_port}...\n")


def test_server_shows_a_peer_that_joins(played: Played) -> None:
    port = played.ports["peer3"]
    assert re.search(
        rf"""^\[Server\] New TCP connection from 127\.0\.0\.1:\d+
ADD RFC 4563 P2P-CI/1\.0
Host: Mac\.lan
Port: {port}
Title: The Key ID Information Type for .+
Features: {FEATURES}

\[Server\] Added Mac\.lan:{port}
\[Server\] Added RFC 4563 from Mac\.lan
P2P-CI/1\.0 200 OK
Features: {FEATURES}

RFC 4563 The Key ID Information Type for .+ Mac\.lan {port}

ADD RFC 7895 P2P-CI/1\.0
""",
        played.output["server"],
        re.MULTILINE,
    )


@pytest.mark.parametrize(
    "name,host,records", [("peer1", "localhost", 2), ("peer2", "127.0.0.1", 4), ("peer3", "Mac.lan", 2)]
)
def test_server_shows_a_peer_that_leaves(played: Played, name: str, host: str, records: int) -> None:
    port = played.ports[name]
    line = f"[SERVER] Peer {host}:{port} left. Removed 1 peer(s), {records} RFC(s)."
    assert line in played.output["server"].splitlines()


@pytest.mark.parametrize("name,host", [("peer1", "localhost"), ("peer2", "127.0.0.1"), ("peer3", "Mac.lan")])
def test_peer_says_who_and_where_it_is(played: Played, name: str, host: str) -> None:
    assert played.output[name].startswith(
        f"[UPLOAD] Upload server listening on port {played.ports[name]}\n"
        f"[Peer] Hostname: {host}\n"
        f"[Peer] Connected to server at port {played.server_port}\n"
        "[Peer] Registering RFC "
    )


def test_peer_shows_its_documents_being_registered(played: Played) -> None:
    port = played.ports["peer1"]
    for number, title in ((2345, NAMES), (3457, IPSEC)):
        features = f"Features: {FEATURES}\n" if number == 2345 else ""
        assert f"""
[Peer] Registering RFC {number}: {title}
ADD RFC {number} P2P-CI/1.0
Host: localhost
Port: {port}
Title: {title}
{features}
P2P-CI/1.0 200 OK
{features}
RFC {number} {title} localhost {port}

""" in played.output["peer1"]


@pytest.mark.parametrize("name", ["peer1", "peer2", "peer3"])
def test_menu_is_offered(played: Played, name: str) -> None:
    assert MENU in played.output[name]


def test_list_shows_every_record_by_number(played: Played) -> None:
    one, two, three = played.ports.values()
    listed = played.output["peer2"].partition("LIST ALL P2P-CI/1.0\n")[2].partition("\n\n\n")[0]
    lines = listed.splitlines()
    assert lines[:5] == ["Host: 127.0.0.1", f"Port: {two}", "", "P2P-CI/1.0 200 OK", ""]
    assert lines[5:7] == [f"RFC 123 {ICP} 127.0.0.1 {two}", f"RFC 2345 {NAMES} localhost {one}"]
    assert set(lines[7:9]) == {f"RFC 3457 {IPSEC} localhost {one}", f"RFC 3457 {IPSEC} 127.0.0.1 {two}"}
    assert [line.split()[1] for line in lines[9:]] == ["4563", "7895"]
    assert all(line.endswith(f" Mac.lan {three}") for line in lines[9:])


def test_list_after_a_peer_left_lacks_its_records(played: Played) -> None:
    listed = played.output["peer2"].rpartition("LIST ALL P2P-CI/1.0\n")[2].partition("\n\n\n")[0]
    records = [line for line in listed.splitlines() if line.startswith("RFC")]
    assert [record.split()[1] for record in records] == ["77", "123", "2345", "3457", "4563", "7895"]
    assert not [record for record in records if record.endswith(f" {played.ports['peer1']}")]
    assert f"RFC 123 A Corrected Title 127.0.0.1 {played.ports['peer2']}" in records


def test_lookup_of_what_nobody_has_shows_404_and_a_sentence(played: Played) -> None:
    assert f"""
LOOKUP RFC 4342 P2P-CI/1.0
Host: 127.0.0.1
Port: {played.ports["peer2"]}
Title:{" "}

P2P-CI/1.0 404 Not Found
Reason: Nobody has RFC 4342.


No peer has RFC 4342 at the moment.
""" in played.output["peer2"]


def test_lookup_sends_the_title_that_was_typed(played: Played) -> None:
    assert re.search(
        r"LOOKUP RFC 4563 P2P-CI/1\.0\nHost: .*\nPort: .*\nTitle: The Key ID\n\nP2P-CI/1\.0 200 OK\n\n"
        rf"RFC 4563 The Key ID Information .* Mac\.lan {played.ports['peer3']}\n",
        played.output["peer2"],
    )


def test_add_without_a_title_takes_that_of_the_document(played: Played) -> None:
    asked = re.findall(r"^Title: (.*)$", played.output["peer2"].partition("Not There Yet")[2], re.MULTILINE)
    assert asked[-1] == "Requirements for IPsec Remote Access Scenarios"


@pytest.mark.parametrize(
    "reason",
    [
        "'nine' is not on the menu. Type a number from 1 to 5.",
        "'x' is no RFC number. Give digits alone, from 1 to 4294967295.",
        "'0' is no RFC number. Give digits alone, from 1 to 4294967295.",
        "'4294967296' is no RFC number. Give digits alone, from 1 to 4294967295.",
        "The title has 513 characters. At most 512 are carried.",
        "Type y or n.",
    ],
)
def test_wrong_input_is_asked_again_with_a_reason(played: Played, reason: str) -> None:
    assert reason in played.output["peer2"].splitlines()


def test_get_is_lookup_and_get_and_add(played: Played) -> None:
    one, two = played.ports["peer1"], played.ports["peer2"]
    size = (ROOT / "peer1/rfcs/rfc2345.txt").stat().st_size
    assert re.search(
        rf"""
LOOKUP RFC 2345 P2P-CI/1\.0
Host: 127\.0\.0\.1
Port: {two}
Title:{" "}
Want: digest
Holders: 32

P2P-CI/1\.0 200 OK
Want: digest
Holders: 32

RFC 2345 {NAMES} localhost {one} {size} [0-9a-f]{{64}} 1

\[DOWNLOAD\] Connecting to localhost:{one} for RFC 2345\.\.\.
GET RFC 2345 P2P-CI/1\.0
Host: localhost
OS: .+

P2P-CI/1\.0 200 OK
Date: .+ GMT
OS: .+
Last-Modified: .+ GMT
Content-Length: {size}
Content-Type: text/plain

\[DOWNLOAD\] Saved to rfcs/rfc2345\.txt \({size} bytes\)
ADD RFC 2345 P2P-CI/1\.0
Host: 127\.0\.0\.1
Port: {two}
Title: {NAMES}

P2P-CI/1\.0 200 OK

RFC 2345 {NAMES} 127\.0\.0\.1 {two}

""",
        played.output["peer2"],
    )


def test_what_was_downloaded_is_the_same_document(played: Played) -> None:
    original = ROOT / "peer1/rfcs/rfc2345.txt"
    assert (played.folder / "peer2/rfcs/rfc2345.txt").read_bytes() == original.read_bytes()


def test_get_of_what_is_here_asks_before_it_downloads_again(played: Played) -> None:
    assert played.output["peer2"].count("[DOWNLOAD] Saved to rfcs/rfc2345.txt") == 2  # once, and after the y


def test_get_of_what_nobody_has_shows_404_and_a_sentence(played: Played) -> None:
    assert re.search(
        r"\[y/N\] y\n(.|\n)*LOOKUP RFC 4342 (.|\n)*"
        r"P2P-CI/1\.0 404 Not Found\nReason: Nobody has RFC 4342\.\n\n\nRFC 4342 was not found: .+\.\n",
        played.output["peer2"],
    )


def test_add_says_that_the_document_is_not_on_the_shelf(played: Played) -> None:
    output = played.output["peer2"]
    assert f"RFC 77 Not There Yet 127.0.0.1 {played.ports['peer2']}\n" in output
    assert "RFC 77 is not in rfcs yet: others get 404 until the file is there.\n" in output
    assert "RFC 123 is not in" not in output


def test_holder_shows_the_request_and_what_it_sent(played: Played) -> None:
    size = (ROOT / "peer1/rfcs/rfc2345.txt").stat().st_size
    assert re.search(
        rf"""^\[UPLOAD\] Request from \('127\.0\.0\.1', (\d+)\):
GET RFC 2345 P2P-CI/1\.0
Host: localhost
OS: .+

P2P-CI/1\.0 200 OK
(.+\n)+
\[UPLOAD\] Sent RFC 2345 to \('127\.0\.0\.1', \1\) \({size} bytes\)$""",
        played.output["peer1"],
        re.MULTILINE,
    )


@pytest.mark.parametrize(
    "request_line,status",
    [
        ("GET RFC 9999 P2P-CI/1.0", "404 Not Found"),
        ("BLAH RFC 123 P2P-CI/1.0", "400 Bad Request"),
        ("GET RFC 123 P2P-CI/2.0", "505 P2P-CI Version Not Supported"),
    ],
)
def test_upload_port_answers_errors_and_closes(played: Played, request_line: str, status: str) -> None:
    assert played.raw[request_line] == f"P2P-CI/1.0 {status}\r\n\r\n".encode()
    assert f"\n{request_line}\nHost: localhost\nOS: Mac\n\nP2P-CI/1.0 {status}\n" in played.output["peer1"]


@pytest.mark.parametrize("name", ["peer1", "peer2", "peer3"])
def test_leaving_peer_says_so_last(played: Played, name: str) -> None:
    assert played.output[name].endswith("[PEER] Disconnecting...\n")


@pytest.mark.parametrize(
    "document,titles",
    [
        ("peer1/rfcs/rfc2345.txt", NAMES),
        ("peer1/rfcs/rfc3457.txt", IPSEC),
        ("peer2/rfcs/rfc123.txt", ICP),
        ("peer2/rfcs/rfc3457.txt", IPSEC),
    ],
)
def test_sample_document_has_its_title_and_a_small_size(document: str, titles: str) -> None:
    data = (ROOT / document).read_bytes()
    assert titles.split(maxsplit=1)[0].encode() in data
    assert 1000 <= len(data) <= 3072
    assert len(data) == 1839 or "3457" not in document
