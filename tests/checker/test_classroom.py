"""What a folder says of how its program is started: everything that can be wrong with it is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from p2pci.checker.classroom import MAX_FILE_BYTES, SETTINGS_NAME, Entry, Task, find_entries
from p2pci.errors import InvalidValueError


def read(tmp_path: Path, settings: bytes, *, name: str = SETTINGS_NAME) -> Entry:
    folder = tmp_path / "class" / "alice"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(settings)
    [entry] = find_entries(folder.parent, out=tmp_path / "out")
    return entry


def test_what_is_left_out_is_as_usual(tmp_path: Path) -> None:
    text = b'[server]\nstart = "./s"\n[peer]\nstart = "./p"\n[client]\nstart = "./c"\n'
    assert read(tmp_path, text).tasks == (
        Task(kind="server", command="./s", host="127.0.0.1", port=7734),
        Task(kind="peer", command="./p", port=0, index_port=7734, number=0),
        Task(kind="client", command="./c", index_port=7734, script=None),
    )


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = (
        b'\xef\xbb\xbf[server]\r\nstart = "./s"\r\nhost = "127.0.1.1"\r\nport = 65535\r\n'
        b'[peer]\r\nstart = "./p"\r\nindex_port = 1\r\nport = 2\r\nhave = 4294967295\r\n'
        b'[client]\r\nstart = "./c"\r\nscript = "menu.toml"\r\n'
    )
    server, peer, client = read(tmp_path, text).tasks
    assert (server.host, server.port) == ("127.0.1.1", 65535)
    assert (peer.index_port, peer.port, peer.number) == (1, 2, 4294967295)
    assert client.script == tmp_path / "class" / "alice" / "menu.toml"


SERVER = b'[server]\nstart = "x"\n'


@pytest.mark.parametrize(
    "settings,trouble",
    [
        (b"", "is empty. It has [server], [peer] or [client]"),
        (b"# only this\n", "is empty"),
        (b"[server", "is no TOML"),
        (b'[server]\nstart = "x"\nstart = "y"\n', "is no TOML"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"\xff\xfe[\0", "is not UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), "up to 64 KiB"),
        (b'start = "x"\n', "and no 'start'"),
        (b'server = "x"\n', "and no 'server'"),
        (b'[[server]]\nstart = "x"\n', "and no 'server'"),
        (b'["\\u001b[31m"]\n', r"and no '\x1b[31m'"),
        (b"[server]\n", "[server]: start is missing"),
        (b'[server]\nstart = " "\n', "start is missing"),
        (b'[server]\nstart = ["x"]\n', "start is missing"),
        (b'[server]\nstart = "a\\u0000b"\n', "start is missing"),
        (SERVER + b"prot = 1\nhave = 2\n", "[server]: have, prot is not known. There are host, port, start"),
        (SERVER + b"port = 0\n", "port is a number from 1 to 65535"),
        (SERVER + b"port = 65536\n", "port is a number"),
        (SERVER + b"port = true\n", "port is a number"),
        (SERVER + b"port = 1.5\n", "port is a number"),
        (SERVER + b'port = "7734"\n', "port is a number from 1 to 65535, without quotes"),
        (SERVER + b"host = 1\n", "[server]: host is a name between quotes"),
        (SERVER + b'host = ""\n', "host is a name"),
        (b'[peer]\nstart = "x"\nhave = 4294967296\n', "have is a number from 1 to 4294967295"),
        (b'[peer]\nstart = "x"\nindex_port = -1\n', "index_port is a number"),
        (b'[client]\nstart = "x"\nscript = 5\n', "[client]: script is a name between quotes"),
        (b'[client]\nstart = "x"\nport = 5\n', "[client]: port is not known"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, settings: bytes, trouble: str) -> None:
    entry = read(tmp_path, settings)
    assert trouble in entry.trouble
    assert entry.trouble.endswith(".")
    assert entry.tasks == ()


@pytest.mark.parametrize("name", ["Makefile", "makefile", "GNUmakefile"])
def test_run_server_of_a_makefile_is_a_server(tmp_path: Path, name: str) -> None:
    entry = read(tmp_path, b"all:\n\nrun-server : all\n\t./server\n", name=name)
    assert entry.tasks == (Task(kind="server", command="make run-server", port=7734),)


def test_makefile_without_run_server_is_none(tmp_path: Path) -> None:
    entry = read(tmp_path, b"x:\n\techo run-server:\nrun-servers:\n", name="Makefile")
    assert "nor a Makefile with run-server" in entry.trouble


def test_what_would_be_waited_for_is_not_read(tmp_path: Path) -> None:
    pipe, device = tmp_path / "class" / "pipe", tmp_path / "class" / "zero"
    for folder in (pipe, device):
        folder.mkdir(parents=True)
    os.mkfifo(pipe / SETTINGS_NAME)
    (device / SETTINGS_NAME).symlink_to("/dev/zero")
    assert all("is no file" in entry.trouble for entry in find_entries(pipe.parent, out=tmp_path))


def test_files_hidden_folders_and_that_of_the_reports_are_passed_over(tmp_path: Path) -> None:
    for name in (".git", "b", "a", "reports"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").touch()
    entries = find_entries(tmp_path, out=tmp_path / "b" / ".." / "reports")
    assert [entry.name for entry in entries] == ["a", "b"]


def test_folder_without_any_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"has no sub-folders\. Put each program into one"):
        find_entries(tmp_path, out=tmp_path / "out")
    with pytest.raises(InvalidValueError, match="No such file"):
        find_entries(tmp_path / "missing", out=tmp_path / "out")
