"""A namespace, an operator and tasks whose runs are started all at once, for a whole module.

Most of a run's time is waiting: the controllers', the scheduler's, the node's. Twenty runs at
once take little longer than one, so each test then looks at its own.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.cluster.cluster import Cluster, make_namespace
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Stage:
    """What a module's tests share."""

    namespace: str
    operator: OperatorProcess


@contextmanager
def set_up(
    cluster: Cluster,
    start_operator: StartOperator,
    purpose: str,
    specs: Mapping[str, Mapping[str, Any]],
    *,
    run: bool = True,
) -> Iterator[Stage]:
    """Create tasks by their names and specs, and start a run of each unless told otherwise."""
    stage = asyncio.run(_begin(cluster, start_operator, purpose, specs, run=run))
    yield stage
    stage.operator.end()
    asyncio.run(_clear(cluster, stage.namespace))
    assert stage.operator.errors() == []


async def _begin(
    cluster: Cluster,
    start_operator: StartOperator,
    purpose: str,
    specs: Mapping[str, Mapping[str, Any]],
    *,
    run: bool,
) -> Stage:
    async with cluster.connect() as client:
        namespace = await make_namespace(client, purpose)
        operator = start_operator(namespace)
        tasks = Tasks(client, namespace)
        await asyncio.gather(*(tasks.create(name, **spec) for name, spec in specs.items()))
        await tasks.all_ready()
        if run:
            await asyncio.gather(*(tasks.start_job(name, f"{name}-by-hand") for name in specs))
    return Stage(namespace, operator)


async def _clear(cluster: Cluster, namespace: str) -> None:
    async with cluster.connect() as client:
        await client.delete(f"/api/v1/namespaces/{namespace}")
