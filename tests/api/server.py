"""The application behind a real HTTP server on loopback, and the clients of it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import uvicorn

from cronwright.api.app import create_app
from cronwright.api.metrics import ApiMetrics
from cronwright.kube.client import Client
from cronwright.settings import ApiSettings

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Clock:
    """A monotonic clock that tests turn."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def serving(
    client: Client,
    settings: ApiSettings | None = None,
    clock: Clock | None = None,
    metrics: ApiMetrics | None = None,
) -> AsyncIterator[str]:
    """Serve the application; give its URL."""
    app = create_app(client, settings or ApiSettings(), lambda: NOW, clock or Clock(), metrics)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Not `serve` and `shutdown`, which look up only ten times a second.
    await server.startup([listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for each in server.servers:
            each.close()
            await each.wait_closed()


@asynccontextmanager
async def calling(url: str, token: str | None) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that shows a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        yield session
