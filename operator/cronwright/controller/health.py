"""Answers the operator's own probes.

`/livez` says that the event loop turns, `/readyz` that every informer has its first list and
hears the API server, and that Kopf watches: so a standby is ready too. `/health` tells the state,
and who leads; `/metrics` stands beside them. `operator` starts it.
"""

from collections.abc import Callable, Mapping

from aiohttp import web

from cronwright import exposition
from cronwright.metrics import Metrics


async def serve(
    address: str,
    port: int,
    ready: Callable[[], bool],
    report: Callable[[], Mapping[str, object]],
    metrics: Metrics,
) -> web.AppRunner:
    """Start the server; the caller cleans the runner up."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if ready():
            return web.Response(text="ok\n")
        return web.Response(
            status=503,
            text="not ready: the API server has not been heard yet, or for two minutes\n",
        )

    async def health(_: web.Request) -> web.Response:
        return web.json_response(report())

    app = web.Application()
    app.router.add_get("/health", health)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    exposition.add_route(app, metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    return runner
