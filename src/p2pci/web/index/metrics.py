"""The metrics of an index server for Prometheus: made of its integers when they are asked for.

Names and units are those of Prometheus's own advice. Imports its package, `server` and prometheus_client.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from p2pci import __version__
from p2pci.index import Survey
from p2pci.server import IndexServer, State
from p2pci.server.counting import TIMED_ONE_IN
from p2pci.web.index.stats import DURATION_BITS, by_holders, newcomers


class IndexCollector(Collector):
    """Tells what an index server has counted.

    Attributes:
        survey: of the copies; set it before a collection.
    """

    def __init__(self, server: IndexServer) -> None:
        self.survey = Survey(server.index)
        self._server = server

    def describe(self) -> Iterator[Metric]:
        """Say nothing: it would be a collection before there is anything to collect."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("p2pci_build", "This program.", value={"version": __version__})
        yield from self._now()
        yield from self._since_the_start()

    def _now(self) -> Iterator[Metric]:
        server = self._server
        if shared := server.shared:
            whether = "Whether this server is one with the others of its shared index."
            yield GaugeMetricFamily("p2pci_shared", whether, value=float(shared.is_shared))
            others = "Other servers of the shared index that are there."
            yield GaugeMetricFamily("p2pci_shared_others", others, value=len(shared.others))
        ready = float(server.state is State.READY)
        yield GaugeMetricFamily("p2pci_ready", "Whether newcomers are taken.", value=ready)
        connections = server.connection_count
        yield GaugeMetricFamily("p2pci_connections", "Connections that are open.", value=connections)
        members = server.index.member_count
        yield GaugeMetricFamily("p2pci_peers", "Peers that have joined.", value=members)
        records = server.index.record_count
        yield GaugeMetricFamily("p2pci_records", "Records of all peers.", value=records)
        documents = GaugeMetricFamily(
            "p2pci_documents", "Documents by the number of their holders.", labels=["holders"]
        )
        for group in by_holders(self.survey):
            documents.add_metric([_holders(group["from"], group["to"])], group["documents"])
        yield documents

    def _since_the_start(self) -> Iterator[Metric]:
        counts = self._server.counts
        requests = CounterMetricFamily(
            "p2pci_requests", "Requests that were answered.", labels=["method", "code"]
        )
        for (method, code), count in counts.answered().items():
            requests.add_metric([method, code], count)
        yield requests
        yield CounterMetricFamily("p2pci_received_bytes", "Bytes of requests.", value=counts.received)
        yield CounterMetricFamily("p2pci_sent_bytes", "Bytes of answers.", value=counts.sent)
        came = CounterMetricFamily("p2pci_newcomers", "What became of connections.", labels=["outcome"])
        for outcome, count in newcomers(self._server).items():
            came.add_metric([outcome], count)
        yield came
        yield self._answer_times()

    def _answer_times(self) -> Metric:
        durations = self._server.counts.durations
        bounds = [(str(2**bits / 1e9), sum(durations[: bits + 1])) for bits in DURATION_BITS]
        return HistogramMetricFamily(
            "p2pci_answer_batch_seconds",
            "From bytes read to answers written, for each batch of requests that came together; of the "
            f"shortest ones, LOOKUPs like the last one, about one in {TIMED_ONE_IN} is timed for all.",
            buckets=[*bounds, ("+Inf", sum(durations))],
            sum_value=self._server.counts.nanoseconds / 1e9,
        )


class Metrics:
    """All metrics of this process, in the form that is asked for."""

    def __init__(self, server: IndexServer) -> None:
        self._collector = IndexCollector(server)
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def write(self, survey: Survey, *, accept: str) -> tuple[bytes, str]:
        """Give the metrics and their media type, by an Accept header."""
        self._collector.survey = survey
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def _holders(low: int, high: int | None) -> str:
    """Name a group of numbers of holders: `3`, `5-9`, `1000+`."""
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"
