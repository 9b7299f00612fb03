"""Sends single requests: connections, TLS, tokens, and errors with a type.

`client` says what to send and how often; here each is sent once, or a second time where the
token was not accepted and there is a fresh one.
"""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from cronwright import __version__
from cronwright.kube.credentials import Credentials
from cronwright.kube.errors import Unavailable, error_from_answer
from cronwright.kube.fence import Fence, FencedBody
from cronwright.kube.paths import resource_of
from cronwright.kube.retry import retry_after

_CONNECT_TIMEOUT: Final = 3.0
# What was written to a connection and not received within this time is never delivered: the kernel
# sees to it, also for a process that is frozen or gone.
_DELIVERY_TIMEOUT: Final = 10.0
# The API server closes idle connections after 90 s: we let go of them first, so that no request
# is written into one that is just being closed.
_KEEP_ALIVE: Final = 60.0
_BEFORE_SENDING: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, ready to be sent as often as it takes."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = 10.0  # seconds in all, the answer's body included
    silence: float | None = None  # seconds without a byte

    @property
    def names(self) -> tuple[str, str]:
        """Name the verb and the resource as RBAC does."""
        resource, single = resource_of(self.path)
        reads = "watch" if "watch" in self.params else "get" if single else "list"
        return _VERBS.get(self.method, reads), resource

    @property
    def limits(self) -> aiohttp.ClientTimeout:
        """Give the limits in the HTTP library's own form."""
        return aiohttp.ClientTimeout(
            total=self.timeout, sock_connect=_CONNECT_TIMEOUT, sock_read=self.silence
        )


class Transport:
    """Connections to one API server, at most so many at a time.

    Where there is a `fence`, whatever isn't a GET has to pass it.
    """

    def __init__(
        self, credentials: Credentials, limit: int, component: str, fence: Fence | None = None
    ) -> None:
        self._credentials = credentials
        self._fence = fence
        self._endpoint = credentials.endpoint
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limit,
                keepalive_timeout=_KEEP_ALIVE,
                ssl=self._endpoint.ssl_context() or True,
                socket_factory=_socket,
            ),
            headers={
                "User-Agent": f"cronwright/{__version__} ({component})",
                # Packing costs both sides more than the wire does within a cluster.
                "Accept-Encoding": "identity",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    @asynccontextmanager
    async def send(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and open its answer; ApiError for one that is not a success.

        What fails while the answer is read is an ApiError as well.
        """
        with self._typed_errors(call):
            response = await self._open(call)
            async with response:
                yield response

    async def _open(self, call: Call) -> aiohttp.ClientResponse:
        header = await self._credentials.authorization()
        response = await self._send_as(header, call)
        if response.status == HTTPStatus.UNAUTHORIZED:
            fresh = await self._credentials.authorization(rejected=header)
            # Without the connection: a renewed client certificate counts for new ones only.
            response.close()
            response = await self._send_as(fresh, call)
        if response.status >= HTTPStatus.BAD_REQUEST:
            async with response:
                wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
                raise error_from_answer(response.status, await response.read(), wait)
        return response

    async def _send_as(self, header: str | None, call: Call) -> aiohttp.ClientResponse:
        headers = {**call.headers, "Authorization": header} if header else call.headers
        body: bytes | FencedBody | None = call.body
        if self._fence is not None and call.method != "GET":
            self._fence()  # now already: it need not wait for a connection only to be refused
            body = FencedBody(call.body or b"", self._fence)
        try:
            return await self._session.request(
                call.method,
                # Encoded by `paths` already; once more would change names.
                URL(self._endpoint.server + call.path, encoded=True).with_query(call.params),
                data=body,
                headers=headers,
                timeout=call.limits,
                allow_redirects=False,
                proxy=self._endpoint.proxy,
                server_hostname=self._endpoint.server_name,
            )
        except aiohttp.ClientError:
            if isinstance(body, FencedBody) and body.refused is not None:
                raise body.refused from None
            raise

    @contextmanager
    def _typed_errors(self, call: Call) -> Iterator[None]:
        try:
            yield
        except (aiohttp.ClientError, TimeoutError) as error:
            cause = str(error) or type(error).__name__
            message = f"{call.method} {call.path} at {self._endpoint.server}: {cause}"
            sent = not isinstance(error, _BEFORE_SENDING)
            raise Unavailable(0, "NoAnswer", message, sent=sent) from error


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux alone has it
        milliseconds = int(_DELIVERY_TIMEOUT * 1000)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return opened
