"""What the operator tells of runs beside the status: its metrics and its execution log.

Both are held against what the API server has seen, the statuses, and the words of the pods.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import fastjsonschema
import pytest

from cronwright.kube.client import Client
from tests.cluster.api_process import Api, Web
from tests.cluster.audit import WRITES, AuditLog
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import KEEP, policy
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until
from tests.samples import Samples, samples

pytestmark = pytest.mark.cluster

JSONObject = dict[str, Any]
SCHEMA = Path(__file__).parents[2] / "docs" / "execution-log.schema.json"
SECRET = "hunter2"  # what no line may hold
WORDS = shell(
    f'echo "$TRACEPARENT"; echo {SECRET} | tee /dev/termination-log',
    env=[{"name": "KEY", "value": SECRET}],
)


async def test_metrics_and_lines_agree_with_the_api_server_the_statuses_and_the_pods(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    long = shell("sleep 3")
    await tasks.create("often", schedule="*/2 * * * * *", container=WORDS, **policy("Allow"))
    await tasks.create("forbids", schedule="* * * * * *", container=long, **policy("Forbid"))
    await tasks.create("fails", container=shell(f"echo {SECRET}; exit 3"), **KEEP)
    await tasks.all_ready()
    for number in range(2):
        await tasks.request("fails", f"request-{number}")
        await tasks.ended("fails", number + 1)
    await asyncio.gather(tasks.ended("often", 5), tasks.ended("forbids", 5))
    await rest(tasks)
    await audit.settle(client)

    statuses = {name: body["status"] for name, body in (await tasks.all()).items()}
    found = await operator.metrics()
    lines = operator.executions()
    compare_with_audit(found, audit, operator)
    compare_with_statuses(found, tasks.namespace, statuses)
    compare_lines(lines, audit, operator, statuses)

    await operator.restart()
    await tasks.create("last")
    await tasks.ready("last")
    assert operator.executions()[len(lines) :] == [], "what was told is not told again"


async def test_the_api_counts_its_callers(web: Web, api: Api) -> None:
    labels = {"method": "GET", "route": "/tasks", "code": "200"}
    name = "cronwright_http_requests_total"
    before = (await scrape(api)).get(name, labels) or 0
    for _ in range(3):
        assert (await web.ask("GET", "/tasks"))[0] == 200
    found = await scrape(api)
    assert found[name, labels] >= before + 3
    assert (
        found[
            "cronwright_api_calls_total",
            {"verb": "list", "resource": "scheduledtasks", "code": "200"},
        ]
        >= 3
    )


async def rest(tasks: Tasks) -> None:
    """Suspend all tasks, and wait until no run of them is active."""
    names = list(await tasks.all())
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in names))

    async def at_rest() -> bool:
        found = await tasks.all_ready()
        return not any(body["status"].get("activeCount") for body in found.values())

    await until(at_rest)


def compare_with_audit(found: Samples, audit: AuditLog, operator: OperatorProcess) -> None:
    """Hold the numbers of writes against the audit log."""
    seen = audit.entries(operator.namespace, user=operator.user)
    written = Counter(
        (*entry.what.split(" "), str(entry.code)) for entry in seen if entry.verb in WRITES
    )
    calls = {
        (labels["verb"], labels["resource"], labels["code"]): found[name, labels]
        for name, labels in found
        if name == "cronwright_api_calls_total" and labels["verb"] in WRITES
    }
    assert calls == written
    statuses = written["update", "scheduledtasks/status", "200"]
    assert statuses > 10
    where = {"namespace": operator.namespace}
    assert found["cronwright_status_writes_total", where] == statuses
    slots = [job for job in created(audit, operator) if not job.startswith("fails-")]
    late = {"mode": "Managed"}
    assert found["cronwright_start_lateness_seconds_count", late] == len(slots)


def compare_with_statuses(
    found: Samples, namespace: str, statuses: Mapping[str, JSONObject]
) -> None:
    """Hold the numbers of runs and slots against the counts of the tasks."""
    counts = counted(statuses)
    assert counts.keys() == {"Succeeded", "Failed", "Skipped"}
    for verdict, count in counts.items():
        labels = {"namespace": namespace, "verdict": verdict}
        runs = found.sum("cronwright_runs_total", **labels)
        assert runs + found.sum("cronwright_slots_without_run_total", **labels) == count
    skipped = found.sum("cronwright_slots_without_run_total", reason="ConcurrencyForbid")
    assert skipped == counts["Skipped"]
    ended = counts["Succeeded"] + counts["Failed"]
    assert found.sum("cronwright_run_captures_total", captured="Full") == ended
    assert found.sum("cronwright_run_duration_seconds_count") == ended

    def standing(mode: str) -> float:
        return found["cronwright_tasks", {"namespace": namespace, "mode": mode, "ready": "True"}]

    assert (standing("Managed"), standing("Native")) == (2, 1)
    name = "cronwright_task_failures_in_a_row"
    assert [(labels["task"], found[name, labels]) for each, labels in found if each == name] == [
        ("fails", 2)
    ]
    assert found["cronwright_leader", {}] == 1
    for resource in ("cronjobs", "jobs", "pods"):
        assert found["cronwright_informer_age_seconds", {"resource": resource}] < 120
    assert found["cronwright_reconcile_duration_seconds_count", {"result": "done"}] > 0
    assert found["cronwright_work_queue_wait_seconds_count", {}] > 0


def compare_lines(
    lines: list[JSONObject],
    audit: AuditLog,
    operator: OperatorProcess,
    statuses: Mapping[str, JSONObject],
) -> None:
    """Hold the execution log against its schema, the Jobs, the records and the pods' own words."""
    validate = fastjsonschema.compile(json.loads(SCHEMA.read_text()), use_default=False)
    for line in lines:
        validate(line)
    assert SECRET not in json.dumps(lines)

    started, ended = ([line for line in lines if line["event"] == e] for e in ("Started", "Ended"))
    jobs = Counter(created(audit, operator))
    assert Counter(line["run"] for line in started) == jobs
    assert Counter(line["run"] for line in ended) == jobs
    traces = {line["run"]: line["trace_id"] for line in started}
    for line in ended:
        assert lines.index(line) > [each["run"] for each in lines].index(line["run"])
        assert line["trace_id"] == traces[line["run"]]
    by_run = {line["run"]: line for line in ended}
    for name, status in statuses.items():
        for record in status["history"]:
            line = by_run[record["name"]]
            assert (line["task_name"], line["namespace"]) == (name, operator.namespace)
            assert line["trace_id"] == record["id"].replace("-", "")
            for field in ("slot", "verdict", "trigger", "reason", "attempts", "captured"):
                assert line.get(field) == record.get(field), field
    failed = by_run[statuses["fails"]["lastRun"]["name"]]
    assert (failed["level"], failed["exit_code"], failed["slot"]) == ("warning", 3, None)

    printed = statuses["often"]["lastRun"]
    traceparent, secret = printed["logTail"].split()
    assert (secret, printed["result"]) == (SECRET, SECRET)
    assert traceparent.split("-")[1] == by_run[printed["name"]]["trace_id"]

    skipped = [line for line in lines if line["event"] == "NotStarted"]
    assert {line["task_name"] for line in skipped} == {"forbids"}
    assert sum(line["count"] for line in skipped) == statuses["forbids"]["counts"]["Skipped"]


def counted(statuses: Mapping[str, JSONObject]) -> Counter[str]:
    """Add up the counts of all tasks."""
    return sum((Counter(status.get("counts", {})) for status in statuses.values()), Counter())


def created(audit: AuditLog, operator: OperatorProcess) -> list[str]:
    """List the Jobs that the operator has made."""
    asked = {"user": operator.user, "resource": "jobs", "verb": "create"}
    return [each.name for each in audit.entries(operator.namespace, **asked) if each.done]


async def scrape(api: Api) -> Samples:
    """Ask for the API's metrics; nobody has to show a token there."""
    async with aiohttp.ClientSession() as session, session.get(api.metrics_url) as answer:
        assert answer.status == 200
        return samples(await answer.text())
