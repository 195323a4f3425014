"""`p2pci bundle`: documents in one file, out of one folder and into another, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.process import P2PCI, Stage, environment, fill, run
from tests.library.bundles import documents_in
from tests.library.test_real_documents import made_sample

pytestmark = pytest.mark.slow  # every test runs commands; what they do is tested below them, too

TITLES = {number: f"Title {number}" for number in (1, 7, 42)}
KILLS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where `rfcs/` has three documents."""
    fill(tmp_path / "rfcs", TITLES)
    return tmp_path


def _bundle(folder: Path, *words: str) -> tuple[int, str, str]:
    done = run((*P2PCI, "bundle", *words), cwd=folder)
    return done.returncode, done.stdout, done.stderr


def test_folder_goes_into_one_file_and_out_again(folder: Path) -> None:
    size = sum(path.stat().st_size for path in (folder / "rfcs").glob("rfc*.txt"))
    assert _bundle(folder, "export", "b.tar") == (0, f"Wrote b.tar: 3 document(s), {size} bytes.\n", "")
    assert _bundle(folder, "import", "b.tar", "--library", "to") == (0, "3 document(s): 3 new.\n", "")
    assert documents_in(folder / "to") == documents_in(folder / "rfcs")
    again = "3 document(s): 0 new, 3 already here.\n"
    assert _bundle(folder, "import", "b.tar", "--library", "to") == (0, again, "")


@pytest.mark.parametrize("command", ["export", "import"])
def test_help_has_an_example(folder: Path, command: str) -> None:
    code, output, _ = _bundle(folder, command, "--help")
    assert (code, f"  Example:  p2pci bundle {command} june.tar.xz" in output) == (0, True)


def test_real_documents_arrive_as_they_are(tmp_path: Path) -> None:
    library = Path(os.environ.get("P2PCI_TEST_RFCS") or made_sample(tmp_path))
    sample = {path.name: path.read_bytes() for path in library.glob("rfc[0-9]*.txt")}
    (tmp_path / "from").mkdir()
    for name, data in sample.items():
        (tmp_path / "from" / name).write_bytes(data)

    assert _bundle(tmp_path, "export", "b.tar.gz", "--library", "from")[0] == 0
    assert _bundle(tmp_path, "import", "b.tar.gz", "--library", "to")[0] == 0

    assert {path.name: path.read_bytes() for path in (tmp_path / "to").glob("rfc*.txt")} == sample


