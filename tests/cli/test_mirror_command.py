"""`p2pci mirror` as people run it, stop it and kill it."""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Process, Stage, answering, closed_port, run

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

DOCUMENTS = 400


class Swarm(NamedTuple):
    server: str
    originals: dict[str, bytes]


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """An index and two peers that share the same documents, of some 30 kB each."""
    folder = tmp_path_factory.mktemp("swarm")
    stage = Stage(folder)
    originals = {
        f"rfc{number}.txt": b"RFC %d\n\nA Document\n" % number + random.Random(number).randbytes(30_000)
        for number in range(1, DOCUMENTS + 1)
    }
    try:
        _, port = stage.start_server()
        for name in ("one", "two"):
            library = folder / name
            library.mkdir()
            for document, text in originals.items():
                (library / document).write_bytes(text)
            peer = stage.start(
                *P2PCI, "peer", f"localhost:{port}", "--no-menu", "--library", str(library), cwd=folder
            )
            peer.wait_for("Serving until")
        yield Swarm(f"localhost:{port}", originals)
    finally:
        stage.end()


def _mirror(folder: Path, *words: str, server: str) -> tuple[int, str, str]:
    done = run((*P2PCI, "mirror", *words, "--server", server), cwd=folder)
    return done.returncode, done.stdout, done.stderr


def _on_shelf(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "rfcs").glob("rfc*.txt")}


