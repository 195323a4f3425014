"""The benchmark runs: a tiny measurement, the page made of it, and load on servers and a peer.

No speed is asserted. What is compared with need not be installed: then it is named as missing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.report.results import OURS, Curve, Line, Results, Verdict, load_results
from bench.target import parse_target
from bench.workshop import BenchError
from tests.cli.process import P2PCI, ROOT, Stage, closed_port, environment, wait_until_open

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the load generator is made of epoll")


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_a_tiny_run_measures_prints_and_writes_the_page(tmp_path: Path) -> None:
    tiny = ("--rounds", "1", "--seconds", "0.05", "--scale", "0.01", "--save", "--output", str(tmp_path))
    done = run_bench(*tiny, "--only", "large", "--only", "shelf")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOOKUP with" in done.stdout
    results = load_results(tmp_path / "benchmarks.json")
    assert {line.row for line in results.lines} == {"large", "shelf"}
    assert all(line.value() for line in results.lines)
    assert "| ADD of a shelf of 100 documents" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    ET.parse(tmp_path / "benchmarks.svg")


def test_page_and_charts_are_rendered_from_kept_results(tmp_path: Path) -> None:
    line = Line(row="lookup", what="LOOKUP <&>", unit="requests/s", samples={OURS: [2.0]}, at_least=1.0)
    curve = Curve(what="LOOKUP", unit="µs", over="peers", points=[(10, 1.5), (100, 1.6)])
    Results(date="2026-01-02", lines=[line], growth=[curve]).save(tmp_path / "benchmarks.json")
    assert run_bench("--render", "--output", str(tmp_path)).returncode == 0
    assert "2026-01-02" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for name in ("benchmarks.svg", "growth.svg"):
        ET.parse(tmp_path / name)


@pytest.mark.parametrize(
    "ours, others, verdict",
    [([9.0], [10.0], Verdict.MET), ([10.0], [10.0], Verdict.AIM), ([5.0], [10.0], Verdict.MISSED)],
)
def test_a_ratio_is_judged_by_its_bounds(ours: list[float], others: list[float], verdict: Verdict) -> None:
    samples = {OURS: ours, "Redis": others}
    line = Line(row="r", what="w", unit="u", samples=samples, against="Redis", at_least=0.8, aim=1.0)
    assert line.verdict == verdict


def test_a_line_without_its_comparison_is_not_judged() -> None:
    line = Line(row="r", what="w", unit="u", samples={OURS: [1.0]}, against="nginx", at_least=0.9)
    assert (line.ratio(), line.verdict) == (None, Verdict.NONE)


@pytest.mark.slow
def test_a_running_server_is_loaded(stage: Stage) -> None:
    _, port = stage.start_server(program=(*P2PCI, "server", "--port", "0"))
    done = run_bench("--target", f"server:localhost:{port}", "--seconds", "0.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOOKUP, 10 connections, 16 in flight" in done.stdout
    assert "ADD, 10 connections, 16 in flight" in done.stdout


@pytest.mark.slow
def test_a_server_of_another_make_is_loaded(stage: Stage) -> None:
    other = stage.start(sys.executable, "-u", str(ROOT / "bench" / "programs" / "threads.py"))
    port = int(other.wait_for(r"^(\d+)$")[1])
    done = run_bench("--target", f"server:127.0.0.1:{port}", "--seconds", "0.1")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_running_peer_is_loaded(stage: Stage) -> None:
    _, port = stage.start_server()
    _, upload_port = stage.start_holder(port, {7: "Seven"})
    wait_until_open(upload_port)
    done = run_bench("--target", f"peer:127.0.0.1:{upload_port}", "--number", "7", "--seconds", "0.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong" in done.stdout
    absent = run_bench("--target", f"peer:127.0.0.1:{upload_port}", "--number", "8", "--seconds", "0.1")
    assert absent.returncode == 1
    assert "404" in absent.stderr


@pytest.mark.parametrize("text", ["server:127.0.0.1", "index:127.0.0.1:7734", "server:192.0.2.1:7734"])
def test_what_is_no_target_of_this_machine_is_refused(text: str) -> None:
    with pytest.raises(BenchError):
        parse_target(text)


def test_a_target_where_nobody_listens_is_told() -> None:
    done = run_bench("--target", f"server:127.0.0.1:{closed_port()}")
    assert done.returncode == 1
    assert "Nobody listens" in done.stderr
