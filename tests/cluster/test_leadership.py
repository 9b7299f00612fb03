"""Two operators, of which one leads: killed, ended or frozen, it costs no slot and doubles none."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.controller import alarm
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster import replicas
from tests.cluster.account import Account, grant_lease, render_chart
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster
from tests.cluster.kubectl import program
from tests.cluster.minutes import now, reach
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.replicas import LEASE, Replicas, first_fired, lease
from tests.cluster.slots import SECOND, fired, slots
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

STEPS = (1, 2, 2)  # seconds between the slots of the tasks
AFTER_A_KILL = 15.0
AFTER_AN_END = 2.0


@pytest.fixture
async def pair(
    cluster: Cluster, client: Client, namespace: str, account: Account,
    start_operator: StartOperator,
) -> AsyncIterator[Replicas]:  # fmt: skip
    """Give two running operators that serve the test's namespace."""
    manifests = render_chart(program("helm", cluster.directory), LEASE, namespace)
    await grant_lease(client, manifests, namespace, account.user)
    started = replicas.start(start_operator, namespace)
    yield started
    started.end()


def states(operator: OperatorProcess) -> list[tuple[str, bool]]:
    """List the states that an operator has logged, and whether it led."""
    return [(line["state"], line["leading"]) for line in operator.log() if "state" in line]


async def test_one_leads_and_the_other_stands_ready(
    pair: Replicas, tasks: Tasks, client: Client
) -> None:
    leader = await pair.leader()
    standby = pair.other(leader)
    assert await leader.health() == {"state": "Running", "leading": True}
    assert await standby.health() == {"state": "Running", "leading": False}
    shown = [(await each.metrics())["cronwright_leader", {}] for each in (leader, standby)]
    assert shown == [1, 0]
    await tasks.create("a-task")
    await tasks.ready("a-task")

    assert standby.stop() == 0
    assert states(standby) == [("Running", False), ("ShuttingDown", False), ("Terminated", False)]
    held = (await lease(client, tasks.namespace))["holderIdentity"]
    assert leader.stop() == 0
    assert states(leader) == [
        *(("Running", False), ("Running", True)),
        *(("ShuttingDown", True), ("Terminated", False)),
    ]
    released = await lease(client, tasks.namespace)
    assert held
    assert (released["holderIdentity"], released["leaseDurationSeconds"]) == ("", 1)
    assert [each.errors() for each in pair.both] == [[], []]


async def test_a_change_of_leader_writes_nothing_where_nothing_changed(
    pair: Replicas, tasks: Tasks, audit: AuditLog, client: Client
) -> None:
    leader = await pair.leader()
    for number in range(10):
        await tasks.create(f"task-{number}", schedule=("0 0 1 1 *", "0 0 0 1 1 *")[number % 2])
    await tasks.all_ready()
    await tasks.run("task-0")
    await tasks.run("task-1")
    await audit.settle(client)
    audit.mark()

    assert leader.stop() == 0
    # Keys are handled in their order: this one comes after those of the tasks before it.
    await tasks.create("probe")
    await tasks.ready("probe")
    await audit.settle(client)
    written = audit.writes(tasks.namespace, leader.user)
    assert {entry.name for entry in written} == {"probe"}, written
    assert (await pair.other(leader).health())["leading"]


async def test_who_has_lost_the_lease_ends_at_once(
    pair: Replicas, tasks: Tasks, client: Client
) -> None:
    leader = await pair.leader()
    path = paths.leases(tasks.namespace, LEASE)
    await client.merge_patch(path, {"spec": {"holderIdentity": "somebody", "leaseTransitions": 9}})
    assert leader.ended() == 1
    (error,) = leader.errors()
    assert error["message"] == "no longer leading; ending at once"
    assert error["error"] == 'the lease is held by "somebody"'


async def test_a_change_of_leader_costs_no_slot_and_doubles_none(
    pair: Replicas, tasks: Tasks, audit: AuditLog, client: Client
) -> None:
    await _change_leaders(pair, tasks, audit, client, Course(("end", "kill", "freeze"), 2.0))


