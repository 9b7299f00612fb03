"""The metrics of a process, in a registry of its own: `/metrics` shows them to Prometheus.

Each process has its own (`controller/metrics`, `api/metrics`); what both have is here. Whoever
has something to tell is given a function to call, so `kube` knows nothing of Prometheus.
`exposition` serves them; docs/metrics.md has a table that is made from the declarations.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from cronwright import __version__

_CALL_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Values = Iterable[tuple[Sequence[str], float]]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it is declared."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


class _Reading(Collector):
    """A metric whose values are looked up when somebody asks."""

    def __init__(self, family: Family, read: Callable[[], Values]) -> None:
        self._family = family
        self._read = read

    def collect(self) -> Iterable[Metric]:
        family = self._family
        kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
        metric = kind(family.name, family.meaning, labels=family.labels)
        for labels, value in self._read():
            metric.add_metric(labels, value)
        yield metric


class Metrics:
    """What both processes measure: their calls to the API server, and themselves."""

    def __init__(self) -> None:
        # Each counter would have a second series with the time of its creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.families: list[Family] = []
        self._registry = CollectorRegistry()
        for kind in (ProcessCollector, PlatformCollector, GCCollector):
            kind(registry=self._registry)
        self.reading(
            "cronwright_build_info",
            "Always 1; the version is in the label.",
            "version",
            read=lambda: [((__version__,), 1.0)],
        )
        self._calls = self.counter(
            "cronwright_api_calls_total",
            "Requests sent to the API server, repeated ones included. The code is the answer's "
            "HTTP status, 0 where there was no answer.",
            "verb",
            "resource",
            "code",
        )
        self._call_seconds = self.histogram(
            "cronwright_api_call_duration_seconds",
            "How long the API server took to answer; watches and logs are left out.",
            "verb",
            "resource",
            buckets=_CALL_SECONDS,
        )

    def called(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Count a request to the API server."""
        self._calls.labels(verb, resource, str(code)).inc()
        if verb != "watch" and resource != "pods/log":
            self._call_seconds.labels(verb, resource).observe(seconds)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Declare a counter."""
        self.families.append(Family(name, "counter", labels, meaning))
        return Counter(name, meaning, labels, registry=self._registry)

    def histogram(
        self, name: str, meaning: str, *labels: str, buckets: Sequence[float]
    ) -> Histogram:
        """Declare a histogram; the buckets are upper bounds."""
        self.families.append(Family(name, "histogram", labels, meaning))
        return Histogram(name, meaning, labels, registry=self._registry, buckets=buckets)

    def reading(
        self,
        name: str,
        meaning: str,
        *labels: str,
        read: Callable[[], Values],
        counts: bool = False,
    ) -> None:
        """Declare a gauge, or what counts, that is looked up when somebody asks."""
        family = Family(name, "counter" if counts else "gauge", labels, meaning)
        self.families.append(family)
        self._registry.register(_Reading(family, read))

    def render(self, accept: str) -> tuple[bytes, str]:
        """Write all metrics as an Accept header asks, and say in what form that is."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
