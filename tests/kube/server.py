"""A real HTTP server on loopback that answers as a test tells it, request by request."""

import json
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from cronwright.kube.credentials import Credentials, Endpoint

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """Answer each request with the next of the answers, and the last of them ever after."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.seen: list[Seen] = []
        self._answers: deque[Answer] = deque()
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def credentials(self) -> Credentials:
        return Credentials(Endpoint(self.url))

    def will(self, *answers: Answer) -> None:
        self._answers.extend(answers)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(
                request.method,
                request.raw_path.partition("?")[0],
                dict(request.query),
                dict(request.headers),
                await request.read(),
            )
        )
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        return await answer(request)


def gives(body: object, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=named)

    return answer


def refuses(status: int, reason: str = "", message: str = "no", **headers: str) -> Answer:
    """Answer with a Status object, as the API server does."""
    return gives(
        {"kind": "Status", "code": status, "reason": reason, "message": message},
        status,
        **headers,
    )


def breaks_off(*chunks: bytes) -> Answer:
    """Begin an answer, and reset the connection in the middle of it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = sum(map(len, chunks)) + 1
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


async def hangs_up(request: web.Request) -> web.StreamResponse:
    """Reset the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def streams(*chunks: bytes) -> Answer:
    """Answer in pieces."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response

    return answer
