"""The CRD on a real API server: what it takes, what it adds, and the words of its refusals."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError
from cronwright.model.run import RunRecord, Trigger, Verdict
from cronwright.model.status import Condition, ConditionStatus, Mode, TaskStatus
from tests.cluster.kubectl import Kubectl

CONTAINER = {"image": "busybox", "command": ["true"]}
POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}

pytestmark = pytest.mark.cluster


async def create(client: Client, spec: dict[str, Any], name: str = "probe") -> dict[str, Any]:
    """Ask for a task as `kubectl apply` does; a dry run, so nothing is left behind."""
    body = {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": name},
        "spec": spec,
    }
    strict = {"dryRun": "All", "fieldValidation": "Strict"}
    created: dict[str, Any] = await client.create(paths.scheduledtasks("default"), body, strict)
    return created


async def refusal(client: Client, spec: dict[str, Any], name: str = "probe") -> str:
    with pytest.raises(ApiError) as caught:
        await create(client, spec, name)
    return caught.value.message


def template(**pod: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {**POD, **pod}}}}


async def test_a_task_is_taken_and_shows_its_defaults(client: Client) -> None:
    task = await create(client, {"schedule": "*/5 * * * *", "container": CONTAINER})

    assert task["spec"] == {
        "schedule": "*/5 * * * *",
        "container": CONTAINER,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "historyLimit": 20,
        "priority": 0,
        "maxQueued": 10,
        "catchUp": {"policy": "None", "limit": 10},
        "checkpoint": False,
        "logs": {"tailLines": 100, "maxBytes": 4096},
    }
    assert "status" not in task


async def test_a_part_of_logs_leaves_the_other_defaults(client: Client) -> None:
    task = await create(client, {"container": CONTAINER, "logs": {"container": "main"}})

    assert task["spec"]["logs"] == {"container": "main", "tailLines": 100, "maxBytes": 4096}


async def test_a_cronjob_becomes_a_task_as_it_stands(client: Client) -> None:
    # What `kubectl create cronjob --dry-run=client` writes, its nulls and empty parts included,
    # and fields that only a later Kubernetes knows.
    spec = {
        "schedule": "0 0 * * *",
        "startingDeadlineSeconds": None,
        "timeZone": None,
        "jobTemplate": {
            "metadata": {"creationTimestamp": None, "name": "probe"},
            "spec": {
                "podReplacementPolicy": "Failed",
                "template": {
                    "metadata": {"creationTimestamp": None},
                    "spec": {**POD, "restartPolicy": "OnFailure", "fieldOfTomorrow": {"a": [1]}},
                },
            },
        },
    }

    task = await create(client, spec)

    assert task["spec"]["timeZone"] == "Etc/UTC"
    assert "startingDeadlineSeconds" not in task["spec"]
    job = task["spec"]["jobTemplate"]["spec"]
    assert job["podReplacementPolicy"] == "Failed"
    assert job["template"]["spec"]["fieldOfTomorrow"] == {"a": [1]}


async def test_extensions_are_kept_whole(client: Client) -> None:
    extensions = {"owner": "ops", "nested": {"list": [1, {"deep": None}]}}

    task = await create(client, {"container": CONTAINER, "extensions": extensions})

    assert task["spec"]["extensions"] == extensions


async def test_a_name_of_52_characters_is_the_longest(client: Client) -> None:
    await create(client, {"container": CONTAINER}, name="a" * 52)

    assert (
        "metadata.name must be no more than 52 characters, because each run's Job adds 11 to it; "
        "write a shorter name"
    ) in await refusal(client, {"container": CONTAINER}, name="a" * 53)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"schedule": "* * * * *"},
            (
                "spec: Invalid value: neither container nor jobTemplate is given; write container "
                "(image and command) or a CronJob's jobTemplate"
            ),
        ),
        (
            {"container": CONTAINER, "jobTemplate": template()},
            "spec: Invalid value: both container and jobTemplate are given; remove one of them",
        ),
        (
            {"jobTemplate": template(restartPolicy="Always")},
            (
                "spec.jobTemplate.spec.template.spec: Invalid value: a run's Pod must end; write "
                "restartPolicy: Never or OnFailure"
            ),
        ),
        (
            {"jobTemplate": template(restartPolicy=None)},
            "a run's Pod must end; write restartPolicy: Never or OnFailure",
        ),
        ({"jobTemplate": {}}, "spec.jobTemplate.spec: Required value"),
        (
            {"jobTemplate": template(containers=[])},
            "spec.jobTemplate.spec.template.spec.containers in body should have at least 1 items",
        ),
        ({"container": {"command": ["true"]}}, "spec.container.image: Required value"),
        (
            {"container": CONTAINER, "timeout": "0m"},
            (
                'spec.timeout: Invalid value: "0m": a timeout must be longer than zero; write one '
                "such as 90s or 1h30m, or remove it"
            ),
        ),
        ({"container": CONTAINER, "timeout": "90"}, "spec.timeout in body should match"),
        ({"container": CONTAINER, "timeout": 90}, "spec.timeout in body must be of type string"),
        (
            {"container": CONTAINER, "concurrencyPolicy": "Wait"},
            (
                'spec.concurrencyPolicy: Unsupported value: "Wait": supported values: "Allow", '
                '"Forbid", "Replace"'
            ),
        ),
        (
            {"container": CONTAINER, "historyLimit": 51},
            "spec.historyLimit in body should be less than or equal to 50",
        ),
        (
            {"container": CONTAINER, "startingDeadlineSeconds": -1},
            "spec.startingDeadlineSeconds in body should be greater than or equal to 0",
        ),
        (
            {"container": CONTAINER, "logs": {"maxBytes": 16385}},
            "spec.logs.maxBytes in body should be less than or equal to 16384",
        ),
        (
            {"container": CONTAINER, "logs": {"tailLines": 0}},
            "spec.logs.tailLines in body should be greater than or equal to 1",
        ),
        (
            {"container": CONTAINER, "version": "v" * 64},
            "spec.version: Too long: may not be more than 63",
        ),
        ({"container": CONTAINER, "shedule": "* * * * *"}, 'unknown field "spec.shedule"'),
        (
            {"container": CONTAINER, "logs": {"lines": 5}},
            'unknown field "spec.logs.lines"',
        ),
    ],
)
async def test_what_is_wrong_is_refused_in_words(
    client: Client, spec: dict[str, Any], message: str
) -> None:
    assert message in await refusal(client, spec)


async def test_a_status_is_stored_as_it_was_rendered_and_shown_in_columns(
    client: Client, kubectl: Kubectl, namespace: str
) -> None:
    task = {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "probe"},
        "spec": {"schedule": "0 0 1 1 *", "container": CONTAINER},
    }
    await client.create(paths.scheduledtasks(namespace), task)
    time = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    record = RunRecord(
        id="u1", trigger=Trigger.SCHEDULE, verdict=Verdict.FAILED, slot=time, exit_code=3
    )
    ready = Condition(
        type="Ready",
        status=ConditionStatus.TRUE,
        reason="Reconciled",
        message="",
        last_transition_time=time,
    )
    status = TaskStatus(
        mode=Mode.NATIVE,
        schedule="0 0 1 1 *",
        next_run_time=time,
        active_count=2,
        last_run=record,
        history=[record],
        counts={"Failed": 1},
        conditions=[ready],
    ).render()

    path = paths.scheduledtasks(namespace, "probe", "status")
    written = await client.merge_patch(path, {"status": status})

    assert written["status"] == status
    head, row = (await kubectl("get", "stask", "-o", "wide")).splitlines()
    names = ("SCHEDULE", "TIME ZONE", "MODE", "SUSPEND", "ACTIVE", "LAST RUN", "LAST RESULT")
    starts = [f"{head} ".index(f"{name} ") for name in (*names, "NEXT RUN", "READY", "AGE")]
    cells = [row[start:end].strip() for start, end in pairwise(starts)]
    assert cells == [
        "0 0 1 1 *",
        "Etc/UTC",
        "Native",
        "false",
        "2",
        "",
        "Failed",
        "2026-01-01T00:05:00Z",
        "True",
    ]