@pytest.mark.soak
async def test_thirty_changes_of_leader(
    pair: Replicas, tasks: Tasks, audit: AuditLog, client: Client
) -> None:
    # Frozen for so long that Jobs which the other has made meanwhile are pruned.
    kinds = ("kill", "freeze", "end") * 10
    await _change_leaders(pair, tasks, audit, client, Course(kinds, 45.0))


@dataclass(frozen=True, slots=True)
class Course:
    """How leaders end, one after the other, and for how much longer than needed they freeze."""

    kinds: tuple[str, ...]
    longest_freeze: float


async def _change_leaders(
    pair: Replicas, tasks: Tasks, audit: AuditLog, client: Client, course: Course
) -> None:
    leader = await pair.leader()
    names = {f"task-{number}": step for number, step in enumerate(STEPS)}
    for name, step in names.items():
        await tasks.create(
            name, schedule=f"*/{step} * * * * *", historyLimit=50, concurrencyPolicy="Allow",
            successfulJobsHistoryLimit=0, failedJobsHistoryLimit=0,
        )  # fmt: skip
    await tasks.all_ready()
    first = _even(now() + 2 * SECOND)
    took: dict[str, list[float]] = {}
    for kind in course.kinds:
        seconds = await _change(pair, leader, kind, audit, client)
        if kind == "freeze":
            # Its Lease has run out: it is to end before it does anything.
            await asyncio.sleep(random.uniform(0.0, course.longest_freeze))
            leader.thaw()
            assert leader.ended() in {1, alarm.EXIT_CODE}
        leader.start()
        took.setdefault(kind, []).append(seconds)
        leader = await pair.leader()
    print({kind: [round(each, 2) for each in seconds] for kind, seconds in took.items()})
    last = _even(now())
    await until(lambda: _accounted(tasks, last), 60.0)
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in names))
    everything = await until(lambda: _all_ended(tasks), 60.0)

    jobs = await fired(audit, client, tasks.namespace)
    for name, step in names.items():
        wanted = slots(first, last, step * SECOND)
        assert {slot: n for slot, n in jobs[name].items() if n > 1} == {}, name
        assert [slot for slot in wanted if not jobs[name][slot]] == [], name
        status = everything[name]["status"]
        assert status["counts"] == {"Succeeded": len(jobs[name])}, name
        assert status.get("gaps", []) == [], name
    for kind, limit in (("kill", AFTER_A_KILL), ("freeze", AFTER_A_KILL), ("end", AFTER_AN_END)):
        assert max(took.get(kind, [0.0])) < limit, took


def _even(moment: datetime) -> datetime:
    whole = moment.replace(microsecond=0)
    return whole - timedelta(seconds=whole.second % 2)


async def _change(
    pair: Replicas, leader: OperatorProcess, kind: str, audit: AuditLog, client: Client
) -> float:
    """End, kill or freeze the leader; say after how many seconds the other fires."""
    namespace, log = leader.namespace, audit.from_now()
    term = (await lease(client, namespace))["leaseTransitions"]
    # Any moment, or that in which Jobs are being made.
    near = _even(now()) + timedelta(seconds=random.uniform(1.99, 2.06))
    await reach(random.choice((near, near, now() + timedelta(seconds=random.uniform(0.0, 2.0)))))
    began = now()
    if kind == "kill":
        leader.kill()
    elif kind == "freeze":
        leader.freeze()
    else:
        assert await asyncio.to_thread(leader.stop) == 0

    async def other_fires() -> datetime:
        record = await lease(client, namespace)
        assert record["leaseTransitions"] > term, record
        at = first_fired(log, namespace, datetime.fromisoformat(record["acquireTime"]))
        assert at, record
        return at

    return (await until(other_fires, 30.0) - began).total_seconds()


async def _accounted(tasks: Tasks, last: datetime) -> bool:
    for name, body in (await tasks.all()).items():
        assert body["status"]["accountedUntil"] >= render_time(last), name
    return True


async def _all_ended(tasks: Tasks) -> dict[str, Any]:
    everything = await tasks.all()
    for name, body in everything.items():
        status = body["status"]
        assert status["observedGeneration"] == body["metadata"]["generation"], name
        assert not status.get("active"), name
    return everything
