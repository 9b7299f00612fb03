"""Logs and counts each request and gives it an id; the outermost layer around the routes.

What went wrong unforeseen is logged here with its traceback, and answered without.
"""

import logging
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cronwright.api.problem import Fault, Kind, Problem

logger = logging.getLogger(__name__)

_HEADER: Final = "X-Request-Id"
_TAKEN: Final = re.compile(r"[-A-Za-z0-9._]{1,64}")
_PROBES: Final = {"/livez", "/readyz", "/health"}
_GONE: Final = 499  # as proxies log a caller that didn't wait for the answer

# Told of each request: its method, its route, the status of the answer, the seconds it took.
Observer = Callable[[str, str, int, float], None]


class AccessLog:
    """Log what passes, and tell the observer."""

    def __init__(
        self,
        app: ASGIApp,
        observe: Observer = lambda *_: None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._app = app
        self._observe = observe
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = self._clock()
        line = _Line(scope, send)
        try:
            await self._app(scope, receive, line.send)
        except ClientDisconnect:
            line.status = _GONE
        except Exception:
            logger.exception("request failed", extra={"request_id": line.request_id})
            if line.status is None:
                await line.refuse(receive)
        finally:
            took = self._clock() - begin
            line.write(took * 1000)
            # Without a status, the caller has gone before there was one.
            self._observe(line.method, line.route, line.status or _GONE, took)


class _Line:
    """What is logged of one request: no query, no header and no body, for they may tell secrets."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        given = Headers(scope=scope).get(_HEADER, "")
        # A caller's own id is taken only where it can't forge a log line.
        self.request_id = given if _TAKEN.fullmatch(given) else str(uuid4())
        self.status: int | None = None

    @property
    def method(self) -> str:
        method: str = self._scope["method"]
        return method

    @property
    def route(self) -> str:
        return getattr(self._scope.get("route"), "path", None) or "none"

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[_HEADER] = self.request_id
        await self._send(message)

    async def refuse(self, receive: Receive) -> None:
        remedy = f"tell the operator of this server the request id, {self.request_id}"
        problem = Problem(Kind.INTERNAL, Fault("the server's log has more", remedy=remedy))
        await problem.response()(self._scope, receive, self.send)

    def write(self, milliseconds: float) -> None:
        fields: dict[str, Any] = {
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "duration_ms": round(milliseconds, 1),
            "request_id": self.request_id,
        }
        caller = self._scope.get("state", {}).get("caller")
        if caller:
            fields["user"] = caller
        level = logging.DEBUG if self.route in _PROBES else logging.INFO
        logger.log(level, "request", extra=fields)
