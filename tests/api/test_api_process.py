"""`cronwright api` as a process: how it starts, logs and stops."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cronwright.kube import paths
from tests.api.fake_cluster import TOKEN, FakeCluster


def kubeconfig(cluster: FakeCluster, folder: Path) -> Path:
    file = folder / "kubeconfig"
    names = {"cluster": "c", "user": "u"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "contexts": [{"name": "x", "context": names}],
        "clusters": [{"name": "c", "cluster": {"server": cluster.url}}],
        "users": [{"name": "u", "user": {"token": "own"}}],
    }
    file.write_text(json.dumps(config))
    return file


@asynccontextmanager
async def started(*flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cronwright", "api", "--bind-address", "127.0.0.1",
        *("--metrics-port", "0", *flags),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process, message: str) -> dict[str, Any]:
    """Read the log up to a message."""
    assert process.stderr is not None
    while text := await process.stderr.readline():
        found: dict[str, Any] = json.loads(text)
        if found["message"] == message:
            return found
    raise AssertionError(f"never logged: {message}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_in_good_order_once_its_requests_have(
    cluster: FakeCluster, tmp_path: Path, number: signal.Signals
) -> None:
    flags = ("--kubeconfig", str(kubeconfig(cluster, tmp_path)), "--port", "0")
    async with started(*flags) as process:
        serving = await line(process, "state is Running")
        url = f"http://127.0.0.1:{serving['port']}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(url, headers=headers) as session:
            with cluster.held("GET", paths.scheduledtasks("default")) as hold:
                answer = asyncio.create_task(session.get("/tasks"))
                await hold.reached.wait()
                process.send_signal(number)
                await line(process, "state is ShuttingDown")
            async with await answer as response:
                assert response.status == 200

        logged = await line(process, "request")
        assert (logged["route"], logged["status"]) == ("/tasks", 200)
        await line(process, "state is Terminated")
        assert await process.wait() == 0


async def test_a_port_that_is_taken_is_told(cluster: FakeCluster, tmp_path: Path) -> None:
    port = cluster.url.rpartition(":")[2]
    async with started("--port", port) as process:
        assert process.stderr is not None
        text = (await process.stderr.read()).decode()

    assert process.returncode not in {0, None}
    assert f'"127.0.0.1:{port}": can\'t be listened on' in text
    assert "--port" in text