def test_two_at_once_into_one_folder_account_for_every_document(swarm: Swarm, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    words = (*P2PCI, "mirror", "--all", "--server", swarm.server)
    try:
        one, two = (stage.start(*words, *more, cwd=tmp_path) for more in ((), ("--json",)))
        assert (one.finish(), two.finish()) == (0, 0)
    finally:
        stage.end()
    told = json.loads(two.output)
    assert told["documents"] + told["meanwhile"] == told["wanted"]
    counts = re.findall(r"\[MIRROR\] (\d+) (?:document\(s\) (?:to )?fetch|more had come)", one.output)
    assert int(counts[0]) == sum(map(int, counts[1:]))
    assert _on_shelf(tmp_path) == swarm.originals


def test_all_comes_and_the_second_run_says_so(swarm: Swarm, tmp_path: Path) -> None:
    code, output, errors = _mirror(tmp_path, "--all", server=swarm.server)
    assert (code, errors) == (0, "")
    assert _on_shelf(tmp_path) == swarm.originals
    assert output.startswith(f"[MIRROR] {DOCUMENTS} document(s) to fetch, 12.0 MB; 0 are in rfcs already.\n")
    assert f"\n[MIRROR] {DOCUMENTS} document(s) fetched, " in output
    assert "unverified" not in output
    code, output, errors = _mirror(tmp_path, "--all", server=swarm.server)
    assert (code, errors) == (0, "")
    assert output.startswith(f"[MIRROR] 0 document(s) to fetch, 0.0 MB; {DOCUMENTS} are in rfcs already.\n")


def test_summary_as_json(swarm: Swarm, tmp_path: Path) -> None:
    (tmp_path / "rfcs").mkdir()
    (tmp_path / "rfcs/rfc7.txt").write_text("ours\n")
    (tmp_path / "list").write_text("1-3 # the first\nrfc7.txt\n")
    code, output, errors = _mirror(tmp_path, "--file", "list", "--json", server=swarm.server)
    assert (code, errors) == (0, "")
    told = json.loads(output)
    assert (told["documents"], told["present"], told["differing"]) == (3, 1, [7])
    assert told["bytes"] == sum(len(swarm.originals[f"rfc{number}.txt"]) for number in (1, 2, 3))
    assert sum(source["documents"] for source in told["sources"]) == 3
    assert (told["wanted"], told["failed"], told["disputed"], told["unverified"]) == (3, [], {}, [])


def test_dry_run_fetches_nothing(swarm: Swarm, tmp_path: Path) -> None:
    code, output, errors = _mirror(tmp_path, "--range", "5-6,399-", "--dry-run", server=swarm.server)
    assert (code, errors) == (0, "")
    lines = [line.split("\t") for line in output.splitlines()[1:]]
    assert [(number, holders) for number, _, holders in lines] == [
        (f"RFC {number}", "2 holder(s)") for number in (5, 6, 399, 400)
    ]
    code, output, _ = _mirror(tmp_path, "--range", "5-6,399-", "--dry-run", "--json", server=swarm.server)
    assert (code, json.loads(output)["numbers"]) == (0, [5, 6, 399, 400])
    assert _on_shelf(tmp_path) == {}


@pytest.mark.parametrize(
    "words,said",
    [
        ((), "Say what to fetch: --all, --range 1-999, --file LIST, or --match WORD."),
        (("--range", "x"), "'x' is neither a number nor a range. Write 3457, 1-999 or 9000-."),
        (("--range", "9-1"), "'9-1' is not a range. Write the lower number first"),
        (("--file", "absent"), "'absent': No such file or directory"),
        (("--all", "--range", "7"), "--all is more than --range and --file. Give it alone, or leave it out."),
        (("--all", "--accept", "12"), "'12' is no SHA-256. Give its 64 hex digits."),
        (("--all", "--max-bytes", "x"), "'x' is not a valid integer range"),
    ],
)
def test_wrong_words_are_a_usage_error(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, output, errors = _mirror(tmp_path, *words, server="localhost")
    assert (code, output) == (2, "")
    assert said in errors


def test_file_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(bytes(range(128, 256)))
    code, _, errors = _mirror(tmp_path, "--file", "list", server="localhost")
    assert code == 2
    assert "is neither a number nor a range" in errors


def test_nobody_there_exits_4(tmp_path: Path) -> None:
    code, output, errors = _mirror(tmp_path, "--all", server=f"localhost:{closed_port()}")
    assert (code, output) == (4, "")
    assert errors.startswith("Cannot connect to localhost:")


def test_index_that_is_gone_is_said_once_for_all_that_is_missing(tmp_path: Path) -> None:
    dead = closed_port()
    listed = b"".join(
        b"RFC %d Title %s %d\r\n" % (number, LOOPBACK.encode(), dead) for number in range(1, 31)
    )
    with answering(b"P2P-CI/1.0 200 OK\r\n\r\n" + listed + b"\r\n", b"\r\n") as port:
        code, _, errors = _mirror(tmp_path, "--all", "--keep-going", server=f"{LOOPBACK}:{port}")
    assert code == 1
    assert errors == (
        "RFC 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 10 more: "
        f"The connection to the index at {LOOPBACK}:{port} is lost: it closed the connection.\n"
    )


def test_folder_that_is_none_exits_1(swarm: Swarm, tmp_path: Path) -> None:
    (tmp_path / "rfcs").touch()
    code, _, errors = _mirror(tmp_path, "--all", server=swarm.server)
    assert code == 1
    assert errors.endswith("is not a folder. Choose another folder.\n")


def test_interrupted_run_ends_with_whole_documents_and_the_next_goes_on(swarm: Swarm, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        mirror = stage.start(*P2PCI, "mirror", "--all", "--server", swarm.server, "--trace", cwd=tmp_path)
        mirror.wait_for("^Content-Length: ")
        mirror.signal(signal.SIGINT)
        assert mirror.finish() in (0, 130)
    finally:
        stage.end()
    assert _on_shelf(tmp_path).items() <= swarm.originals.items()
    assert [path.name for path in (tmp_path / "rfcs").glob(".rfc*.tmp")] == []
    assert _mirror(tmp_path, "--all", server=swarm.server)[0] == 0
    assert _on_shelf(tmp_path) == swarm.originals


@pytest.mark.parametrize("signals,code", [((signal.SIGTERM,), 143), ((signal.SIGINT, signal.SIGINT), 130)])
def test_ended_in_whatever_way_it_shows_no_traceback(
    swarm: Swarm, tmp_path: Path, signals: tuple[signal.Signals, ...], code: int
) -> None:
    stage = Stage(tmp_path)
    try:
        mirror = stage.start(*P2PCI, "mirror", "--all", "--server", swarm.server, "--trace", cwd=tmp_path)
        mirror.wait_for("^Content-Length: ")
        for number in signals:
            mirror.signal(number)
        assert mirror.finish() in (0, code, -signal.SIGINT)
        assert "Traceback" not in mirror.output
        assert len(signals) > 1 or not list((tmp_path / "rfcs").glob(".rfc*.tmp"))
    finally:
        stage.end()


def _wait_for_documents(folder: Path, count: int, mirror: Process) -> None:
    """Look, as often as can be, until so many are there or the mirror has ended."""
    while mirror.is_running and len(list((folder / "rfcs").glob("rfc*.txt"))) < count:
        pass


def test_fifty_kills_leave_no_wrong_bytes_and_the_last_run_completes(swarm: Swarm, tmp_path: Path) -> None:
    """kill -9 at fifty moments of a run, each time going on with what the last one left."""
    stage = Stage(tmp_path)
    digests = {name: hashlib.sha256(text).digest() for name, text in swarm.originals.items()}
    stopped_within = 0
    try:
        for turn in range(50):
            for path in (tmp_path / "rfcs").glob("rfc*.txt"):
                if turn % 5 == 0 or len(_on_shelf(tmp_path)) == DOCUMENTS:
                    path.unlink()
            mirror = stage.start(*P2PCI, "mirror", "--all", "--server", swarm.server, cwd=tmp_path)
            mirror.wait_for("to fetch")
            _wait_for_documents(tmp_path, turn * 7, mirror)
            mirror.kill()
            found = {path.name: path.read_bytes() for path in (tmp_path / "rfcs").glob("rfc*.txt")}
            assert all(hashlib.sha256(text).digest() == digests[name] for name, text in found.items())
            stopped_within += 0 < len(found) < DOCUMENTS
    finally:
        stage.end()
    assert stopped_within >= 25
    assert _mirror(tmp_path, "--all", server=swarm.server)[0] == 0
    assert _on_shelf(tmp_path) == swarm.originals
