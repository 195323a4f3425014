"""A class that is the same in every run: conforming, failing, dead, not to be judged, with hostile names."""

from __future__ import annotations

from dataclasses import replace

from p2pci.checker.reports.matrix import Judged
from tests.checker.reports.fixed import DEAD, FULL, GOOD, HOSTILE, RESULTS, make_report

HOSTILE_NAME = "<b>" + HOSTILE.decode(errors="surrogateescape")
PEER = make_report(*RESULTS[1:3], subject=replace(FULL.subject, kind="peer"))

CLASS = (
    Judged(name="alice", kind="server", report=GOOD, page="01-alice-server.html"),
    Judged(name="=1+1", kind="server", report=FULL, page="02-1-1-server.html"),
    Judged(name=HOSTILE_NAME, kind="server", report=FULL, page="03-b-server.html"),
    Judged(name="dead", kind="server", report=DEAD, page="04-dead-server.html"),
    Judged(name="alice", kind="peer", report=PEER, page="05-alice-peer.html"),
    Judged(name="carol", kind="client", trouble=f"It does not listen.\nIts last lines:\n{HOSTILE_NAME}"),
    Judged(
        name="dave", kind="", trouble="There is neither a p2pci-check.toml nor a Makefile with run-server."
    ),
)
