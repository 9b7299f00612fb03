"""The values: each with a sentence, each in the schema, and nothing else taken."""

import json
from typing import Any

import pytest
import yaml

from dev.chart import readme
from tests.chart.chart import CHART, Helm, RefusedError

TEXT = (CHART / "values.yaml").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def leaves(values: dict[str, Any], known: dict[str, Any], path: str = "") -> list[str]:
    """List the paths of values, down to where the schema lets everything in."""
    found = []
    for key, value in values.items():
        inner = known[key]
        nested = isinstance(value, dict) and inner.get("additionalProperties") is False
        whole = f"{path}{key}"
        if nested and not whole.endswith("resources"):
            found += leaves(value, inner["properties"], f"{whole}.")
        else:
            found.append(whole)
    return found


def test_each_value_has_a_sentence() -> None:
    values = readme.values(TEXT)
    assert [each.path for each in values] == leaves(yaml.safe_load(TEXT), SCHEMA["properties"])
    for each in values:
        assert each.sentence.endswith("."), each.path


def test_the_readme_has_the_values() -> None:
    text = (CHART / "README.md").read_text()
    assert text == readme.render(text, TEXT), "run `python -m dev.chart.readme`"


def test_the_schema_has_no_value_that_the_chart_has_not() -> None:
    def paths(schema: dict[str, Any], path: str = "") -> set[str]:
        found = set()
        for key, inner in schema.get("properties", {}).items():
            found |= {f"{path}{key}"} | paths(inner, f"{path}{key}.")
        return found

    def given(values: Any, path: str = "") -> set[str]:
        if not isinstance(values, dict):
            return set()
        names = {f"{path}{key}" for key in values}
        return names.union(*(given(inner, f"{path}{key}.") for key, inner in values.items()))

    optional = {"global", "operator.resources.claims", "api.resources.claims"}
    in_lists = {"imagePullSecrets.name"}
    assert paths(SCHEMA) - given(yaml.safe_load(TEXT)) - in_lists <= optional


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("operator.worker=3", "additional properties 'worker' not allowed"),
        ("replica=2", "additional properties 'replica' not allowed"),
        ("replicas=two", "'/replicas'"),
        ("leaderElection.leaseDurationSeconds=1", "'/leaderElection/leaseDurationSeconds'"),
        ("operator.workers=900", "'/operator/workers': maximum: got 900, want 64"),
        ("logLevel=chatty", "'/logLevel'"),
        ("image.digest=latest", "'/image/digest'"),
        ("operator.command=[]", "'/operator/command'"),
        ("watchNamespace=Reports", "'/watchNamespace'"),
    ],
)
def test_wrong_values_are_refused(helm: Helm, value: str, problem: str) -> None:
    with pytest.raises(RefusedError) as refused:
        helm.render(value)
    assert problem in str(refused.value)


def test_helm_lints_the_chart(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(CHART))


def test_older_clusters_are_refused(helm: Helm) -> None:
    with pytest.raises(RefusedError, match=r"incompatible with Kubernetes v1\.26\.0"):
        helm.run("template", "cronwright", str(CHART), "--kube-version", "1.26.0")
    # What providers append to a version doesn't make it older.
    assert helm.run("template", "cronwright", str(CHART), "--kube-version", "1.27.3-gke.100")
