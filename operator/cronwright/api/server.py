"""Runs the HTTP API as a process: `cronwright api` ends up here.

uvicorn serves `app` in our own event loop; SIGTERM and SIGINT let the requests in flight end. The
metrics have a port of their own.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Final

import uvicorn

from cronwright import exposition
from cronwright.api.app import create_app
from cronwright.api.metrics import ApiMetrics
from cronwright.errors import FieldError
from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.lifecycle import Lifecycle, State
from cronwright.settings import ApiSettings

_CONNECTIONS: Final = 32
# Within a pod's grace period of 30 s, and longer than an answer of ours should take.
_GRACE_SECONDS: Final = 15


class _Server(uvicorn.Server):
    """A server that leaves signals to us: uvicorn's own way ends in the signal's death."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT; FieldError where the address can't be had."""
    metrics = ApiMetrics()
    listener = _listen(settings.bind_address, settings.port)
    credentials = await load_credentials(settings.kubeconfig, settings.token_file, settings.ca_file)
    lifecycle = Lifecycle()
    async with (
        _metrics_served(settings, metrics),
        Client(credentials, max_connections=_CONNECTIONS, component="api") as client,
    ):
        client.observe = metrics.called
        server = _server(client, settings, lifecycle, metrics)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, server, lifecycle)
        address, port = listener.getsockname()[:2]
        lifecycle.enter(State.RUNNING, address=address, port=port)
        await server.serve([listener])
    lifecycle.enter(State.TERMINATED)


@contextlib.asynccontextmanager
async def _metrics_served(settings: ApiSettings, metrics: ApiMetrics) -> AsyncIterator[None]:
    if not settings.metrics_port:
        yield
        return
    listener = _listen(settings.bind_address, settings.metrics_port, "metrics-port")
    runner = await exposition.serve(listener, metrics)
    try:
        yield
    finally:
        await runner.cleanup()


def _server(
    client: Client, settings: ApiSettings, lifecycle: Lifecycle, metrics: ApiMetrics
) -> _Server:
    app = create_app(
        client, settings, lambda: datetime.now(UTC), lifecycle=lifecycle, metrics=metrics
    )
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return _Server(config)


def _stop(server: uvicorn.Server, lifecycle: Lifecycle) -> None:
    lifecycle.enter(State.SHUTTING_DOWN)
    server.should_exit = True


def _listen(address: str, port: int, flag: str = "port") -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=512)
    except OSError as error:
        raise FieldError(
            flag,
            f"{address}:{port}",
            f"can't be listened on: {error.strerror or error}",
            f"choose another with --{flag} and --bind-address",
        ) from error
