"""What the tests of faults share: a cluster of their own, since they kill what others work with."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.dev.local_cluster import LocalCluster
from tests.faults.processes import UNLIMITED, Components


@pytest.fixture(scope="session")
def local_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Give a local cluster whose controllers have no limits."""
    cluster = LocalCluster(tmp_path_factory.mktemp("cluster"))
    cluster.up(**UNLIMITED)
    yield cluster
    cluster.command("down")


@pytest.fixture
def own_cluster(local_cluster: LocalCluster) -> Cluster:
    """Give that cluster as the tests of the operator know one, with the resource in it."""
    directory = local_cluster.directory
    cluster = Cluster(directory / "kubeconfig", directory)
    asyncio.run(cluster.install_crd())
    return cluster


@pytest.fixture
def components(local_cluster: LocalCluster) -> Components:
    """Give its components, to be killed and frozen."""
    return Components(local_cluster)
