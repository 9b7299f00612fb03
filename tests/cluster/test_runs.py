"""How runs end, and what is recorded of each: verdict, exit code, result, attempts, log."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import IMAGE, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

GRACEFUL = "trap 'echo last words; exit 7' TERM; echo working; sleep 300 & wait"
TWO_ATTEMPTS = 'echo "attempt of $HOSTNAME"; exit 4'
RESTARTS = "echo once more; sleep 0.2; exit 5"

SPECS: dict[str, dict[str, Any]] = {
    "succeeds": {"container": shell("echo one; echo two"), "version": "1.4.2"},
    "fails": {"container": shell("echo about to fail; exit 3")},
    "leaves-a-result": {"container": shell("echo '42 rows' > /dev/termination-log")},
    "fails-with-a-message": {
        "container": shell(
            "echo 'no rows' > /dev/termination-log; exit 1", terminationMessagePolicy="File"
        )
    },
    "says-why-in-json": {
        "container": shell(
            """echo '{"message": "nothing to do", "result": {"rows": 0}}' > /dev/termination-log"""
        )
    },
    "dies-with-json-in-its-log": {"container": shell("""echo '{"result": "not one"}'; exit 1""")},
    "two-attempts": {"jobTemplate": job_template(TWO_ATTEMPTS, backoffLimit=1)},
    "restarts": {"jobTemplate": job_template(RESTARTS, restart="OnFailure", backoffLimit=1)},
    "two-pods": {"jobTemplate": job_template("echo half", completions=2, parallelism=2)},
    "too-long": {"container": shell(GRACEFUL), "timeout": "3s"},
    "own-deadline": {"jobTemplate": job_template(GRACEFUL, activeDeadlineSeconds=4)},
    "job-deleted": {"container": shell(GRACEFUL)},
    "pod-deleted": {"container": shell(GRACEFUL)},
    "replaced": {"container": shell(GRACEFUL), "concurrencyPolicy": "Replace"},
    "not-pulled": {
        "container": {"image": "registry.invalid/nowhere:1", "command": ["true"]},
        "timeout": "4s",
    },
    "tells-its-names": {
        "container": shell('echo "$CRONWRIGHT_RUN_ID $CRONWRIGHT_TASK $CRONWRIGHT_EXTENSIONS"'),
        "extensions": {"team": "$(HOME)"},
    },
    "second-container": {
        "jobTemplate": {
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [
                            {"name": "one", **shell("echo from one")},
                            {"name": "two", **shell("echo from two")},
                        ],
                    }
                },
            }
        },
        "logs": {"container": "two"},
    },
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    with set_up(cluster, start_operator, "runs", SPECS) as stage:
        yield stage


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def ended(tasks: Tasks, name: str) -> dict[str, Any]:
    """Wait for the end of a task's one run; give its record."""
    status = await tasks.ended(name)
    assert sum(status["counts"].values()) == 1
    assert status["counts"] == {status["lastRun"]["verdict"]: 1}
    assert [entry["id"] for entry in status["history"]] == [status["lastRun"]["id"]]
    assert "logTail" not in status["history"][0]
    record: dict[str, Any] = status["lastRun"]
    return record


async def test_a_success_is_recorded_whole(tasks: Tasks) -> None:
    record = await ended(tasks, "succeeds")
    job = (await tasks.jobs("succeeds"))[0]

    times = record.pop("startTime"), record.pop("completionTime")
    assert record == {
        "name": "succeeds-by-hand",
        "id": job["metadata"]["uid"],
        "generation": 1,
        "version": "1.4.2",
        "trigger": "Manual",
        "verdict": "Succeeded",
        "attempts": 1,
        "exitCode": 0,
        "reason": "Completed",
        "captured": "Full",
        "logTail": "one\ntwo\n",
    }
    started, completed = map(datetime.fromisoformat, times)
    created = datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    assert created <= started <= completed


async def test_a_success_shows_in_status_and_conditions(tasks: Tasks) -> None:
    record = await ended(tasks, "succeeds")
    status = await tasks.status("succeeds")

    assert status["lastSuccessTime"] == record["completionTime"]
    assert status["lastRunTime"] == record["startTime"]
    assert status["activeCount"] == 0
    assert "active" not in status
    assert "lastFailure" not in status
    last = await tasks.condition("succeeds", "LastRunSucceeded")
    assert (last["status"], last["reason"]) == ("True", "Succeeded")


async def test_a_failure_keeps_its_exit_code_and_leaves_the_task_ready(tasks: Tasks) -> None:
    record = await ended(tasks, "fails")
    status = await tasks.status("fails")

    assert (record["verdict"], record["exitCode"], record["attempts"]) == ("Failed", 3, 1)
    assert record["reason"] == "Error"
    assert record["message"] == 'container "task" exited with 3'
    assert record["logTail"] == "about to fail\n"
    assert status["lastFailure"] == record
    assert (await tasks.condition("fails", "Ready"))["status"] == "True"
    last = await tasks.condition("fails", "LastRunSucceeded")
    assert (last["status"], last["reason"]) == ("False", "Failed")


