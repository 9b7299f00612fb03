"""The kubelet's endpoints that the API server and people use: logs, pods, health.

https://kubernetes.io/docs/reference/node/kubelet-auth/: only clients with a certificate of the
cluster's authority get in, which the API server's is.
"""

import contextlib
import ssl
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from dev.node.container import Container
from dev.node.output import Output, Selection
from dev.node.pod import Pod

Pods = Callable[[], Iterable[Pod]]
_PODS: Final[web.AppKey[Pods]] = web.AppKey("pods")


def make_app(pods: Pods) -> web.Application:
    """Make the application over the node's pods."""
    app = web.Application()
    app[_PODS] = pods
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/pods", _pods)
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", _logs)
    return app


def tls(certificate: Path, key: Path, clients: Path) -> ssl.SSLContext:
    """Make the server's TLS context, which asks for a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(clients))
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _pods(request: web.Request) -> web.Response:
    items = [pod.body for pod in request.app[_PODS]()]
    return web.json_response({"kind": "PodList", "apiVersion": "v1", "items": items})


async def _logs(request: web.Request) -> web.StreamResponse:
    container = _find(request)
    output = _choose(
        container, request.match_info["pod"], previous=request.query.get("previous") == "true"
    )
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    # Whoever follows a log may leave at any time.
    with contextlib.suppress(ConnectionResetError):
        async for data in output.read(_selection(request)):
            await response.write(data)
        await response.write_eof()
    return response


def _find(request: web.Request) -> Container:
    wanted = request.match_info
    for pod in request.app[_PODS]():
        metadata = pod.body["metadata"]
        if (metadata["namespace"], metadata["name"]) == (wanted["namespace"], wanted["pod"]):
            for container in pod.containers:
                if container.name == wanted["container"]:
                    return container
            text = f"container {wanted['container']} is not valid for pod {wanted['pod']}"
            raise web.HTTPBadRequest(text=text)
    raise web.HTTPNotFound(text=f'pod "{wanted["namespace"]}/{wanted["pod"]}" not found')


def _choose(container: Container, pod: str, *, previous: bool) -> Output:
    outputs = container.outputs
    if previous:
        # The run that is over: not the present one, unless that has ended and none has followed.
        over = [each for each in outputs if each.ended.is_set()]
        running = "running" in container.state
        earlier = over if running or "waiting" in container.state else over[:-1]
        if not earlier:
            text = f'previous terminated container "{container.name}" in pod "{pod}" not found'
            raise web.HTTPBadRequest(text=text)
        return earlier[-1]
    if not outputs:
        reason = container.state.get("waiting", {}).get("reason", "ContainerCreating")
        text = f'container "{container.name}" in pod "{pod}" is waiting to start: {reason}'
        raise web.HTTPBadRequest(text=text)
    return outputs[-1]


def _selection(request: web.Request) -> Selection:
    query = request.query
    since = None
    if "sinceSeconds" in query:
        since = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
    elif "sinceTime" in query:
        since = datetime.fromisoformat(query["sinceTime"])
    return Selection(
        follow=query.get("follow") == "true",
        tail_lines=int(query["tailLines"]) if "tailLines" in query else None,
        limit_bytes=int(query["limitBytes"]) if "limitBytes" in query else None,
        since=since,
        timestamps=query.get("timestamps") == "true",
    )
