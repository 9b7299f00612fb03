"""What the operator counts, as Prometheus reads it from a real server."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cronwright.controller import health
from cronwright.controller.claim import Claims
from cronwright.controller.engine import Engine
from cronwright.controller.groups import Groups
from cronwright.controller.intake import Intake
from cronwright.controller.metrics import OperatorMetrics
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core.entry import Entry, Happening, Subject
from cronwright.kube.errors import Conflict, Unavailable
from cronwright.kube.informer import Informer
from cronwright.model.base import render_time
from cronwright.model.run import Trigger, Verdict
from cronwright.model.status import Mode, TaskStatus
from tests.core.world import NOON, task
from tests.samples import Samples, samples

KEY = TaskKey("team", "report")
SECOND = timedelta(seconds=1)


def entry(event: Happening, mode: Mode = Mode.NATIVE, **fields: Any) -> Entry:
    subject = Subject(task(), mode, NOON)
    return Entry.make(subject, event, **{"message": "", "trigger": Trigger.SCHEDULE, **fields})


def ended(verdict: Verdict, **fields: Any) -> Entry:
    return entry(Happening.ENDED, run="report-1", verdict=verdict, **fields)


def read(metrics: OperatorMetrics) -> Samples:
    return samples(metrics.render("")[0].decode())


async def test_they_stand_beside_the_probes() -> None:
    metrics = OperatorMetrics()
    metrics.called("list", "jobs", 200, 0.02)
    runner = await health.serve("127.0.0.1", 0, lambda: True, dict, metrics)
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        async with session.get("/metrics") as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            found = samples(await answer.text())
        wanted = {"Accept": "application/openmetrics-text;version=1.0.0"}
        async with session.get("/metrics", headers=wanted) as answer:
            assert answer.headers["Content-Type"].startswith(wanted["Accept"].split(";")[0])
            assert (await answer.text()).endswith("# EOF\n")
    await runner.cleanup()

    call = {"verb": "list", "resource": "jobs"}
    assert found["cronwright_api_calls_total", call | {"code": "200"}] == 1
    assert found["cronwright_api_call_duration_seconds_sum", call] == 0.02
    assert found["process_resident_memory_bytes", {}] > 0
    assert not [name for name, _ in found if name.endswith("_created")]


def test_each_process_has_numbers_of_its_own() -> None:
    one, other = OperatorMetrics(), OperatorMetrics()
    one.called("get", "jobs", 200, 0.1)
    assert "cronwright_api_calls_total" in {name for name, _ in read(one)}
    assert "cronwright_api_calls_total" not in {name for name, _ in read(other)}


def test_runs_are_counted_by_verdict_and_trigger() -> None:
    metrics = OperatorMetrics()
    for each in (
        ended(Verdict.SUCCEEDED, duration_seconds=2.0, attempts=1, captured="Full"),
        ended(Verdict.SUCCEEDED, duration_seconds=4.0, attempts=3, captured="Full"),
        ended(Verdict.FAILED, trigger=Trigger.MANUAL, duration_seconds=0.0, captured="Lost"),
        entry(Happening.NOT_STARTED, trigger=Trigger.MANUAL, verdict=Verdict.SKIPPED),
        entry(Happening.WAITING, reason="Queued"),
        entry(Happening.RETRY_DUE, run="report-1", reason="Retry", attempts=1),
    ):
        metrics.note(each)
    found = read(metrics)

    def runs(verdict: str, trigger: str) -> float:
        labels = {"namespace": "team", "verdict": verdict, "trigger": trigger}
        return found["cronwright_runs_total", labels]

    assert runs("Succeeded", "Schedule") == 2
    assert runs("Failed", "Manual") == 1
    assert runs("Skipped", "Manual") == 1
    assert found.sum("cronwright_runs_total") == 4, "what waits has not ended"
    assert found["cronwright_run_duration_seconds_sum", {"verdict": "Succeeded"}] == 6.0
    assert found["cronwright_run_retries_total", {"namespace": "team"}] == 2
    assert found["cronwright_run_captures_total", {"captured": "Full"}] == 2
    assert found["cronwright_run_captures_total", {"captured": "Lost"}] == 1


def test_slots_without_a_run_are_counted_each() -> None:
    now = NOON + 3600 * SECOND
    metrics = OperatorMetrics(clock=lambda: now)
    for verdict, count in ((Verdict.MISSED, 13), (Verdict.EXCLUDED, 2)):
        metrics.note(
            entry(Happening.NOT_STARTED, slot=NOON, verdict=verdict, reason="Why", count=count)
        )
    found = read(metrics)

    labels = {"namespace": "team", "verdict": "Missed", "reason": "Why"}
    assert found["cronwright_slots_without_run_total", labels] == 13
    name = "cronwright_task_missed_noted_timestamp_seconds"
    noted = {"namespace": "team", "task": "report"}
    assert found[name, noted] == NOON.timestamp()

    now = NOON + 86_401 * SECOND
    assert name not in {name for name, _ in read(metrics)}


def test_a_slot_counts_once_where_no_number_is_told_and_not_at_all_where_it_is_0() -> None:
    metrics = OperatorMetrics()
    for verdict, told in (
        (Verdict.CANCELLED, {"reason": "CancelRequested"}),
        (Verdict.UNKNOWN, {"reason": "Edited", "count": 0}),
    ):
        metrics.note(entry(Happening.NOT_STARTED, slot=NOON, verdict=verdict, **told))
    found = read(metrics)

    def slots(verdict: str, reason: str) -> float:
        labels = {"namespace": "team", "verdict": verdict, "reason": reason}
        return found["cronwright_slots_without_run_total", labels]

    assert slots("Cancelled", "CancelRequested") == 1
    assert slots("Unknown", "Edited") == 0


def test_lateness_is_told_by_whoever_knows_it_best() -> None:
    metrics = OperatorMetrics()
    start: dict[str, Any] = {"slot": NOON, "time": NOON + 3 * SECOND}
    metrics.note(entry(Happening.STARTED, **start))
    metrics.note(entry(Happening.STARTED, Mode.MANAGED, **start))
    metrics.note(entry(Happening.STARTED, time=NOON, trigger=Trigger.MANUAL))
    found = read(metrics)
    name = "cronwright_start_lateness_seconds_sum"
    assert found[name, {"mode": "Native"}] == 3.0
    assert (name, {"mode": "Managed"}) not in found


async def test_looks_are_timed_by_how_they_end() -> None:
    metrics = OperatorMetrics()
    errors: list[Exception | None] = [
        None,
        Conflict(409, "Conflict", ""),
        Unavailable(503, "", ""),
        None,
    ]

    async def look(_: TaskKey) -> None:
        error = errors.pop(0)
        if error:
            raise error

    timed = metrics.timed(look)
    await timed(KEY)
    for _ in range(2):
        with pytest.raises((Conflict, Unavailable)):
            await timed(KEY)
    await timed(KEY)

    found = read(metrics)
    name = "cronwright_reconcile_duration_seconds_count"
    counts = {result: found[name, {"result": result}] for result in ("done", "conflict", "error")}
    assert counts == {"done": 2, "conflict": 1, "error": 1}


def failing(*verdicts: str, **more: Any) -> TaskStatus:
    """Make a status with a history, the newest run first."""
    history = [
        {"id": str(number), "trigger": "Schedule", "verdict": verdict}
        for number, verdict in enumerate(verdicts)
    ]
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Reconciled",
        "message": "",
        "lastTransitionTime": "2026-03-02T12:00:00Z",
    }
    status = {"mode": "Managed", "history": history, "conditions": [ready], **more}
    return TaskStatus.model_validate(status)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), None),
        (("Succeeded", "Failed"), None),
        (("Failed", "Succeeded"), 1),
        (("TimedOut", "Failed", "Failed", "Succeeded", "Failed"), 3),
        (("Cancelled", "Failed", "Replaced", "Failed", "Skipped"), 2),
    ],
)
def test_failures_are_counted_back_to_the_last_success(
    verdicts: Sequence[str], expected: float | None
) -> None:
    metrics = OperatorMetrics()
    metrics.census.put(KEY, failing(*verdicts))
    labels = {"namespace": "team", "task": "report"}
    assert read(metrics).get("cronwright_task_failures_in_a_row", labels) == expected


def test_tasks_are_counted_and_named_only_where_that_is_asked_for() -> None:
    dates = {"lastSuccessTime": "2026-03-02T12:00:00Z", "nextRunTime": "2026-03-02T13:00:00Z"}
    for tasks_by_name in (False, True):
        metrics = OperatorMetrics(tasks_by_name=tasks_by_name)
        metrics.census.put(KEY, failing("Succeeded", **dates))
        metrics.census.put(TaskKey("team", "new"), TaskStatus())
        metrics.census.put(TaskKey("team", "gone"), failing())
        metrics.forget(TaskKey("team", "gone"))
        found = read(metrics)

        def count(mode: str, ready: str, found: Samples = found) -> float:
            labels = {"namespace": "team", "mode": mode, "ready": ready}
            return found["cronwright_tasks", labels]

        assert (count("Managed", "True"), count("", "Unknown")) == (1, 1)
        labels = {"namespace": "team", "task": "report"}
        success = found.get("cronwright_task_last_success_timestamp_seconds", labels)
        coming = found.get("cronwright_task_next_run_timestamp_seconds", labels)
        hour = timedelta(hours=1)
        expected = (NOON.timestamp(), (NOON + hour).timestamp()) if tasks_by_name else (None, None)
        assert (success, coming) == expected


def test_runs_that_wait_are_counted_by_what_for() -> None:
    now = NOON + 90 * SECOND
    metrics = OperatorMetrics(clock=lambda: now)

    def waits(reason: str, due: int | None) -> dict[str, Any]:
        time = {} if due is None else {"due": render_time(NOON + due * SECOND)}
        return {"id": f"{reason}{due}", "reason": reason, "trigger": "Schedule", **time}

    def put(name: str, *pending: dict[str, Any]) -> None:
        metrics.census.put(TaskKey("team", name), failing(pending=pending))

    put("one", waits("Queued", 60), waits("Queued", 30), waits("Retry", 120))
    put("other", waits("Queued", 0), waits("Queued", None), waits("CatchUp", -3600))
    put("gone", waits("Queued", -100))
    metrics.forget(TaskKey("team", "gone"))
    put("begun", waits("Retry", 80))  # the entry stays until the attempt has ended
    metrics.census.put(TaskKey("quiet", "report"), failing())

    assert shown(metrics, "cronwright_runs_waiting") == {"Queued": 4, "CatchUp": 1, "Retry": 1}
    assert shown(metrics, "cronwright_oldest_wait_seconds") == {"Queued": 90, "CatchUp": 3690}
    put("other")
    now = NOON + 121 * SECOND
    assert shown(metrics, "cronwright_runs_waiting") == {"Queued": 2}
    assert shown(metrics, "cronwright_oldest_wait_seconds") == {"Queued": 91}


def shown(metrics: OperatorMetrics, name: str) -> dict[str, float]:
    """Give the values of a metric of one namespace by their reasons."""
    found = read(metrics)
    labels = [labels for each, labels in found if each == name]
    assert {each["namespace"] for each in labels} == {"team"}
    return {each["reason"]: found[name, each] for each in labels}


async def test_the_queue_tells_how_long_keys_wait() -> None:
    queue: WorkQueue[str] = WorkQueue()
    waits: list[float] = []
    queue.waited = waits.append
    queue.add("a")
    queue.add("b")
    assert len(queue) == 2

    done = asyncio.Event()

    async def handle(key: str) -> None:
        if key == "b":
            done.set()

    worker = asyncio.create_task(queue.work(handle))
    async with asyncio.timeout(5):
        await done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert len(waits) == 2
    assert all(0 <= wait < 5 for wait in waits)


@dataclass
class Watch:
    """Stand in for an informer."""

    resource: str
    seconds: float
    restarts: Counter[str]

    def age(self) -> float:
        return self.seconds


def test_what_is_looked_up_is_as_it_is_when_asked() -> None:
    metrics, queue = OperatorMetrics(), WorkQueue[TaskKey]()
    groups = Groups(1, lambda _: None)
    engine = Engine(cast("Claims", None), groups, Intake(), queue, lambda: NOON)
    watch = Watch("jobs", 3.0, Counter(expired=1))
    leads = False
    metrics.attach(queue, engine, [cast("Informer[Any]", watch)], lambda: leads)
    before = read(metrics)
    leads = True
    watch.seconds, watch.restarts["expired"] = 200.0, 2
    queue.add(KEY)
    engine.started(0.25)
    after = read(metrics)

    restarts = {"resource": "jobs", "reason": "expired"}
    names: tuple[tuple[str, dict[str, str]], ...] = (
        ("cronwright_leader", {}),
        ("cronwright_work_queue_length", {}),
        ("cronwright_starts_waiting", {}),
        ("cronwright_informer_age_seconds", {"resource": "jobs"}),
        ("cronwright_watch_restarts_total", restarts),
        ("cronwright_watch_restarts_total", restarts | {"reason": "ended"}),
    )
    assert [before[name] for name in names] == [0, 0, 0, 3, 1, 0]
    assert [after[name] for name in names] == [1, 1, 0, 200, 2, 0]
    assert after["cronwright_start_lateness_seconds_sum", {"mode": "Managed"}] == 0.25


def test_every_metric_can_be_read() -> None:
    text = OperatorMetrics(tasks_by_name=True).render("")[0].decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    declared = {each.name for each in OperatorMetrics(tasks_by_name=True).families}
    assert {name.removesuffix("_total") for name in declared} <= families
