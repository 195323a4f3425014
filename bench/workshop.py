"""Programs of a measurement: started on their core, read, and ended, by whoever started them.

What a program prints goes to a file, so that reading it costs nobody time. Imports `machine`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bench.machine import cores, on_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
START_SECONDS = 20.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.005


class BenchError(Exception):
    """A measurement that cannot be made, and why."""


class Program:
    """A running program. Made by `Workshop.start`.

    Args:
        command: what was started.
        process: its process.
        output: the file of what it prints.
    """

    def __init__(self, command: Sequence[str], process: subprocess.Popen[bytes], output: Path) -> None:
        self.name = " ".join(Path(word).name for word in command[:4])
        self.process = process
        self._output = output

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str, *, seconds: float = START_SECONDS) -> re.Match[str]:
        """Wait until it has printed what matches.

        Raises:
            BenchError: it has ended, or did not print it in time.
        """
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output, re.MULTILINE)):
            if self.process.poll() is not None and not re.search(pattern, self.output, re.MULTILINE):
                raise BenchError(f"{self.name} ended before it was ready:\n{self.output[-2000:]}")
            if time.monotonic() > deadline:
                raise BenchError(f"{self.name} did not get ready in {seconds:.0f} s:\n{self.output[-2000:]}")
            time.sleep(_POLL_SECONDS)
        return found

    def finish(self, *, seconds: float) -> int:
        """Wait for its end and give its exit code.

        Raises:
            BenchError: it did not end in time; it was killed.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise BenchError(f"{self.name} did not end in {seconds:.0f} s:\n{self.output[-2000:]}") from error

    def stop(self) -> None:
        """End it: asked first, killed when it does not listen."""
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Workshop:
    """Where programs are started and their files lie; all of it is gone when it is left.

    Args:
        serving_core: what is measured runs there, None where programs cannot be held to a core.
        loading_core: everything else does.
        is_bare: p2pci runs on a Python without uvloop and pyroaring.
    """

    def __init__(self) -> None:
        self.is_bare = False
        self.serving_core: int | None
        self.loading_core: int | None
        self.serving_core, self.loading_core = cores() or (None, None)
        self.folder = Path(tempfile.mkdtemp(prefix="p2pci-bench-"))
        self.missing: dict[str, str] = {}  # a comparison that cannot be made here -> why
        self.versions: dict[str, str] = {}  # of the comparisons that were made
        self._programs: list[Program] = []
        self._paths: list[Path] = []
        self._made = 0
        self.environment = _environment()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> None:
        """End all programs and remove their files; what was compiled stays."""
        for program in reversed(self._programs):
            program.stop()
        self._programs.clear()
        for path in self._paths:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        self._paths.clear()

    def path(self, name: str) -> Path:
        """Give a new path in the temporary folder."""
        self._made += 1
        path = self.folder / f"{self._made}-{name}"
        self._paths.append(path)
        return path

    def start(
        self,
        command: Sequence[str],
        *,
        is_load: bool = False,
        obeys: bool = False,
        is_free: bool = False,
    ) -> Program:
        """Start a program.

        Args:
            command: what to run.
            is_load: it runs on the core of the load, not on the one that serves.
            obeys: its standard input is a pipe.
            is_free: it runs on any of the two.
        """
        output = self.path("output")
        core = self.loading_core if is_load else self.serving_core
        place = on_cores(self.serving_core, self.loading_core) if is_free else on_cores(core)
        with output.open("wb") as file, place:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE if obeys else subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        program = Program(command, process, output)
        self._programs.append(program)
        return program

    def stop(self, *programs: Program) -> None:
        for program in programs:
            program.stop()
            self._programs.remove(program)

    def compiled(self, name: str) -> str:
        """Give the path of a C program of ours, compiled now if it was not yet.

        Raises:
            BenchError: there is no compiler, or this system lacks what the program is made of.
        """
        binary = self.folder / name
        if binary.exists():
            return str(binary)
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            raise BenchError(
                "The load generator is a C program, and there is no cc here. Install a C compiler."
            )
        if sys.platform != "linux":
            raise BenchError("The load generator is made of epoll, which only Linux has. Measure there.")
        command = (compiler, "-O2", "-o", str(binary), str(PROGRAMS / f"{name}.c"))
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise BenchError(f"{compiler} could not compile {name}.c:\n{done.stderr}")
        return str(binary)


def _environment() -> dict[str, str]:
    """Give our environment without settings of p2pci and Python, which may cost time; fit for any folder."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("P2PCI_", "PYTHON"))}
    if folders := os.environ.get("PYTHONPATH"):
        plain["PYTHONPATH"] = os.pathsep.join(
            str(Path(folder).resolve()) for folder in folders.split(os.pathsep)
        )
    return plain | {"PYTHONUTF8": "1"}
