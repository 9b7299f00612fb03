"""What the chart brings for Prometheus: where to scrape, who may, and the alerts."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from cronwright.api.metrics import ApiMetrics
from cronwright.controller.metrics import OperatorMetrics
from tests.chart.chart import CHART, ROOT, Helm
from tests.chart.test_deployment import LABELS, SELECTOR

RULES = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"][0]["rules"]
# What the Prometheus Operator adds to each series of a pod; one of the metric's own goes before.
OF_THE_POD = {"namespace", "pod", "container"}
METRICS = {
    family.name: {*family.labels}
    for metrics in (OperatorMetrics(), ApiMetrics())
    for family in metrics.families
}


def test_nothing_needs_the_prometheus_operator_unless_asked_for(helm: Helm) -> None:
    assert not {kind for kind, _ in helm.render()} & {"PodMonitor", "PrometheusRule"}


def test_each_process_has_its_endpoint(helm: Helm) -> None:
    chosen = ("metrics.podMonitor.enabled=true", "metrics.podMonitor.labels.release=prometheus")
    monitor = helm.render(*chosen, "metrics.podMonitor.interval=15s")["PodMonitor", "cronwright"]
    endpoint = {"path": "/metrics", "honorLabels": True, "interval": "15s"}
    assert monitor == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {
            "name": "cronwright",
            "namespace": "system",
            "labels": LABELS | {"release": "prometheus"},
        },
        "spec": {
            "selector": {"matchLabels": SELECTOR},
            "podMetricsEndpoints": [
                {"port": "health"} | endpoint,
                {"port": "api-metrics"} | endpoint,
            ],
        },
    }
    alone = helm.render(*chosen, "api.enabled=false")["PodMonitor", "cronwright"]
    assert alone["spec"]["podMetricsEndpoints"] == [
        {"port": "health", "path": "/metrics", "honorLabels": True}
    ]


def test_a_network_policy_lets_nobody_scrape_unless_named(helm: Helm) -> None:
    def ingress(*values: str) -> list[dict[str, Any]]:
        policy = helm.render("networkPolicy.enabled=true", *values)["NetworkPolicy", "cronwright"]
        rules: list[dict[str, Any]] = policy["spec"]["ingress"]
        return rules

    who = [{"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}]
    named = (
        'networkPolicy.metricsFrom=[{"namespaceSelector":{"matchLabels":{"team":"monitoring"}}}]'
    )
    api = {"ports": [{"port": "api", "protocol": "TCP"}]}
    health, metrics = ({"port": port, "protocol": "TCP"} for port in ("health", "api-metrics"))
    assert ingress() == [api]
    assert ingress(named) == [api, {"ports": [health, metrics], "from": who}]
    assert ingress(named, "api.enabled=false") == [{"ports": [health], "from": who}]
    assert ingress("api.enabled=false") == []


def test_the_alerts_are_installed_as_they_are_written(helm: Helm) -> None:
    rule = helm.render("metrics.rules.enabled=true", "metrics.rules.labels.release=prometheus")[
        "PrometheusRule", "cronwright"
    ]
    assert rule["metadata"]["labels"] == LABELS | {"release": "prometheus"}
    assert rule["spec"] == {"groups": [{"name": "cronwright", "rules": RULES}]}


def selectors(expression: Any) -> Iterator[Any]:
    """Find the vector selectors of an expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if inner := getattr(expression, name, None):
            yield from selectors(inner)
    for inner in getattr(expression, "args", ()):
        yield from selectors(inner)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_there(rule: dict[str, Any]) -> None:
    found = list(selectors(promql_parser.parse(rule["expr"])))
    assert found
    labels: set[str] = set(OF_THE_POD)
    for selector in found:
        labels |= METRICS[selector.name]
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= METRICS[selector.name]
    for grouped in re.findall(r"by \(([^)]*)\)", rule["expr"]):
        assert {*grouped.split(", ")} <= labels
    told = " ".join(rule["annotations"].values())
    assert {*re.findall(r"\$labels\.(\w+)", told)} <= labels


def test_the_alerts_are_the_documented_ones() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(Cronwright\w+)` \| (\w+) \|", page, re.MULTILINE)
    assert rows == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]