async def test_the_termination_message_is_the_result(tasks: Tasks) -> None:
    assert (await ended(tasks, "leaves-a-result"))["result"] == "42 rows"


async def test_a_failure_that_wrote_its_message_has_a_result_too(tasks: Tasks) -> None:
    record = await ended(tasks, "fails-with-a-message")

    assert (record["verdict"], record["result"]) == ("Failed", "no rows")


async def test_a_termination_message_may_name_its_parts(tasks: Tasks) -> None:
    record = await ended(tasks, "says-why-in-json")

    assert (record["message"], record["result"]) == ("nothing to do", '{"rows": 0}')


async def test_the_log_line_of_a_crash_is_no_result(tasks: Tasks) -> None:
    record = await ended(tasks, "dies-with-json-in-its-log")

    assert "result" not in record
    assert record["logTail"] == '{"result": "not one"}\n'


async def test_every_attempt_counts_and_the_last_one_speaks(tasks: Tasks) -> None:
    record = await ended(tasks, "two-attempts")
    pods = await tasks.pods("two-attempts")

    assert (record["verdict"], record["attempts"], record["exitCode"]) == ("Failed", 2, 4)
    assert len(pods) == 2
    assert record["captured"] == "Full"


async def test_restarts_in_place_are_attempts(tasks: Tasks) -> None:
    record = await ended(tasks, "restarts")

    assert (record["verdict"], record["attempts"]) == ("Failed", 2)
    assert record["exitCode"] == 5
    assert record["logTail"].startswith("once more")


async def test_a_job_of_several_pods_is_recorded_once(tasks: Tasks) -> None:
    record = await ended(tasks, "two-pods")

    assert (record["verdict"], record["attempts"]) == ("Succeeded", 2)
    assert record["logTail"] == "half\n"


async def test_a_run_past_its_timeout_ends_gracefully(tasks: Tasks) -> None:
    record = await ended(tasks, "too-long")

    assert (record["verdict"], record["reason"]) == ("TimedOut", "Timeout")
    assert record["logTail"] == "working\nlast words\n"
    assert record["captured"] == "Full"
    job = (await tasks.jobs("too-long"))[0]
    assert job["metadata"]["annotations"]["cronwright.dev/ending"] == "timeout"


async def test_a_job_past_its_own_deadline_is_timed_out(tasks: Tasks) -> None:
    record = await ended(tasks, "own-deadline")

    assert (record["verdict"], record["reason"]) == ("TimedOut", "DeadlineExceeded")
    assert record["logTail"] == "working\nlast words\n"


async def test_a_run_whose_job_is_deleted_is_cancelled(tasks: Tasks) -> None:
    await tasks.printed("job-deleted", "working")
    await tasks.client.delete(
        paths.jobs(tasks.namespace, "job-deleted-by-hand"), {"propagationPolicy": "Background"}
    )
    record = await ended(tasks, "job-deleted")

    assert (record["verdict"], record["reason"]) == ("Cancelled", "JobDeleted")
    assert "working" in record["logTail"]


async def test_a_pod_deleted_in_mid_run_fails_the_run(tasks: Tasks) -> None:
    await tasks.printed("pod-deleted", "working")
    pod = await tasks.running("pod-deleted")
    await tasks.client.delete(paths.pods(tasks.namespace, pod["metadata"]["name"]))
    record = await ended(tasks, "pod-deleted")

    assert (record["verdict"], record["attempts"]) == ("Failed", 1)
    assert "working" in record["logTail"]


async def test_a_run_that_a_newer_one_replaces(tasks: Tasks) -> None:
    await tasks.printed("replaced", "working")
    newer = await tasks.request("replaced", "newer")
    status = await tasks.ended("replaced")

    record = status["lastRun"]
    assert (record["name"], record["verdict"]) == ("replaced-by-hand", "Replaced")
    assert record["reason"] == "ConcurrencyReplace"
    assert "working" in record["logTail"]
    assert [run["id"] for run in status["active"]] == [newer]


async def test_an_image_that_can_not_be_pulled_times_out(tasks: Tasks) -> None:
    record = await ended(tasks, "not-pulled")

    assert record["verdict"] == "TimedOut"
    assert "logTail" not in record
    assert "exitCode" not in record


async def test_a_run_finds_its_names_in_its_environment(tasks: Tasks) -> None:
    record = await ended(tasks, "tells-its-names")

    assert record["logTail"] == f'{record["id"]} tells-its-names {{"team":"$(HOME)"}}\n'


async def test_the_log_is_of_the_container_that_the_task_names(tasks: Tasks) -> None:
    assert (await ended(tasks, "second-container"))["logTail"] == "from two\n"


async def test_a_stuck_pod_shows_as_stalled(client: Client, tasks: Tasks) -> None:
    await tasks.create("stuck", container={"image": "registry.invalid/nowhere:1", "command": ["x"]})
    await tasks.ready("stuck")
    await tasks.start_job("stuck", "stuck-by-hand")

    async def stalled() -> dict[str, Any]:
        return await tasks.condition("stuck", "Stalled")

    condition = await until(stalled, 20.0)
    assert (condition["status"], condition["reason"]) == ("True", "PodNotStarting")
    assert IMAGE not in condition["message"]
