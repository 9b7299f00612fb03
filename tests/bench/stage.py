"""Where one operator is measured: a cluster, a namespace of its own, a connection, the process."""

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cronwright.kube import paths
from cronwright.kube.client import Client
from dev.cluster.layout import Layout
from tests.bench import api, tasks
from tests.bench.process import Subject
from tests.bench.progress import Progress

Maker = Callable[[Layout, str, Path], Subject]


class Stage:
    """Set everything up for an operator, which is not started yet; clear up at the end.

    With `keep` the namespace is left to end with its cluster.
    """

    def __init__(self, place: Layout, make: Maker, progress: Progress, *, keep: bool) -> None:
        self.cluster = place
        self.namespace = f"bench-{make.__name__}"
        self.progress = progress
        self.subject = make(place, self.namespace, place.directory / f"{self.namespace}.log")
        self._keep = keep
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.client: Client = await self._open.enter_async_context(
            api.connect(self.cluster.kubeconfig)
        )
        await api.install_crd(self.client)
        await api.create_namespace(self.client, self.namespace)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.subject.stop()
        if not self._keep:
            self.progress.say(f"{self.subject.name}: clearing up")
            await api.delete_namespace(self.client, self.namespace)
        await self._open.aclose()

    def say(self, text: str) -> None:
        """Tell what the operator is put to now."""
        self.progress.say(f"{self.subject.name}: {text}")

    async def create(self, numbers: Iterable[int]) -> None:
        """Create tasks."""
        path = paths.scheduledtasks(self.namespace)
        calls = [self.client.create(path, tasks.task(number)) for number in numbers]
        self.say(f"creating {len(calls)} tasks")
        await api.all_at_once(calls, "created", self.progress)
