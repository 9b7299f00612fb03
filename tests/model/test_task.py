from datetime import UTC, datetime
from typing import Any

import pytest

from cronwright.errors import FieldError
from cronwright.model.logs import Logs
from cronwright.model.spec import ConcurrencyPolicy, TaskSpec
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask


def body(**parts: Any) -> dict[str, Any]:
    return {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {
            "name": "backup",
            "namespace": "shop",
            "uid": "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10",
            "generation": 2,
            "resourceVersion": "4711",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        | parts.pop("metadata", {}),
        "spec": {"schedule": "*/5 * * * *", "container": {"image": "busybox"}},
    } | parts


def test_a_task_is_read_from_what_the_api_server_serves() -> None:
    task = ScheduledTask.from_body(body(metadata={"labels": {"app": "shop"}}))

    assert task == ScheduledTask(
        name="backup",
        namespace="shop",
        uid="3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10",
        generation=2,
        resource_version="4711",
        labels={"app": "shop"},
        annotations={},
        created=datetime(2026, 1, 1, tzinfo=UTC),
        deleting=False,
        spec=TaskSpec(schedule="*/5 * * * *", container={"image": "busybox"}),
        status=TaskStatus(),
    )


def test_what_is_left_out_takes_the_defaults_of_the_crd() -> None:
    spec = ScheduledTask.from_body(body()).spec

    assert spec.time_zone == "Etc/UTC"
    assert spec.concurrency_policy is ConcurrencyPolicy.ALLOW
    assert spec.suspend is False
    assert spec.starting_deadline_seconds is None
    assert (spec.successful_jobs_history_limit, spec.failed_jobs_history_limit) == (3, 1)
    assert spec.history_limit == 20
    assert spec.logs == Logs(tail_lines=100, max_bytes=4096, container=None)


def test_a_task_that_is_being_deleted_says_so() -> None:
    task = ScheduledTask.from_body(
        body(metadata={"deletionTimestamp": "2026-01-02T00:00:00Z", "annotations": None})
    )

    assert task.deleting
    assert task.annotations == {}


def test_templates_are_kept_as_they_are_written() -> None:
    template = {"spec": {"template": {"spec": {"newInKubernetes2030": {"a": [1, None]}}}}}

    spec = ScheduledTask.from_body(body(spec={"jobTemplate": template})).spec

    assert spec.job_template == template


def test_a_schedule_or_zone_that_is_wrong_is_not_judged_here() -> None:
    spec = ScheduledTask.from_body(body(spec={"schedule": "soon", "timeZone": "Mars"})).spec

    assert (spec.schedule, spec.time_zone) == ("soon", "Mars")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"spec": {"historyLimit": "many"}}, r'spec\.historyLimit "many": .*valid integer'),
        ({"spec": {"logs": {"maxBytes": 99999}}}, r"spec\.logs\.maxBytes 99999: .*16384"),
        ({"spec": {"concurrencyPolicy": "Wait"}}, r'spec\.concurrencyPolicy "Wait": .*'),
        ({"status": {"history": [{"id": "x"}]}}, r"status\.history\.0\.trigger .*required"),
    ],
)
def test_what_can_not_be_read_is_refused_by_its_path(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError, match=message):
        ScheduledTask.from_body(body(**parts))
