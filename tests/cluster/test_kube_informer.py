"""The informer against a real API server: it ends with what a list shows, having told it all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.informer import Informer
from tests.cluster.tasks import SELDOM, job_template
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


@dataclass(frozen=True, slots=True)
class Seen:
    namespace: str
    name: str
    uid: str
    resource_version: str
    suspended: bool


def seen(body: dict[str, Any]) -> Seen:
    metadata = body["metadata"]
    return Seen(
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        body["spec"]["suspend"],
    )


def cronjob(name: str, app: str = "shop") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"app": app}},
        "spec": {"schedule": SELDOM, "suspend": True, "jobTemplate": job_template("exit 0")},
    }


class Told:
    """What an informer has told."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, bool | None, bool | None]] = []

    def __call__(self, old: Seen | None, new: Seen | None) -> None:
        name = (new or old).name  # type: ignore[union-attr]
        before, after = (each.suspended if each else None for each in (old, new))
        self.changes.append((name, before, after))


@asynccontextmanager
async def watching(client: Client, namespace: str, told: Told) -> AsyncIterator[Informer[Seen]]:
    informer = Informer(
        client,
        paths.cronjobs(namespace),
        seen,
        told,
        label_selector="app=shop",
        index=lambda each: each.suspended,
    )
    running = asyncio.create_task(informer.run())
    async with asyncio.timeout(10):
        await informer.synced.wait()
    yield informer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_informer_follows(client: Client, namespace: str) -> None:
    path, told = paths.cronjobs(namespace), Told()
    await client.create(path, cronjob("a"))
    await client.create(path, cronjob("other", app="bank"))

    async with watching(client, namespace, told) as informer:
        assert [each.name for each in informer.all()] == ["a"]
        await client.create(path, cronjob("b"))
        await client.merge_patch(f"{path}/a", {"spec": {"suspend": False}})
        await client.delete(f"{path}/b")

        async def all_told() -> bool:
            return len(told.changes) == 4

        await until(all_told)
        assert [each.name for each in informer.select(False)] == ["a"]
        assert informer.age() < 30

    assert told.changes == [
        ("a", None, True),
        ("b", None, True),
        ("a", True, False),
        ("b", True, None),
    ]


async def test_own_writes_are_told_once(client: Client, namespace: str) -> None:
    path, told = paths.cronjobs(namespace), Told()
    async with watching(client, namespace, told) as informer:
        for number in range(20):
            name = f"thing-{number}"
            body = await client.create(path, cronjob(name))
            informer.observe(body)
            informer.observe(
                await client.merge_patch(f"{path}/{name}", {"spec": {"suspend": False}})
            )
            await client.delete(f"{path}/{name}")
            informer.observe(body)  # late, and perhaps after the watch told of the end

        async def all_gone() -> bool:
            return not informer.all()

        await until(all_gone)

    # What is told of one object may come after the beginning of the next.
    assert sorted(told.changes, key=lambda change: int(change[0].removeprefix("thing-"))) == [
        change
        for number in range(20)
        for change in [
            (f"thing-{number}", None, True),
            (f"thing-{number}", True, False),
            (f"thing-{number}", False, None),
        ]
    ]
