import asyncio
import socket
import time
from typing import Any

import pytest

from cronwright import __version__
from cronwright.kube.client import Client
from cronwright.kube.credentials import Credentials, Endpoint
from cronwright.kube.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
)
from tests.kube.server import Answer, Server, breaks_off, gives, hangs_up, refuses, streams

UNMET_TEST = {
    "kind": "Status",
    "code": 422,
    "reason": "Invalid",
    "message": "the server rejected our request due to an error in our request",
    "details": {},
}
INVALID = {
    "kind": "Status",
    "code": 422,
    "reason": "Invalid",
    "message": 'CronJob.batch "backup" is invalid: spec.schedule: Invalid value: "x": no',
    "details": {
        "name": "backup",
        "kind": "CronJob",
        "causes": [{"reason": "FieldValueInvalid", "field": "spec.schedule", "message": "no"}],
    },
}


async def test_a_request_is_json_out_and_json_in(server: Server, client: Client) -> None:
    server.will(gives({"metadata": {"name": "a"}}))

    answer = await client.create("/things", {"spec": {"text": "é"}}, {"fieldValidation": "Strict"})

    assert answer == {"metadata": {"name": "a"}}
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.query) == (
        "POST",
        "/things",
        # The last tells the API server to give it up when we do.
        {"fieldValidation": "Strict", "timeout": "10s"},
    )
    assert seen.json == {"spec": {"text": "é"}}
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Accept"] == "application/json"
    assert seen.headers["User-Agent"] == f"cronwright/{__version__} (test)"


async def test_each_verb_says_what_it_does(server: Server, client: Client) -> None:
    server.will(gives({}))

    await client.get("/a", {"labelSelector": "app in (x,y),tier!=z"})
    await client.replace("/b", {"spec": 1})
    await client.json_patch("/c", [{"op": "add", "path": "/x", "value": 1}])
    await client.merge_patch("/d", {"x": None})
    await client.delete("/e", {"propagationPolicy": "Background"})
    await client.delete("/f")

    assert [(each.method, each.path) for each in server.seen] == [
        ("GET", "/a"),
        ("PUT", "/b"),
        ("PATCH", "/c"),
        ("PATCH", "/d"),
        ("DELETE", "/e"),
        ("DELETE", "/f"),
    ]
    assert server.seen[0].query == {"labelSelector": "app in (x,y),tier!=z"}
    assert server.seen[2].headers["Content-Type"] == "application/json-patch+json"
    assert server.seen[3].headers["Content-Type"] == "application/merge-patch+json"
    assert server.seen[3].body == b'{"x":null}'
    assert (server.seen[4].json, server.seen[5].body) == ({"propagationPolicy": "Background"}, b"")


async def test_a_path_is_sent_as_it_was_encoded(server: Server, client: Client) -> None:
    server.will(gives({}))

    await client.get("/namespaces/a%2Fb/things/c%3Fd")

    assert server.seen[0].path == "/namespaces/a%2Fb/things/c%3Fd"


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "BadRequest", BadRequest),
        (401, "Unauthorized", Unauthorized),
        (403, "Forbidden", Forbidden),
        (404, "NotFound", NotFound),
        (405, "MethodNotAllowed", ApiError),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (410, "Expired", Gone),
        (413, "RequestEntityTooLarge", ApiError),
        (422, "Invalid", Invalid),
    ],
)
async def test_a_refusal_is_an_error_of_its_kind(
    server: Server, client: Client, status: int, reason: str, kind: type[ApiError]
) -> None:
    server.will(refuses(status, reason, "because of this"))

    with pytest.raises(ApiError) as caught:
        await client.get("/things")

    error = caught.value
    assert type(error) is kind
    assert (error.status, error.reason, str(error)) == (status, reason, "because of this")
    assert len(server.seen) == (2 if status == 401 else 1)


async def test_the_causes_of_a_refusal_are_kept(server: Server, client: Client) -> None:
    server.will(gives(INVALID, 422))

    with pytest.raises(Invalid, match=r"spec\.schedule") as caught:
        await client.create("/things", {})
    assert caught.value.details["causes"][0]["field"] == "spec.schedule"


