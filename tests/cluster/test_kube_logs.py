"""Log tails of real pods, through the API server and the node."""

import asyncio
from typing import Any

import pytest

from cronwright.core.tail import encoded_size
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError, BadRequest, NotFound
from cronwright.kube.logs import Tail, read_tail
from tests.cluster.tasks import IMAGE, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


async def start(client: Client, namespace: str, script: str, **spec: Any) -> None:
    body = {
        "metadata": {"name": "pod"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", **shell(script)}],
            **spec,
        },
    }
    await client.create(paths.pods(namespace), body)


async def in_phase(client: Client, namespace: str, *phases: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any]:
        body: dict[str, Any] = await client.get(paths.pods(namespace, "pod"))
        assert body["status"]["phase"] in phases, body["status"]
        return body

    return await until(reached)


async def tail(client: Client, namespace: str, **options: Any) -> Tail:
    wanted = {"tail_lines": 100, "max_bytes": 4096, **options}
    return await read_tail(client, namespace, "pod", "main", **wanted)


async def test_the_end_of_a_hundred_megabytes(client: Client, namespace: str) -> None:
    line = "0123456789abcdef" * 64
    await start(client, namespace, f"yes {line} | head -c 100000000; echo; echo the end")
    await in_phase(client, namespace, "Succeeded")

    read = await tail(client, namespace)

    assert read.complete
    *whole, broken_off, last, end = read.text.split("\n")
    assert end == ""
    assert (set(whole), broken_off, last) == ({line}, line[: 100_000_000 % 1025], "the end")
    assert 3000 < encoded_size(read.text) <= 4096


async def test_one_line_of_a_hundred_megabytes(client: Client, namespace: str) -> None:
    await start(client, namespace, "head -c 100000000 /dev/zero | tr '\\0' x; printf 'the end'")
    await in_phase(client, namespace, "Succeeded")

    read = await tail(client, namespace, timeout=20.0)

    assert not read.complete  # beyond the limit of 64 MiB
    assert read.text.strip("x") == ""
    assert encoded_size(read.text) == 4096


async def test_binary_output(client: Client, namespace: str) -> None:
    await start(
        client, namespace, "head -c 200000 /dev/urandom; printf '\\n\\033[31mred\\033[0m\\n'"
    )
    await in_phase(client, namespace, "Succeeded")

    read = await tail(client, namespace, max_bytes=16384)

    assert read.text.endswith("red\n")
    assert encoded_size(read.text) <= 16384


async def test_a_container_is_followed_until_its_pod_is_deleted(
    client: Client, namespace: str
) -> None:
    await start(
        client, namespace, "trap 'echo goodbye; exit' TERM; echo hello; while :; do sleep 0.1; done"
    )
    await in_phase(client, namespace, "Running")
    opened = asyncio.Event()
    reading = asyncio.create_task(tail(client, namespace, follow=True, timeout=30.0, opened=opened))
    async with asyncio.timeout(20):
        await opened.wait()
    await client.delete(paths.pods(namespace, "pod"))

    assert await reading == Tail("hello\ngoodbye\n", complete=True)


async def test_what_cannot_be_read(client: Client, namespace: str) -> None:
    with pytest.raises(NotFound):
        await tail(client, namespace)

    broken = {"name": "main", "image": f"registry.invalid/{IMAGE}", "command": ["true"]}
    await start(client, namespace, "", containers=[broken])

    async def waiting() -> bool:
        body = await client.get(paths.pods(namespace, "pod"))
        return bool(body["status"].get("containerStatuses"))

    await until(waiting)
    with pytest.raises(BadRequest, match="waiting to start"):
        await tail(client, namespace)
    with pytest.raises(ApiError):
        await read_tail(client, namespace, "pod", "other", tail_lines=1, max_bytes=100)
