"""The benchmark's own connection to the API server.

It names itself in its user agent, which `audit` leaves out: nothing that the benchmark writes is
counted as the operator's.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.kube.errors import AlreadyExists
from tests.bench.progress import Progress

Answer = TypeVar("Answer")

COMPONENT: Final = "bench"

_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NAMESPACES: Final = "/api/v1/namespaces"
_CRD_FILE: Final = Path(__file__).parents[2] / "crds" / "cronwright.dev_scheduledtasks.yaml"
_AT_ONCE: Final = 32
_POLL: Final = 0.2


@contextlib.asynccontextmanager
async def connect(kubeconfig: Path) -> AsyncIterator[Client]:
    """Connect as the cluster's administrator."""
    credentials = await load_credentials(str(kubeconfig))
    async with Client(credentials, max_connections=_AT_ONCE, component=COMPONENT) as client:
        yield client


async def install_crd(client: Client) -> None:
    """Make ScheduledTasks known, unless they are."""
    body = yaml.safe_load(_CRD_FILE.read_text())
    with contextlib.suppress(AlreadyExists):
        await client.create(_CRDS, body)
    path = f"{_CRDS}/{body['metadata']['name']}"
    await _until(lambda: client.get(path), _is_established)


async def create_namespace(client: Client, name: str) -> None:
    """Create a namespace and wait for the account that its pods run as."""
    await client.create(_NAMESPACES, {"metadata": {"name": name}})
    accounts = f"{_NAMESPACES}/{name}/serviceaccounts"
    await _until(lambda: _names(client, accounts), lambda found: "default" in found)


async def delete_namespace(client: Client, name: str) -> None:
    """Delete a namespace with everything in it, and wait until it is gone."""
    await client.delete(f"{_NAMESPACES}/{name}")
    await _until(lambda: _names(client, _NAMESPACES), lambda found: name not in found)


def _is_established(crd: dict[str, Any]) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


async def _until(ask: Callable[[], Awaitable[Answer]], holds: Callable[[Answer], bool]) -> None:
    while True:
        if holds(await ask()):
            return
        await asyncio.sleep(_POLL)


async def _names(client: Client, path: str) -> set[str]:
    return {each["metadata"]["name"] for each in (await client.get(path))["items"]}


async def all_at_once(calls: Iterable[Awaitable[Any]], what: str, progress: Progress) -> None:
    """Await many calls, as many at a time as there are connections."""
    waiting = list(calls)
    slots = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def run(call: Awaitable[Any]) -> None:
        nonlocal done
        async with slots:
            await call
        done += 1
        progress.count(what, done, len(waiting))

    async with asyncio.TaskGroup() as group:
        for call in waiting:
            group.create_task(run(call))
