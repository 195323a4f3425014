"""The wheel, as others get it: built from the checkout, installed into its own environment, run there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import p2pci
from tests.cli.process import ROOT, environment

pytestmark = pytest.mark.slow  # the whole of it takes long; make test-all runs it

SOURCES = {
    path.relative_to(ROOT / "src").as_posix()
    for pattern in ("*.py", "web/static/**/*.*", "web/templates/*.html")
    for path in (ROOT / "src/p2pci").rglob(pattern)
}


def _run(*arguments: str | Path, cwd: Path) -> str:
    env = environment()
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        arguments, cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy, so that nothing is written into the checkout; the sdist comes between."""
    folder = tmp_path_factory.mktemp("build")
    wanted = ["pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"]
    for name in wanted:
        shutil.copy2(ROOT / name, folder)
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "src", folder / "src", ignore=unwanted)
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=folder)
    (wheel,) = (folder / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it into a fresh environment that sees the dependencies of this one, and give its programs."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    python = folder / "bin/python"
    uv = shutil.which("uv")  # what set up our own environment is there: uv, or else pip
    pip = (
        (uv, "pip", "install", "--python", python)
        if uv
        else (sys.executable, "-m", "pip", "--python", python, "install")
    )
    _run(*pip, "--quiet", "--no-index", "--no-deps", wheel, cwd=folder)
    assert (site / "p2pci").is_dir()
    # Behind its own folder: p2pci itself comes from the wheel. Editable installs of ours are not followed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def test_wheel_has_the_package_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"p2pci-{p2pci.__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"p2pci-{p2pci.__version__}.dist-info"
    assert names == {
        *SOURCES,
        "p2pci/py.typed",
        *(
            f"{info}/{name}"
            for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
        ),
    }


def test_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"p2pci-{p2pci.__version__}.dist-info/METADATA").decode()
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    required = re.findall(r"^Requires-Dist: ([a-z0-9]+)(.*)", metadata, re.MULTILINE)
    always = [name for name, condition in required if "extra ==" not in condition]
    assert sorted(always) == ["click", "pyroaring", "rich", "uvloop", "watchfiles"]
    assert re.findall(r"^Provides-Extra: (.*)", metadata, re.MULTILINE) == ["lan", "origin", "shared", "web"]
    assert "# p2pci" in metadata


def test_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    assert _run(installed / "p2pci", "--version", cwd=tmp_path) == f"p2pci {p2pci.__version__}\n"
    assert "\nEverything came out as it should." in _run(installed / "p2pci", "demo", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_installed_package_is_the_one_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "import p2pci, p2pci.cli.main; print(p2pci.__file__)"
    place = Path(_run(installed / "python", "-c", code, cwd=tmp_path).strip())
    assert place.is_relative_to(installed.parent)


def test_dependencies_stay_out_until_they_are_needed(installed: Path, tmp_path: Path) -> None:
    code = "import sys, p2pci; assert not {'click', 'rich', 'uvloop'} & set(sys.modules), sys.modules"
    _run(installed / "python", "-c", code, cwd=tmp_path)


def test_every_public_name_exists_and_is_documented() -> None:
    assert p2pci.__all__ == sorted(
        p2pci.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    for name in p2pci.__all__:
        value = getattr(p2pci, name)
        if name.isupper():
            continue  # a constant; its name says it
        assert value.__doc__, name
        # Those that nobody wrote: of dataclasses and named tuples.
        assert not value.__doc__.startswith(f"{name}("), name


def test_types_are_seen_by_those_who_import_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "import p2pci\n"
        "record: p2pci.Record = p2pci.Record(1, 'One', 'localhost', 2)\n"
        "reveal_type(record.number)\n"
        "reveal_type(p2pci.IndexServer(port=0).port)\n"
        "reveal_type(p2pci.fetch)\n"
    )
    python = str(installed / "python")
    told = _run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "use.py", cwd=tmp_path
    )
    assert told.count('Revealed type is "int"') + told.count('Revealed type is "builtins.int"') == 2
    assert "p2pci.events.Downloaded" in told


def test_python_example_of_the_docs_runs(installed: Path, tmp_path: Path) -> None:
    (example,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs/commands.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "example.py").write_text(example)
    told = _run(installed / "python", "-W", "error", "example.py", cwd=tmp_path)
    assert re.fullmatch(
        r"\[Record\(number=3457, title='Requirements for IPsec Remote Access Scenarios', "
        r"host='127\.0\.0\.1', port=\d+, copy=None, holders=0\)\]\n",
        told,
    )
