"""The Jobs that the operator makes itself, whole."""

from cronwright.core import identity
from cronwright.core.answer import Act, Answer
from cronwright.core.job import request_job
from tests.core.world import CRONJOB_UID, TASK_UID, task

RUN_ID = identity.request_run_id(TASK_UID, "one")


def test_a_requested_job_is_born_suspended_and_uncontrolled() -> None:
    job = request_job(task(), CRONJOB_UID, Answer("one", Act.START, RUN_ID))
    assert job["metadata"]["name"] == identity.request_job_name("report", RUN_ID)
    assert job["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": "report",
            "uid": CRONJOB_UID,
            "blockOwnerDeletion": True,
        }
    ]
    assert job["metadata"]["annotations"] == {
        "cronwright.dev/generation": "1",
        "cronwright.dev/run-id": RUN_ID,
        "cronwright.dev/request": "one",
    }
    assert job["spec"]["suspend"] is True
    env = {
        each["name"]: each.get("value")
        for each in job["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert env["CRONWRIGHT_RUN_ID"] == RUN_ID
    assert env["TRACEPARENT"] == f"00-{RUN_ID.replace('-', '')}-{RUN_ID.replace('-', '')[:16]}-01"


def test_a_requested_jobs_name_is_never_a_slots() -> None:
    name = identity.request_job_name("x" * 52, RUN_ID)
    assert len(name) <= 63
    assert not name.rsplit("-", 1)[1].isdecimal()
