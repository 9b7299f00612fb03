"""What the tests of the node share: the cluster, as tests/cluster has it, and pods on it."""

import pytest

from cronwright.kube.client import Client
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import client, cluster, kubectl, namespace
from tests.dev.pods import Pods

__all__ = ["client", "cluster", "kubectl", "namespace", "pods"]


@pytest.fixture
def pods(cluster: Cluster, client: Client, namespace: str) -> Pods:
    """Give the pods of the test's namespace; only the local cluster has this node."""
    if cluster.kubeconfig.parent != cluster.directory:
        pytest.skip("another cluster is named, and its node is not the one that is tested here")
    return Pods(client, namespace, cluster.kubeconfig)