async def test_an_error_need_not_be_a_status_object(server: Server, client: Client) -> None:
    async def text(_: Any) -> Any:
        from aiohttp import web

        return web.Response(status=400, text="a proxy's words\n" + "x" * 1000)

    server.will(text)

    with pytest.raises(BadRequest, match="a proxy's words") as caught:
        await client.get("/things")
    assert len(str(caught.value)) == 300
    assert caught.value.reason == "BadRequest"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(hangs_up, id="hangs up"),
        pytest.param(breaks_off(b'{"metadata": '), id="breaks off"),
        pytest.param(refuses(429, "TooManyRequests", Retry_After="0"), id="429"),
        pytest.param(refuses(500, "InternalError"), id="500"),
        pytest.param(refuses(502), id="502"),
        pytest.param(refuses(503, "ServiceUnavailable"), id="503"),
        pytest.param(refuses(504, "Timeout"), id="504"),
        pytest.param(streams(b"<html>"), id="not JSON"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_what_may_be_repeated_is(
    server: Server, client: Client, fault: Answer, method: str
) -> None:
    server.will(fault, fault, gives({"ok": True}))

    answer = await client.request(method, "/things/a", body={"x": 1})

    assert answer == {"ok": True}
    # The HTTP library itself repeats once what was cut off on a connection used before.
    assert [each.body for each in server.seen] == [b'{"x":1}'] * len(server.seen)
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(refuses(429, "TooManyRequests", Retry_After="0"), id="429"),
        pytest.param(refuses(503, "ServiceUnavailable", Retry_After="0"), id="503, come back"),
    ],
)
async def test_a_create_that_was_turned_away_is_repeated(
    server: Server, client: Client, fault: Answer
) -> None:
    server.will(fault, gives({"ok": True}))

    assert await client.create("/things", {}) == {"ok": True}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(hangs_up, id="hangs up"),
        pytest.param(breaks_off(b'{"metadata": '), id="breaks off"),
        pytest.param(refuses(500, "InternalError"), id="500"),
        pytest.param(refuses(503, "ServiceUnavailable"), id="503"),
        pytest.param(refuses(504, "Timeout"), id="504"),
    ],
)
async def test_a_create_that_may_have_worked_is_not(
    server: Server, client: Client, fault: Answer
) -> None:
    server.will(gives({}), fault, gives({"ok": True}))
    await client.get("/")  # so that the create goes over a connection that was used before

    with pytest.raises(Unavailable):
        await client.create("/things", {})
    assert len(server.seen) == 2


async def test_the_server_says_how_long_to_wait(server: Server, client: Client) -> None:
    server.will(refuses(429, "TooManyRequests", Retry_After="1"), gives({}))

    began = time.monotonic()
    await client.get("/things")

    assert time.monotonic() - began >= 1.0


async def test_a_status_object_may_say_so_too(server: Server, client: Client) -> None:
    server.will(gives({"kind": "Status", "details": {"retryAfterSeconds": 3600}}, 429))

    with pytest.raises(Unavailable) as caught:
        await client.get("/things")
    assert caught.value.retry_after == 3600
    assert len(server.seen) == 1


async def test_a_request_can_be_sent_once_only(server: Server, client: Client) -> None:
    server.will(refuses(503), gives({}))

    with pytest.raises(Unavailable):
        await client.request("GET", "/things", retry=False)
    assert len(server.seen) == 1


async def test_no_answer_in_time(server: Server, client: Client) -> None:
    held = asyncio.Event()

    async def never(_: Any) -> Any:
        await held.wait()

    server.will(never)

    with pytest.raises(Unavailable, match=r"GET /things at http://127\.0\.0\.1") as caught:
        await client.request("GET", "/things", timeout=0.05, retry=False)
    assert (caught.value.status, caught.value.sent) == (0, True)
    held.set()


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with Client(Credentials(Endpoint(url))) as client:
            with pytest.raises(Unavailable, match="Connect call failed") as caught:
                await client.request("POST", "/things", body={}, retry=False)
    assert caught.value.sent is False


async def test_connections_are_kept_and_bounded(server: Server) -> None:
    peers = set()
    at_once = [0, 0]
    proceed = asyncio.Event()

    async def answer(request: Any) -> Any:
        peers.add(request.transport.get_extra_info("peername"))
        at_once[0] += 1
        at_once[1] = max(at_once)
        if at_once[0] == 3:
            proceed.set()
        await proceed.wait()
        at_once[0] -= 1
        return await gives({})(request)

    server.will(answer)
    async with Client(server.credentials, max_connections=3) as client:
        await asyncio.gather(*(client.get("/things") for _ in range(12)))

    assert (len(peers), at_once[1]) == (3, 3)


async def test_calls_do_not_wait_for_streams(server: Server) -> None:
    held = asyncio.Event()

    async def holds(request: Any) -> Any:
        response = await streams(b"begun")(request)
        await held.wait()
        return response

    server.will(holds, gives({"ok": True}))
    async with Client(server.credentials, max_connections=1) as client:
        async with client.stream("/log") as content:
            assert await content.read(5) == b"begun"
            assert await client.get("/things") == {"ok": True}
        held.set()


async def test_an_unmet_test_of_a_patch_is_a_conflict(server: Server, client: Client) -> None:
    server.will(gives(UNMET_TEST, 422))
    ops: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
        {"op": "replace", "path": "/spec", "value": {}},
    ]

    with pytest.raises(Conflict, match="/things/a is not, or no longer"):
        await client.json_patch("/things/a", ops)
    with pytest.raises(Invalid):
        await client.json_patch("/things/a", ops[1:])


async def test_a_patch_to_something_invalid_is_no_conflict(server: Server, client: Client) -> None:
    server.will(gives(INVALID, 422))

    with pytest.raises(Invalid, match=r"spec\.schedule"):
        await client.json_patch("/things/a", [{"op": "test", "path": "/x", "value": 1}])


