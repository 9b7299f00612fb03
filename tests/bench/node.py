"""Benchmark `node`: how many pods a second the local node takes from their creation to their end.

All are created at once and run a command that ends at once, so what is measured is all that is
around it. By the API server's own audit log: from the first pod's creation to the last status
write of the last. Beside it the API server alone: the same pods, created and written ended, with
no scheduler and no node in between.

And one pod at a time, beside the bare start of the same command as a process.
"""

import asyncio
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.bench import api
from tests.bench.audit import AuditLog, Entry
from tests.bench.cluster import cluster
from tests.bench.progress import Progress
from tests.bench.report import Figure, percentile

NAME: Final = "node"
DEFAULT_N: Final = 200
_GOAL: Final = 20.0
_ALONE: Final = 20
_TIMEOUT: Final = 180.0
_NAMESPACE: Final = "bench-node"
_COMMAND: Final = ("/bin/sh", "-c", "echo done")
# A node that nobody is: pods that are bound to it are run by nobody.
_NOWHERE: Final = "nowhere"
_NAMES_ONLY: Final = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure both; the given cluster is left as it was found."""
    with cluster(given, progress) as place:
        async with api.connect(place.kubeconfig) as client:
            await api.create_namespace(client, _NAMESPACE)
            try:
                log = AuditLog(place.audit_log)
                await _warm_up(client)
                log.read()
                progress.say(f"running {count} pods at once")
                await _run_at_once(client, count, progress)
                entries = log.read()
                progress.say(f"running {_ALONE} pods one after another")
                alone = await _run_one_by_one(client, count, log)
                progress.say(f"creating {count} pods that nobody runs")
                bare = await _write_only(client, count, progress)
            finally:
                progress.say("clearing up")
                await api.delete_namespace(client, _NAMESPACE)
    processes = [_start_process() for _ in range(_ALONE)]
    return _figures(count, entries, bare, alone, processes)


def _figures(
    count: int, entries: list[Entry], bare: float, alone: list[float], processes: list[float]
) -> list[Figure]:
    pace, writes = paced(entries, count, _NAMESPACE)
    return [
        Figure(NAME, f"{count} pods at once: run", pace, "/s", bare, _GOAL, more_is_better=True),
        Figure(NAME, f"{count} pods at once: status writes a pod", writes, "", 1.0),
        Figure(
            NAME, "one pod alone: created to ended, p50", percentile(alone, 0.5) * 1000, "ms",
            percentile(processes, 0.5) * 1000,
        ),
    ]  # fmt: skip


def paced(entries: list[Entry], count: int, namespace: str) -> tuple[float, float]:
    """Give how many pods a second a node has run, and how often it wrote the status of each."""
    began, ends = _times(entries, namespace)
    return count / (max(ends) - began), len(ends) / count


def _times(entries: list[Entry], namespace: str) -> tuple[float, list[float]]:
    """Find the first creation, and the node's writes."""
    own = [each for each in entries if each.namespace == namespace]
    began = min(each.time for each in own if each.is_done({"create"}, "pods"))
    writes = (each for each in own if each.is_done({"patch"}, "pods/status"))
    return began, [each.time for each in writes if each.agent == "node"]


async def _warm_up(client: Client) -> None:
    """Run one pod first, so that nothing is measured that is done once."""
    await client.create(paths.pods(_NAMESPACE), _pod("warm-up"))
    await _until_succeeded(client, 1)


async def _run_at_once(client: Client, count: int, progress: Progress) -> None:
    path = paths.pods(_NAMESPACE)
    calls = [client.create(path, _pod(f"pod-{number}")) for number in range(count)]
    await api.all_at_once(calls, "created", progress)
    await _until_succeeded(client, count + 1)


async def _run_one_by_one(client: Client, count: int, log: AuditLog) -> list[float]:
    found = []
    for number in range(_ALONE):
        log.read()
        name = f"alone-{number}"
        await client.create(paths.pods(_NAMESPACE), _pod(name))
        await _until_succeeded(client, count + number + 2)
        began, ends = _times(log.read(), _NAMESPACE)
        found.append(max(ends) - began)
    return found


async def _write_only(client: Client, count: int, progress: Progress) -> float:
    """Give how many pods a second are created and written ended by hand."""

    async def one(name: str) -> None:
        await client.create(paths.pods(_NAMESPACE), _pod(name, nodeName=_NOWHERE))
        state = {"terminated": {"exitCode": 0, "reason": "Completed"}}
        main = {"name": "main", "state": state, "ready": False, "restartCount": 0,
                "image": "registry.example/bench:1", "imageID": ""}  # fmt: skip
        status = {"phase": "Succeeded", "containerStatuses": [main]}
        await client.merge_patch(paths.pods(_NAMESPACE, name, "status"), {"status": status})

    began = time.monotonic()
    names = (f"bare-{number}" for number in range(count))
    await api.all_at_once([one(name) for name in names], "written", progress)
    return count / (time.monotonic() - began)


async def _until_succeeded(client: Client, count: int) -> None:
    query = {"fieldSelector": "status.phase=Succeeded"}
    async with asyncio.timeout(_TIMEOUT):
        while True:
            found = 0
            async for page in client.list_pages(
                paths.pods(_NAMESPACE), query, limit=1000, accept=_NAMES_ONLY
            ):
                found += len(page["items"])
            if found >= count:
                return
            await asyncio.sleep(0.2)


def _start_process() -> float:
    began = time.monotonic()
    subprocess.run(_COMMAND, check=True, capture_output=True)
    return time.monotonic() - began


def _pod(name: str, **spec: Any) -> dict[str, Any]:
    main = {"name": "main", "image": "registry.example/bench:1", "command": list(_COMMAND)}
    whole = {"restartPolicy": "Never", "containers": [main], **spec}
    return {"metadata": {"name": name}, "spec": whole}
