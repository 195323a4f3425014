"""Pages asked for over real HTTP, and metrics read as Prometheus reads them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

HOST = "127.0.0.1"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def get(port: int, path: str, *, method: str = "GET", **headers: str) -> Answer:
    """Ask over a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request(method, path, headers=headers)
    with connection.getresponse() as answer:
        text = answer.read().decode()
    connection.close()
    return Answer(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})


def metrics(port: int) -> dict[str, float]:
    """Give all samples by name and labels, as in `p2pci_requests_total{code=200,method=ADD}`."""
    answer = get(port, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return _samples(text_string_to_metric_families(answer.text))


def openmetrics(port: int) -> dict[str, float]:
    """Give the same in the other form."""
    answer = get(port, "/metrics", accept=OPENMETRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    return _samples(read_openmetrics(answer.text))  # type: ignore[no-untyped-call]


def _samples(families: Any) -> dict[str, float]:
    samples: dict[str, float] = {}
    for family in families:
        assert family.documentation, family.name
        assert family.type != "unknown", family.name
        for name, labels, value, *_ in family.samples:
            shown = ",".join(f"{label}={labels[label]}" for label in sorted(labels))
            key = f"{name}{{{shown}}}" if shown else name
            assert key not in samples
            samples[key] = value
    return samples
