"""Carries requests to the Kubernetes API server, as plain JSON.

Everything that talks to Kubernetes goes through `Client`: bounded connections, a timeout on each
request, retries, fresh tokens, and the API server's own words in each error. Objects are neither
typed nor checked, so that fields newer than this program pass through it. `transport` sends.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from cronwright.kube.credentials import Credentials
from cronwright.kube.errors import ApiError, Conflict, Invalid, Unavailable
from cronwright.kube.fence import Fence
from cronwright.kube.retry import persist
from cronwright.kube.transport import Call, Transport
from cronwright.kube.wire import events, parse, serialise

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Params = Mapping[str, str]
JSONObject = dict[str, Any]

_LIST_TIMEOUT: Final = 30.0


class Client:
    """Talk to one API server; entered as an async context manager.

    Streams (watches, logs) have connections of their own: they are held for minutes, and no
    call should wait for one of them to end. Where there is a `fence`, each write has to pass it
    in the moment in which it is sent; else it ends in Fenced.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        max_connections: int = 16,
        max_streams: int = 128,
        component: str = "operator",
        fence: Fence | None = None,
    ) -> None:
        self._credentials = credentials
        self._fence = fence
        self._max_connections = max_connections
        self._max_streams = max_streams
        self._component = component
        # Told of each request that was sent: its verb and resource, as RBAC names them, the HTTP
        # status of the answer, 0 where there was none, and the seconds until all of it was there.
        self.observe: Callable[[str, str, int, float], None] = lambda *_: None

    async def __aenter__(self) -> Self:
        self._calls = Transport(
            self._credentials, self._max_connections, self._component, self._fence
        )
        self._streams = Transport(self._credentials, self._max_streams, self._component)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._calls.close()
        await self._streams.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
        timeout: float = 10.0,
        retry: bool = True,
    ) -> Any:
        """Send a request and give the parsed answer.

        `timeout` is of each attempt, in seconds; no other begins once twice that has passed. A
        POST is tried again only where it surely had no effect: whoever creates under a name of
        its own choosing may repeat it, and take AlreadyExists for an answer. A repeated PUT or
        patch with a resourceVersion whose first answer was lost ends in Conflict: who then looks
        at what stands finds its own write.
        """
        headers = {"Accept": accept}
        content = None
        if body is not None:
            headers["Content-Type"] = content_type
            content = body if isinstance(body, bytes) else serialise(body)
        query = dict(params or {})
        if method != "GET":
            # Nor does the API server work on it for longer: a write that nobody waits for any
            # more must not be done later.
            query["timeout"] = f"{timeout:g}s"
        call = Call(method, path, query, content, headers, timeout)

        async def attempt() -> Any:
            async with self._sent(self._calls, call) as response:
                return parse(await response.read())

        if not retry:
            return await attempt()
        return await persist(attempt, repeatable=method != "POST", patience=2 * timeout)

    async def get(self, path: str, params: Params | None = None) -> Any:
        """Read an object."""
        return await self.request("GET", path, params=params)

    async def create(self, path: str, body: object, params: Params | None = None) -> Any:
        """Create an object, or one that is JSON already, and give it as it was stored."""
        return await self.request("POST", path, params=params, body=body)

    async def replace(self, path: str, body: object, params: Params | None = None) -> Any:
        """Replace an object whole; where it names a resourceVersion, only that version."""
        return await self.request("PUT", path, params=params, body=body)

    async def json_patch(
        self, path: str, ops: Sequence[Mapping[str, Any]], params: Params | None = None
    ) -> Any:
        """Apply a JSON Patch (RFC 6902); Conflict where a `test` in it failed.

        The API server answers a failed test as any operation that can't be applied: with 422 and
        no cause. A patch with a test in it is taken to have failed in that.
        """
        try:
            return await self.request(
                "PATCH", path, params=params, body=ops, content_type=JSON_PATCH
            )
        except Invalid as error:
            tested = any(op["op"] == "test" for op in ops)
            if not tested or error.details.get("causes") or error.details.get("name"):
                raise
            message = f"{path} is not, or no longer, what the patch was made for"
            raise Conflict(HTTPStatus.CONFLICT, "Conflict", message) from error

    async def merge_patch(self, path: str, body: JSONObject, params: Params | None = None) -> Any:
        """Apply a JSON Merge Patch (RFC 7386): None takes a field away."""
        return await self.request("PATCH", path, params=params, body=body, content_type=MERGE_PATCH)

    async def delete(self, path: str, body: JSONObject | None = None) -> Any:
        """Delete an object, as the DeleteOptions in `body` say."""
        return await self.request("DELETE", path, body=body)

    async def list_pages(
        self, path: str, params: Params | None = None, limit: int = 100, accept: str = JSON
    ) -> AsyncIterator[JSONObject]:
        """Yield the pages of a list; Gone where it took so long that the rest is no longer had.

        Small pages: as Python objects one takes several times its bytes, and a process seldom
        gives back what it once had. Lists of 3,000 objects take no longer than by 500.
        """
        query = {**(params or {}), "limit": str(limit)}
        while True:
            page = await self.request(
                "GET", path, params=query, accept=accept, timeout=_LIST_TIMEOUT
            )
            # A list without items has null for them where Go says so, as of metadata alone.
            page["items"] = page.get("items") or []
            yield page
            if not (token := page["metadata"].get("continue")):
                return
            query["continue"] = token

    @asynccontextmanager
    async def watch(
        self, path: str, params: Params | None = None, silence: float = 100.0
    ) -> AsyncIterator[AsyncIterator[JSONObject]]:
        """Open a watch, whose events come until the server ends it, bookmarks among them.

        Gone where the resourceVersion is too old or the server ended it with an error: list
        anew. Unavailable where the connection is lost or nothing was heard for `silence` seconds:
        go on from the last version. A bookmark comes about each minute.
        """
        query = {
            **(params or {}),
            "watch": "1",
            "allowWatchBookmarks": "true",
            # Spread, so that watches begun together do not end together.
            "timeoutSeconds": str(random.randint(240, 480)),  # noqa: S311 - no secret
        }
        call = Call("GET", path, query, headers={"Accept": JSON}, timeout=None, silence=silence)
        async with self._sent(self._streams, call) as response:
            yield events(response.content)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        params: Params | None = None,
        timeout: float = 5.0,
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Open an answer that is read as it comes; reading may take `timeout` seconds in all.

        Opening is tried again as `request` is; once opened, what breaks is Unavailable, and so is
        to hear nothing for `silence` seconds.
        """
        query, headers = params or {}, {"Accept": "*/*"}
        call = Call("GET", path, query, headers=headers, timeout=timeout, silence=silence)
        async with AsyncExitStack() as opened:

            async def attempt() -> aiohttp.ClientResponse:
                return await opened.enter_async_context(self._sent(self._streams, call))

            response = await persist(attempt, repeatable=True, patience=silence or timeout)
            yield response.content

    @asynccontextmanager
    async def _sent(
        self, transport: Transport, call: Call
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        began = perf_counter()
        try:
            async with transport.send(call) as response:
                yield response
        except ApiError as error:
            # Without a status, an error of another kind is of our own making: nothing was sent.
            if error.status or isinstance(error, Unavailable):
                self.observe(*call.names, error.status, perf_counter() - began)
            raise
        self.observe(*call.names, response.status, perf_counter() - began)
