"""An API server on loopback that fails on demand; what works is tested against a real one.

It knows one caller, the bearer of `TOKEN`, who may do everything unless a test says otherwise.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from aiohttp import web

from cronwright.kube import paths
from cronwright.kube.credentials import Credentials, Endpoint

TOKEN = "good.token"
CALLER = "system:serviceaccount:shop:web"
SELF_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

JSONObject = dict[str, Any]
Answer = Callable[[JSONObject], tuple[int, JSONObject]]


class Hold:
    """An answer that is kept back."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.released = asyncio.Event()


class FakeCluster:
    """Answer each path as told, and count how often it was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: list[tuple[str, JSONObject]] = []
        self.queries: list[dict[str, str]] = []
        self.url = ""
        self._answers: dict[str, Answer] = {}
        self._holds: dict[str, Hold] = {}
        self.gives("GET", "/version", {"major": "1"})
        self.gives("GET", paths.scheduledtasks("default"), {"items": [], "metadata": {}})
        self.gives("POST", SELF_REVIEWS, {"status": {"allowed": True}})
        self.gives("POST", paths.subject_access_reviews(), {"status": {"allowed": True}})
        self.answers("POST", paths.token_reviews(), _review_token)

    @property
    def credentials(self) -> Credentials:
        return Credentials(Endpoint(self.url))

    def answers(self, method: str, path: str, answer: Answer) -> None:
        self._answers[f"{method} {path}"] = answer

    def gives(self, method: str, path: str, body: JSONObject) -> None:
        self.answers(method, path, lambda _: (200, body))

    def refuses(self, method: str, path: str, code: int, reason: str, **parts: Any) -> None:
        status = {"kind": "Status", "code": code, "reason": reason, "message": reason, **parts}
        self.answers(method, path, lambda _: (code, status))

    @contextmanager
    def held(self, method: str, path: str) -> Iterator[Hold]:
        """Keep a path's answers back for the time being."""
        hold = self._holds[f"{method} {path}"] = Hold()
        try:
            yield hold
        finally:
            hold.released.set()
            del self._holds[f"{method} {path}"]

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=2**22)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        key = f"{request.method} {request.path}"
        self.asked[key] += 1
        self.queries.append(dict(request.query))
        content = await request.read()
        body = json.loads(content) if content else {}
        self.bodies.append((key, body))
        if hold := self._holds.get(key):
            hold.reached.set()
            await hold.released.wait()
        status, answer = self._answers[key](body)
        headers = {"Retry-After": "0"} if status in {429, 503} else {}
        return web.json_response(answer, status=status, headers=headers)


def _review_token(body: JSONObject) -> tuple[int, JSONObject]:
    if body["spec"]["token"] != TOKEN:
        return 201, {"status": {"error": "unknown token"}}
    user = {"username": CALLER, "uid": "u-1", "groups": ["shop"], "extra": {"key": ["a", "b"]}}
    status = {"authenticated": True, "user": user, "audiences": body["spec"].get("audiences", [])}
    return 201, {"status": status}
