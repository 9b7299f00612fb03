"""Rendered CronJobs, whole."""

from copy import deepcopy
from typing import Any

from cronwright.core.cronjob import render
from cronwright.schedule import NativeForm
from tests.core.world import TASK_UID, task

FIVES = NativeForm("*/5 * * * *", "Etc/UTC")
MIDNIGHT = NativeForm("0 0 * * *", "Etc/UTC")
ONE = NativeForm("0 1 * * *", "Etc/UTC")
RUN_ID_FIELD = "metadata.labels['batch.kubernetes.io/controller-uid']"
ENV: list[dict[str, Any]] = [
    {"name": "CRONWRIGHT_RUN_ID", "valueFrom": {"fieldRef": {"fieldPath": RUN_ID_FIELD}}},
    {"name": "CRONWRIGHT_TASK", "value": "report"},
    {"name": "CRONWRIGHT_NAMESPACE", "value": "team"},
]
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
    "spec": {
        "ttlSecondsAfterFinished": 30,
        "fieldOfTheFuture": {"x": 1},
        "template": {
            "metadata": {"labels": {"app": "c"}},
            "spec": {
                "restartPolicy": "OnFailure",
                "initContainers": [{"name": "wait", "image": "busybox"}],
                "containers": [
                    {
                        "name": "main",
                        "image": "busybox",
                        "env": [{"name": "CRONWRIGHT_TASK", "value": "mine"}],
                    }
                ],
            },
        },
    },
}


def test_a_container_becomes_a_whole_cronjob() -> None:
    rendered = render(task(), FIVES)
    assert rendered.manifest == {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": "report",
            "namespace": "team",
            "labels": {
                "cronwright.dev/task": "report",
                "app.kubernetes.io/managed-by": "cronwright",
            },
            "annotations": {"cronwright.dev/template-hash": rendered.hash},
            "ownerReferences": [
                {
                    "apiVersion": "cronwright.dev/v1alpha1",
                    "kind": "ScheduledTask",
                    "name": "report",
                    "uid": TASK_UID,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "schedule": "*/5 * * * *",
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 10,
            "failedJobsHistoryLimit": 10,
            "jobTemplate": {
                "metadata": {
                    "labels": {"cronwright.dev/task": "report"},
                    "annotations": {"cronwright.dev/generation": "1"},
                },
                "spec": {
                    "backoffLimit": 0,
                    "template": {
                        "metadata": {"labels": {"cronwright.dev/task": "report"}},
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [
                                {
                                    "name": "task",
                                    "terminationMessagePolicy": "FallbackToLogsOnError",
                                    "image": "busybox",
                                    "command": ["report"],
                                    "env": ENV,
                                }
                            ],
                        },
                    },
                },
            },
        },
    }


def test_a_template_is_passed_through_with_our_marks_on_it() -> None:
    before = deepcopy(TEMPLATE)
    of = task({"jobTemplate": TEMPLATE, "version": "2.1", "timeout": "5m"})
    template = render(of, MIDNIGHT).spec["jobTemplate"]
    assert before == TEMPLATE, "the task's own template was changed"
    assert template["metadata"] == {
        "labels": {"team": "a", "cronwright.dev/task": "report"},
        "annotations": {
            "note": "b",
            "cronwright.dev/generation": "1",
            "cronwright.dev/version": "2.1",
        },
    }
    job = template["spec"]
    assert job["ttlSecondsAfterFinished"] == 600
    assert job["activeDeadlineSeconds"] == 360
    assert job["fieldOfTheFuture"] == {"x": 1}
    assert job["template"]["metadata"]["labels"] == {"app": "c", "cronwright.dev/task": "report"}
    version = {"name": "CRONWRIGHT_VERSION", "value": "2.1"}
    init, main = job["template"]["spec"]["initContainers"], job["template"]["spec"]["containers"]
    assert init[0]["env"] == [*ENV, version]
    assert main[0]["env"] == [
        {"name": "CRONWRIGHT_TASK", "value": "mine"},
        *(each for each in ENV if each["name"] != "CRONWRIGHT_TASK"),
        version,
    ]


def test_a_shorter_deadline_of_the_template_stays() -> None:
    template = {"spec": {"activeDeadlineSeconds": 20, "template": {"spec": {"containers": []}}}}
    of = task({"jobTemplate": template, "timeout": "5m"})
    assert render(of, MIDNIGHT).spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 20


def test_a_task_without_a_schedule_stands_suspended_and_is_never_due() -> None:
    spec = render(task({"schedule": None}), None).spec
    assert (spec["schedule"], spec["suspend"]) == ("0 0 31 2 *", True)


def test_limits_above_the_floor_are_the_users() -> None:
    spec = render(task({"successfulJobsHistoryLimit": 40}), MIDNIGHT).spec
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (40, 10)


def test_extensions_are_never_interpreted() -> None:
    of = task({"extensions": {"b": "$(HOME)", "a": [1]}})
    env = render(of, MIDNIGHT).spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert env["env"][-1] == {
        "name": "CRONWRIGHT_EXTENSIONS",
        "value": '{"a":[1],"b":"$$(HOME)"}',
    }


def test_the_hash_follows_the_spec_and_nothing_else() -> None:
    assert render(task(), MIDNIGHT).hash == render(task(), MIDNIGHT).hash
    assert render(task(), MIDNIGHT).hash != render(task(), ONE).hash
    annotated = task(annotations={"x": "y"})
    assert render(annotated, MIDNIGHT).hash == render(task(), MIDNIGHT).hash
