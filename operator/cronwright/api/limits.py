"""Bounds what a caller may send; the second layer around the routes, inside `access_log`.

A body that says it is too large is refused before a byte of it is read, another as soon as it
has grown too large. `body` reads what comes through.
"""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cronwright.api.problem import Fault, Kind, Problem

MAX_BYTES: Final = 1024 * 1024
# What a refused caller may still send before it hears the connection close, and for how long.
# Closing at once would reset the connection, and many clients would never read the answer.
_DRAINED_BYTES: Final = 16 * MAX_BYTES
_DRAIN_SECONDS: Final = 5.0


def too_large() -> Problem:
    """Return the problem of a body beyond the limit."""
    remedy = "send less, or keep the data in a ConfigMap and name that in the task"
    return Problem(
        Kind.BODY_TOO_LARGE, Fault(f"the body has more than {MAX_BYTES} bytes", remedy=remedy)
    )


class Limits:
    """Pass requests on with a bounded body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        exchange = _Exchange(headers, receive, send)
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > MAX_BYTES:
            await too_large().response()(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its response."""

    def __init__(self, headers: Headers, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._received = 0
        # Whether some of the body may still be on its way.
        self._open = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._invited = "100-continue" not in headers.get("expect", "").lower()

    async def receive(self) -> Message:
        message = await self._receive()
        self._note(message)
        self._invited = True
        if self._received > MAX_BYTES:
            raise too_large()
        return message

    async def send(self, message: Message) -> None:
        if not self._open:
            await self._send(message)
        elif message["type"] == "http.response.start":
            # What is left of the body must not be taken for the next request.
            closing = (b"connection", b"close")
            await self._send({**message, "headers": [*message.get("headers", ()), closing]})
        elif message.get("more_body"):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._drain()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self, message: Message) -> None:
        self._received += len(message.get("body", b""))
        self._open = bool(message.get("more_body"))

    async def _drain(self) -> None:
        # Who waits to be invited sends nothing after a refusal.
        if not self._invited:
            return
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while self._open and self._received < _DRAINED_BYTES:
                    self._note(await self._receive())
        except TimeoutError:
            return