async def test_a_list_comes_in_pages(server: Server, client: Client) -> None:
    server.will(
        gives({"metadata": {"resourceVersion": "5", "continue": "more"}, "items": [1, 2]}),
        gives({"metadata": {"resourceVersion": "5"}, "items": [3]}),
    )

    pages = [page async for page in client.list_pages("/things", {"labelSelector": "a"}, limit=2)]

    assert [page["items"] for page in pages] == [[1, 2], [3]]
    assert [each.query for each in server.seen] == [
        {"labelSelector": "a", "limit": "2"},
        {"labelSelector": "a", "limit": "2", "continue": "more"},
    ]


async def test_a_list_may_be_of_metadata_alone(server: Server, client: Client) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    server.will(gives({"metadata": {}, "items": None}))

    assert [page["items"] async for page in client.list_pages("/things", accept=accept)] == [[]]
    assert server.seen[0].headers["Accept"] == accept


async def test_a_list_that_took_too_long(server: Server, client: Client) -> None:
    server.will(gives({"metadata": {"continue": "more"}, "items": [1]}), refuses(410, "Expired"))

    with pytest.raises(Gone):
        [page async for page in client.list_pages("/things")]


async def events(client: Client, **options: Any) -> list[Any]:
    async with client.watch("/things", {"resourceVersion": "7"}, **options) as watched:
        return [event async for event in watched]


async def test_a_watch_gives_events_until_it_ends(server: Server, client: Client) -> None:
    large = "x" * 300_000
    server.will(
        streams(
            b'{"type":"ADDED","object":{"a":1}}\n{"type":"MODI',
            b'FIED","object":{"a":"' + large.encode() + b'"}}',
            b'\n\n{"type":"BOOKMARK","object":{}}\n',
        )
    )

    assert await events(client) == [
        {"type": "ADDED", "object": {"a": 1}},
        {"type": "MODIFIED", "object": {"a": large}},
        {"type": "BOOKMARK", "object": {}},
    ]
    query = server.seen[0].query
    assert 240 <= int(query.pop("timeoutSeconds")) <= 480
    assert query == {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": "7"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(refuses(410, "Expired"), Gone, id="too old"),
        pytest.param(
            streams(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n'),
            Gone,
            id="too old, it turns out",
        ),
        pytest.param(
            streams(b'{"type":"ERROR","object":{"kind":"Status","code":500}}\n'),
            Gone,
            id="an error in the middle",
        ),
        pytest.param(refuses(403, "Forbidden"), Forbidden, id="forbidden"),
        pytest.param(hangs_up, Unavailable, id="hangs up"),
        pytest.param(breaks_off(b'{"type":"ADDED"'), Unavailable, id="breaks off"),
        pytest.param(streams(b"<html>\n"), Unavailable, id="not JSON"),
    ],
)
async def test_a_watch_that_fails(
    server: Server, client: Client, answer: Answer, kind: type[ApiError]
) -> None:
    server.will(answer)

    with pytest.raises(kind):
        await events(client)


async def test_a_watch_that_falls_silent(server: Server, client: Client) -> None:
    held = asyncio.Event()

    async def silence(request: Any) -> Any:
        response = await streams(b'{"type":"ADDED","object":{}}\n')(request)
        await held.wait()
        return response

    server.will(silence)

    with pytest.raises(Unavailable, match="Timeout"):
        await events(client, silence=0.1)
    held.set()


async def test_each_request_is_told_to_the_observer(server: Server) -> None:
    told: list[tuple[str, str, int]] = []

    def observe(verb: str, resource: str, code: int, seconds: float) -> None:
        assert seconds > 0
        told.append((verb, resource, code))

    jobs, job = "/apis/batch/v1/namespaces/a/jobs", "/apis/batch/v1/namespaces/a/jobs/b"
    async with Client(server.credentials) as client:
        client.observe = observe
        server.will(
            gives({}, 201),
            gives({"metadata": {}, "items": []}),
            refuses(409, "Conflict"),
            breaks_off(b"{"),
            refuses(503),
            gives({}),
            streams(b'{"type":"ERROR","object":{"kind":"Status","code":410}}\n'),
            gives({}),
        )
        await client.create(jobs, {})
        [_ async for _ in client.list_pages(jobs)]
        with pytest.raises(Conflict):
            await client.merge_patch(job, {})
        await client.get(f"{job}/status")
        with pytest.raises(Gone):
            async with client.watch(jobs) as events:
                [_ async for _ in events]
        await client.delete(job)
    assert told == [
        ("create", "jobs", 201),
        ("list", "jobs", 200),
        ("patch", "jobs", 409),
        ("get", "jobs/status", 0),
        ("get", "jobs/status", 503),
        ("get", "jobs/status", 200),
        ("watch", "jobs", 410),
        ("delete", "jobs", 200),
    ]
