"""Serves `/metrics`: beside the operator's probes, and on a port of its own beside the API.

Who asks need not show a token, as with most operators' metrics: Prometheus would have to send
one of its own over plain HTTP. So it is never the port that callers of the API know, and a
NetworkPolicy can tell the two apart.
"""

import asyncio
import socket

from aiohttp import hdrs, web

from cronwright.metrics import Metrics

PATH = "/metrics"


def add_route(app: web.Application, metrics: Metrics) -> None:
    """Let an application answer with the metrics."""

    async def answer(request: web.Request) -> web.Response:
        # With a series for each of thousands of tasks this takes a tenth of a second, in which
        # slots come due.
        accept = request.headers.get(hdrs.ACCEPT, "")
        body, content_type = await asyncio.to_thread(metrics.render, accept)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    app.router.add_get(PATH, answer)


async def serve(listener: socket.socket, metrics: Metrics) -> web.AppRunner:
    """Serve the metrics alone; the caller cleans the runner up."""
    app = web.Application()
    add_route(app, metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner
