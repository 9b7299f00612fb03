"""The CustomResourceDefinition of the chart: the committed one, switchable and kept."""

from typing import Any

import yaml

from tests.chart.chart import CHART, ROOT, Helm

FILE = "cronwright.dev_scheduledtasks.yaml"
KEY = ("CustomResourceDefinition", "scheduledtasks.cronwright.dev")


def committed() -> dict[str, Any]:
    """Read the definition that is made from the models."""
    body: dict[str, Any] = yaml.safe_load((ROOT / "crds" / FILE).read_text())
    return body


def test_the_chart_s_copy_is_the_committed_one() -> None:
    # Helm follows no link out of a chart, so the chart has a copy.
    assert (CHART / "files" / FILE).read_bytes() == (ROOT / "crds" / FILE).read_bytes()


def test_it_is_installed_and_kept(helm: Helm) -> None:
    rendered = helm.render()[KEY]
    assert rendered["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert rendered["metadata"].pop("labels")["app.kubernetes.io/managed-by"] == "Helm"
    assert rendered == committed()


def test_it_goes_with_the_release_where_that_is_wanted(helm: Helm) -> None:
    assert "annotations" not in helm.render("crds.keep=false")[KEY]["metadata"]


def test_it_can_be_left_to_others(helm: Helm) -> None:
    assert KEY not in helm.render("crds.enabled=false")