def test_bundle_goes_through_a_pipe(folder: Path) -> None:
    writing = subprocess.Popen(
        (*P2PCI, "bundle", "export", "-"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    done = subprocess.run(
        (*P2PCI, "bundle", "import", "-", "--library", "to"),
        cwd=folder,
        env=environment(),
        stdin=writing.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    _, said = writing.communicate()
    assert re.fullmatch(rb"Wrote the bundle: 3 document\(s\), \d+ bytes\.\n", said)
    assert done.stdout == "3 document(s): 3 new.\n"
    assert documents_in(folder / "to") == documents_in(folder / "rfcs")


def test_only_what_is_new_since_earlier_bundles_goes_in(folder: Path) -> None:
    _bundle(folder, "export", "may.tar")
    fill(folder / "rfcs", {7: "Anew"})
    _bundle(folder, "export", "june.tar", "--since", "may.tar")
    fill(folder / "rfcs", {8: "Title 8"})
    code, output, _ = _bundle(
        folder, "export", "july.tar", "--since", "may.tar", "--since", "june.tar", "--json"
    )
    told = json.loads(output)
    assert (code, told["file"], told["documents"], told["unchanged"]) == (0, "july.tar", [8], 3)
    code, output, _ = _bundle(folder, "export", "none.tar", "--since", "july.tar", "--since", "june.tar")
    assert "2 document(s)" in output
    assert "; 2 left out as in the earlier bundle." in output
    for name in ("may.tar", "june.tar", "july.tar"):
        assert _bundle(folder, "import", name, "--library", "to", "--replace")[0] == 0
    assert documents_in(folder / "to") == documents_in(folder / "rfcs")


def test_earlier_bundle_is_not_written_over(folder: Path) -> None:
    (folder / "old.tar").write_bytes(b"the earlier one")
    done = run((*P2PCI, "bundle", "export", "old.tar", "--since", "./old.tar"), cwd=folder)
    assert done.returncode == 2
    assert "FILE is what --since names, and would be lost." in done.stderr
    assert (folder / "old.tar").read_bytes() == b"the earlier one"


def test_differences_are_listed_and_replaced_when_asked(folder: Path) -> None:
    _bundle(folder, "export", "b.tar")
    fill(folder / "to", {7: "Ours"})
    ours = documents_in(folder / "to")[7]

    code, output, _ = _bundle(folder, "import", "b.tar", "--library", "to")
    assert code == 0
    assert "RFC 7 differs from the shelf's, which stays. --replace takes the bundle's.\n" in output
    assert output.endswith("3 document(s): 2 new, 1 different and left as they were.\n")
    assert documents_in(folder / "to")[7] == ours

    code, output, _ = _bundle(folder, "import", "b.tar", "--library", "to", "--replace")
    assert code == 0
    assert "RFC 7 was replaced; the older copy is rfc7.txt.orig now.\n" in output
    assert documents_in(folder / "to") == documents_in(folder / "rfcs")
    assert (folder / "to/rfc7.txt.orig").read_bytes() == ours


def test_import_as_json(folder: Path) -> None:
    _bundle(folder, "export", "b.tar")
    fill(folder / "to", {7: "Ours", 1: TITLES[1]})
    code, output, _ = _bundle(folder, "import", "b.tar", "--library", "to", "--json")
    assert (code, json.loads(output)) == (
        0,
        {
            "added": [42],
            "present": [1],
            "different": [7],
            "replaced": [],
            "refused": [],
            "missing": 0,
            "error": None,
        },
    )


def test_damaged_bundle_leaves_what_was_verified_and_exits_1(folder: Path) -> None:
    _bundle(folder, "export", "b.tar")
    data = (folder / "b.tar").read_bytes()
    (folder / "wrong.tar").write_bytes(data.replace(b"Comments: 7\n", b"Comments: 8\n"))
    (folder / "cut.tar").write_bytes(data[:-1600])

    code, output, errors = _bundle(folder, "import", "wrong.tar", "--library", "wrong")
    assert (code, output) == (1, "3 document(s): 2 new, 1 refused.\n")
    assert errors.startswith("RFC 7 was not taken: its bytes are not those that the list says. Copy")
    assert sorted(documents_in(folder / "wrong")) == [1, 42]

    code, output, errors = _bundle(folder, "import", "cut.tar", "--library", "cut")
    assert (code, output) == (1, "3 document(s): 2 new, 1 missing.\n")
    assert errors == "cut.tar: it ends too early. If it is a bundle, copy it here again.\n"
    code, output, _ = _bundle(folder, "import", "cut.tar", "--library", "cut", "--json")
    assert (code, json.loads(output)["missing"], json.loads(output)["error"]) == (1, 1, errors.strip())

    assert _bundle(folder, "import", "b.tar", "--library", "cut")[0] == 0
    assert documents_in(folder / "cut") == documents_in(folder / "rfcs")


def test_larger_documents_are_left_out_until_they_are_allowed(folder: Path) -> None:
    (folder / "rfcs/rfc7.txt").write_bytes(b"Seven\n" * 500)
    _bundle(folder, "export", "b.tar")
    code, output, errors = _bundle(folder, "import", "b.tar", "--library", "to", "--max-bytes", "2000")
    assert (code, output) == (1, "3 document(s): 2 new, 1 refused.\n")
    assert errors == (
        "RFC 7 was not taken: it has 3000 bytes, 2000 are allowed. "
        "If that is right, allow more with --max-bytes.\n"
    )
    assert sorted(documents_in(folder / "to")) == [1, 42]
    assert _bundle(folder, "import", "b.tar", "--library", "to", "--max-bytes", "3000")[0] == 0
    assert documents_in(folder / "to") == documents_in(folder / "rfcs")


@pytest.mark.parametrize(
    "words,code,said",
    [
        (("export", "b.tar", "--library", "typo"), 1, "typo: is no folder. Name the shelf with --library."),
        (("export", "b.tar", "--library", "empty"), 1, "empty: has no rfcN.txt to export. Name the shelf"),
        (
            ("export", "rfcs/rfc7.txt"),
            2,
            "'rfcs/rfc7.txt' is no name of a bundle. Let it end in .tar, .tar.gz",
        ),
        (
            ("export", "b.zip"),
            2,
            "'b.zip' is no name of a bundle. Let it end in .tar, .tar.gz, .tgz, .tar.xz",
        ),
        (
            ("export", "-", "--json"),
            2,
            "With '-' the bundle takes standard output, where JSON would damage it.",
        ),
        (("export", "folder.tar"), 1, "folder.tar: is no file that could be replaced. Choose another name."),
        (("export", "new/b.tar"), 1, "new: there is no such folder. Make it, or choose another."),
        (("export", "b.tar", "--since", "no.tar"), 1, "no.tar: there is no such file. Check its name."),
        (("export", "b.tar", "--since", "rfcs/rfc7.txt"), 1, "rfcs/rfc7.txt: it ends too early."),
        (("import", "no.tar"), 1, "no.tar: there is no such file. Check its name."),
        (("import", "rfcs"), 1, "rfcs: cannot be read: a folder has that name."),
        (("import", "rfcs/rfc7.txt"), 1, "rfcs/rfc7.txt: it ends too early. If it is a bundle, copy"),
        (("import", "other"), 1, "other: it is damaged, or no bundle. Copy it here again."),
        (("import", "-"), 1, "standard input: it ends too early. If it is a bundle, copy it here again."),
        (("import", "b.tar", "--max-bytes", "0"), 2, "'--max-bytes'"),
        (("export",), 2, "Missing argument 'FILE'"),
    ],
    ids=str,
)
def test_wrong_input_ends_in_a_sentence(folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (folder / "empty").mkdir()
    (folder / "folder.tar").mkdir()
    (folder / "other").write_bytes(b"PK" * 1000)
    before = sorted(folder.iterdir())
    status, output, errors = _bundle(folder, *words)
    assert (status, output) == (code, "")
    assert said in errors
    assert sorted(folder.iterdir()) == before
    assert not list((folder / "empty").glob("rfc*"))


def test_index_file_that_is_none_keeps_no_document_out(folder: Path) -> None:
    (folder / "rfcs/rfc-index.txt").write_text("none\n")
    code, output, errors = _bundle(folder, "export", "b.tar")
    assert (code, output.startswith("Wrote b.tar: 3 document(s), "), errors) == (0, True, "")


def test_bundle_is_not_written_to_a_screen(folder: Path, stage: Stage) -> None:
    writing = stage.start(*P2PCI, "bundle", "export", "-", cwd=folder, on_terminal=True)
    assert writing.finish() == 2
    assert "Send that into a file or a program." in writing.output


def test_progress_is_shown_in_place_on_a_screen(tmp_path: Path, stage: Stage) -> None:
    fill(tmp_path / "rfcs", dict.fromkeys(range(1, 1500), "Title"))
    for words in (("export", "b.tar.xz"), ("import", "b.tar.xz", "--library", "to")):
        working = stage.start(*P2PCI, "bundle", *words, cwd=tmp_path, on_terminal=True)
        assert working.finish() == 0
        verb = "Written" if words[0] == "export" else "Looked at"
        assert re.search(rf"\r\x1b\[K{verb} \d+ of 1499 documents\r\x1b\[K", working.output)


def test_settings_file_has_a_table_for_both(folder: Path) -> None:
    (folder / "p2pci.toml").write_text('[bundle]\nlibrary = "rfcs"\nreplace = true\n')
    fill(folder / "to", {7: "Ours"})
    assert _bundle(folder, "export", "b.tar")[0] == 0
    assert "1 replaced" in _bundle(folder, "import", "b.tar", "--library", "to")[1]
    (folder / "p2pci.toml").write_text('[bundle]\nlibary = "rfcs"\n')
    assert _bundle(folder, "export", "b.tar")[::2] == (
        2,
        "p2pci.toml: 'bundle' has no setting 'libary'. Mend the file.\n",
    )


def test_import_that_is_killed_at_any_point_keeps_no_wrong_bytes_and_goes_on(tmp_path: Path) -> None:
    """Killed with another twentieth of the bundle in its pipe each time, in one folder."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    for number in range(1, 101):
        block = hashlib.sha256(str(number).encode()).digest()
        (source / f"rfc{number}.txt").write_bytes(block * (800 + 148 * number))
    assert _bundle(tmp_path, "export", "b.tar", "--library", "from")[0] == 0
    data = (tmp_path / "b.tar").read_bytes()
    expected = documents_in(source)
    counts = []
    for point in range(1, KILLS + 1):
        with subprocess.Popen(
            (*P2PCI, "bundle", "import", "-", "--library", "to"),
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.PIPE,
        ) as importing:
            assert importing.stdin
            importing.stdin.write(data[: len(data) * point // (KILLS + 1)])
            importing.kill()
        assert importing.returncode == -signal.SIGKILL
        kept = documents_in(target) if target.is_dir() else {}
        assert kept.items() <= expected.items()
        counts.append(len(kept))
    assert counts == sorted(counts)
    assert 0 < counts[KILLS // 2] < counts[-1] < len(expected)

    code, output, errors = _bundle(tmp_path, "import", "b.tar", "--library", "to")
    new = len(expected) - counts[-1]
    assert (code, errors) == (0, "")
    assert output.endswith(f"100 document(s): {new} new, {counts[-1]} already here.\n")
    assert documents_in(target) == expected


def test_export_that_is_killed_leaves_no_bundle_under_its_name(tmp_path: Path, stage: Stage) -> None:
    fill(tmp_path / "rfcs", dict.fromkeys(range(1, 3000), "Title"))
    for size in (0, 1, 1000, 10_000, 40_000):
        exporting = stage.start(*P2PCI, "bundle", "export", "b.tar.xz", cwd=tmp_path)
        while exporting.is_running:
            with suppress(FileNotFoundError):  # what the last one left is deleted meanwhile
                if any(path.stat().st_size >= size for path in tmp_path.glob(".b.tar.xz.*.tmp")):
                    exporting.signal(signal.SIGKILL)
                    break
        exporting.finish()
        assert len(list(tmp_path.glob(".b.tar.xz.*.tmp"))) <= 1
        if (tmp_path / "b.tar.xz").exists():
            with tarfile.open(tmp_path / "b.tar.xz") as archive:
                assert len(archive.getnames()) == 3000
            (tmp_path / "b.tar.xz").unlink()
