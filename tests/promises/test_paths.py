"""Row 14: a request reaches the documents of the shelf and nothing else, whatever stands there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.process import LOOPBACK, P2PCI, Stage, fill
from tests.promises.running import Served, read_to_the_end
from tests.upload.caller import BIG_BYTES, get

pytestmark = pytest.mark.slow  # many processes

SECRET = b"not for others"
TRICKS = (
    *("../secret", "..", ".", "/", "/etc/passwd", "//etc/passwd", "~", "~/.ssh/id_rsa", "7/../../secret"),
    *("..\\secret", "C:\\secret", "\\\\host\\share", "file:///etc/passwd", "rfc7.txt", "rfc7", "7.txt"),
    *("%2e%2e%2fsecret", "..%2fsecret", "%2e%2e/secret", "..%c0%afsecret", "..;/secret", "....//secret"),
    *(
        "7%00",
        "7%20",
        "7;id",
        "7|id",
        "7`id`",
        "$(id)",
        "$HOME",
        "*",
        "?",
        "[0-9]",
        "{7,8}",
        "7\\",
        "7'",
        '7"',
    ),
    *(".rfc7.txt", ".p2pci.json", ".rfc7.txt.0123456789abcdef.part", "/proc/self/environ", "/dev/zero", "-"),
    *("../" * 40 + "etc/passwd", "A" * 4000, "07/", "7#", "7:8", "CON", "NUL", "7::$DATA", "\u0667"),
    *("private", "private.txt", "below/rfc10.txt", "/../../rfc9", "/../private", "/../below/rfc10", "8/../9"),
)
TRUNCATED_BYTES = 40_100  # in the midst of a page that waits to be sent, and not in one that is read already
# Names in the folder that are no document: number, and what is there instead.
LINK_OUT, LINK_IN, LINK_LOOP, LINK_NOWHERE, FIFO, FOLDER, SOCKET, DEVICE_LINK, FOLDER_LINK = range(50, 59)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "shared"
    fill(library, {7: "Seven"})
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "rfc9.txt").write_bytes(SECRET)
    (library / "private.txt").write_bytes(SECRET)
    (library / ".rfc8.txt").write_bytes(SECRET)
    (library / "rfc").mkdir()  # with it rfc/../../rfc9.txt would be found
    (library / "below").mkdir()
    (library / "below" / "rfc10.txt").write_bytes(SECRET)
    return library


@pytest.fixture
def odd_names(library: Path) -> Iterator[None]:
    def name(number: int) -> Path:
        return library / f"rfc{number}.txt"

    name(LINK_OUT).symlink_to("../secret")
    name(LINK_IN).symlink_to("private.txt")
    name(LINK_LOOP).symlink_to(name(LINK_LOOP).name)
    name(LINK_NOWHERE).symlink_to("gone")
    os.mkfifo(name(FIFO))
    name(FOLDER).mkdir()
    name(DEVICE_LINK).symlink_to("/dev/zero")
    name(FOLDER_LINK).symlink_to("/etc")
    listening = socket.socket(socket.AF_UNIX)
    with closing(listening):
        descriptor = os.open(library, os.O_RDONLY)  # the whole path may be longer than such a name can be
        listening.bind(f"/proc/self/fd/{descriptor}/{name(SOCKET).name}")
        os.close(descriptor)
        yield


@pytest.fixture
def peer(stage: Stage, library: Path) -> Iterator[Served]:
    """A peer as it is started by a person, sharing that folder."""
    _, port = stage.start_server()
    process = stage.start(*P2PCI, "peer", f"{LOOPBACK}:{port}", "--no-menu", "--library", str(library))
    upload_port = process.wait_for(r"^\[UPLOAD\] Upload server listening on port (\d+)$")[1]
    process.wait_for("^.Peer. Serving until")
    served = Served(process, int(upload_port))
    yield served
    served.close()


def test_text_that_is_no_number_never_becomes_a_path(peer: Served, library: Path) -> None:
    original = (library / "rfc7.txt").read_bytes()
    assert len(set(TRICKS)) >= 40
    for trick in TRICKS:
        answer = peer.says_all(get(7).replace(b"7", trick.encode(), 1))
        assert answer.startswith((b"P2P-CI/1.0 400 ", b"P2P-CI/1.0 404 ")), trick
        assert SECRET not in answer, trick
        assert body(peer.says_all(get(7))) == original


@pytest.mark.usefixtures("odd_names")
def test_what_is_no_regular_file_is_not_there_and_blocks_nobody(peer: Served, library: Path) -> None:
    original = (library / "rfc7.txt").read_bytes()
    asked = [*range(LINK_OUT, FOLDER_LINK + 1), 8, 9, 10, 11, 4_294_967_295]
    waiting = [peer.peer() for _ in asked]
    for number, each in zip(asked, waiting, strict=True):
        each.says(get(number))
    assert body(peer.says_all(get(7))) == original
    for number, each in zip(asked, waiting, strict=True):
        assert read_to_the_end(each) == b"P2P-CI/1.0 404 Not Found\r\n\r\n", number


@pytest.mark.parametrize("size", [200_000, BIG_BYTES], ids=["small", "large"])
@pytest.mark.parametrize("is_read_before", [False, True], ids=["from the disk", "perhaps from memory"])
def test_document_that_changes_while_it_is_sent(
    peer: Served, library: Path, size: int, *, is_read_before: bool
) -> None:
    old = bytes(range(256)) * (size // 256)
    for number, change in enumerate(("replaced", "removed", "truncated", "a link", "a folder"), start=20):
        path = library / f"rfc{number}.txt"
        path.write_bytes(old)
        os.utime(path, (1e9, 1e9))
        if is_read_before:
            assert body(peer.says_all(get(number))) == old
        reader = peer.peer(receive_buffer=4096)
        reader.says(get(number))
        beginning = reader.socket.recv(1000)
        _change(path, change)
        got = body(beginning + read_to_the_end(reader))
        if change == "truncated":
            assert old.startswith(got)
        else:
            assert got == old, change
        _is_as_it_is_now(peer.says_all(get(number)), change, old=old)


def _is_as_it_is_now(answer: bytes, change: str, *, old: bytes) -> None:
    if change == "replaced":
        assert body(answer) == b"new" * 100
    elif change == "truncated":
        assert body(answer) == old[:TRUNCATED_BYTES]
    else:
        assert answer == b"P2P-CI/1.0 404 Not Found\r\n\r\n", change


def _change(path: Path, change: str) -> None:
    if change == "replaced":
        other = path.with_name("new")
        other.write_bytes(b"new" * 100)
        other.replace(path)
    elif change == "truncated":
        os.truncate(path, TRUNCATED_BYTES)
    else:
        path.unlink()
    if change == "a link":
        path.symlink_to("../secret")
    elif change == "a folder":
        path.mkdir()


def body(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"P2P-CI/1.0 200 OK\r\n"), answer[:200]
    return rest
