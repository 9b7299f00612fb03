import asyncio
from typing import Any

import pytest
from aiohttp import web

from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError, BadRequest, NotFound, Unavailable
from cronwright.kube.logs import MEBIBYTE, Tail, read_tail
from tests.kube.server import Answer, Server, breaks_off, gives, hangs_up, refuses, streams


async def tail(client: Client, **options: Any) -> Tail:
    return await read_tail(
        client, "shop", "backup-x7", "main", **{"tail_lines": 5, "max_bytes": 64, **options}
    )


async def test_the_last_lines_are_asked_for(server: Server, client: Client) -> None:
    server.will(streams(b"one\ntw", b"o\n"))

    assert await tail(client) == Tail("one\ntwo\n", complete=True)
    assert server.seen[0].path == "/api/v1/namespaces/shop/pods/backup-x7/log"
    assert server.seen[0].query == {"container": "main", "tailLines": "5"}


async def test_the_container_before_a_restart(server: Server, client: Client) -> None:
    server.will(streams(b"crash"))

    assert (await tail(client, previous=True)).text == "crash"
    assert server.seen[0].query["previous"] == "true"


async def test_a_silent_container_has_an_empty_log(server: Server, client: Client) -> None:
    server.will(streams())

    assert await tail(client) == Tail("", complete=True)


async def test_of_a_flood_its_end_is_kept(server: Server, client: Client) -> None:
    server.will(streams(*[b"x" * 65536] * 64, b"\nthe end\n"))

    assert await tail(client) == Tail("the end\n", complete=True)


async def test_there_is_a_limit_to_reading(server: Server, client: Client) -> None:
    async def floods(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"line\n" * 1000)

    server.will(floods, floods)

    read = await tail(client, limit_bytes=1_000_000)

    assert "line\n".startswith(read.text)
    assert not read.complete
    assert [request.query["tailLines"] for request in server.seen] == ["5", "1"]


async def test_of_very_long_lines_few_are_read(server: Server, client: Client) -> None:
    long, short = [b"x" * MEBIBYTE, b"\n"], [b"short\n"] * 3
    server.will(streams(*long * 20, *short), streams(*long * 2, *short), streams(*short[:1]))

    read = await tail(client, tail_lines=50)

    assert read == Tail("short\nshort\nshort\n", complete=True)
    # The last line once more: a long answer may have lost its end on the way.
    assert [request.query["tailLines"] for request in server.seen] == ["50", "6", "1"]


async def test_short_lines_after_a_very_long_one(server: Server, client: Client) -> None:
    whole = [*[b"x" * MEBIBYTE] * 10, b"\n", *[b"short\n"] * 8]
    few = [b"short\n"] * 6
    server.will(streams(*whole), streams(*few), streams(*whole), streams(*few[:1]))

    read = await tail(client, tail_lines=50)

    assert read == Tail("short\n" * 8, complete=True)
    assert [request.query["tailLines"] for request in server.seen] == ["50", "6", "50", "1"]


async def test_a_long_log_without_its_last_line_is_not_whole(
    server: Server, client: Client
) -> None:
    much = [b"a line of a log\n"] * 65536
    server.will(streams(*much), streams(b"the end\n"))

    read = await tail(client)

    assert (read.complete, read.broken) == (False, True)


async def test_a_log_that_breaks_off_is_kept_so_far(server: Server, client: Client) -> None:
    server.will(breaks_off(b"one\n", b"two\n"))

    assert await tail(client) == Tail("one\ntwo\n", complete=False, broken=True)


async def test_there_is_a_time_for_reading(server: Server, client: Client) -> None:
    held = asyncio.Event()

    async def stalls(request: web.Request) -> web.StreamResponse:
        response = await streams(b"so far\n")(request)
        await held.wait()
        return response

    server.will(stalls)

    given_up = Tail("so far\n", complete=False, broken=True)
    assert await tail(client, timeout=0.1) == given_up
    held.set()


async def test_a_container_is_followed_to_its_end(server: Server, client: Client) -> None:
    opened = asyncio.Event()

    async def goes_on(request: web.Request) -> web.StreamResponse:
        response = await streams(b"before\n")(request)
        await opened.wait()
        await response.write(b"after\n")
        return response

    server.will(goes_on)

    read = await tail(client, follow=True, opened=opened)

    assert read == Tail("before\nafter\n", complete=True)
    assert server.seen[0].query["follow"] == "true"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(refuses(404, "NotFound"), NotFound, id="the pod is gone"),
        pytest.param(
            refuses(400, "BadRequest", 'container "main" is waiting to start'),
            BadRequest,
            id="the container has not started",
        ),
        pytest.param(
            streams(b"unable to retrieve container logs for containerd://0123abcd"),
            NotFound,
            id="the container is gone, says the kubelet in its own way",
        ),
        pytest.param(
            streams(b'failed to try resolving symlinks in path "/var/log/pods/x/0.log": lstat'),
            NotFound,
            id="its log is gone",
        ),
        pytest.param(refuses(500, "InternalError"), Unavailable, id="the node does not answer"),
        pytest.param(hangs_up, Unavailable, id="nobody answers"),
    ],
)
async def test_a_log_that_cannot_be_had(
    server: Server, client: Client, answer: Answer, kind: type[ApiError]
) -> None:
    server.will(answer)

    with pytest.raises(kind):
        await tail(client, timeout=0.5)


@pytest.mark.parametrize(
    "fault", [pytest.param(hangs_up, id="hangs up"), pytest.param(refuses(503), id="503")]
)
async def test_opening_a_log_is_tried_again(server: Server, client: Client, fault: Answer) -> None:
    server.will(fault, fault, streams(b"here"))

    assert await tail(client) == Tail("here", complete=True)


async def test_a_log_may_say_what_the_kubelet_says(server: Server, client: Client) -> None:
    server.will(streams(b"start\nunable to retrieve container logs for containerd://0123abcd\n"))

    assert (await tail(client, max_bytes=200)).text.startswith("start\nunable to retrieve")


async def test_an_error_of_the_node_is_told_in_its_words(server: Server, client: Client) -> None:
    server.will(gives({"kind": "Status", "code": 404, "message": 'pods "x" not found'}, 404))

    with pytest.raises(NotFound, match='pods "x" not found'):
        await tail(client)
