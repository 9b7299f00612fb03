from collections.abc import AsyncIterator

import pytest

from cronwright.kube.client import Client
from tests.kube.server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with Client(server.credentials, component="test") as client:
        yield client
