from collections.abc import AsyncIterator

import aiohttp
import pytest

from cronwright.kube.client import Client
from tests.api.fake_cluster import TOKEN, FakeCluster
from tests.api.server import Clock, calling, serving


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster() as cluster:
        yield cluster


@pytest.fixture
async def client(cluster: FakeCluster) -> AsyncIterator[Client]:
    async with Client(cluster.credentials, component="api") as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def url(client: Client, clock: Clock) -> AsyncIterator[str]:
    async with serving(client, clock=clock) as url:
        yield url


@pytest.fixture
async def web(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client whose caller may do everything."""
    async with calling(url, TOKEN) as session:
        yield session
