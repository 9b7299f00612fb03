"""The one fixture of the chart's tests: helm."""

import pytest

from tests.chart.chart import Helm, find_helm


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Give the helm that the local cluster brings, else the machine's."""
    command = find_helm()
    if command is None:
        pytest.skip("no helm here; `make cluster` brings one")
    return Helm(command)
