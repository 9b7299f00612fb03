"""How Jobs are ended: by which requests, and on which versions."""

from typing import Any, cast

import pytest

from cronwright.controller.ending import Endings
from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.kube.client import Client
from tests.core.world import CRONJOB_UID, TASK_UID, job

RUN_ID = identity.request_run_id(TASK_UID, "one")
NOTES = {identity.RUN_ID: RUN_ID, identity.REQUEST: "one"}
HALFWAY = job("report-one", suspended=True, owned_by_controller=False, annotations=NOTES)


class Requests:
    """What is sent, and Jobs whose version grows with each change."""

    def __init__(self) -> None:
        self.deleted: list[Any] = []
        self.marks: list[Any] = []

    async def merge_patch(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        self.marks.append(patch["metadata"]["annotations"])
        metadata = {
            "name": path.rpartition("/")[2],
            "namespace": "team",
            "uid": HALFWAY.uid,
            "resourceVersion": "99",
            "creationTimestamp": "2026-03-02T12:00:00Z",
            "labels": {identity.TASK_LABEL: "report"},
            "annotations": {**NOTES, **patch["metadata"]["annotations"]},
            "ownerReferences": [{"kind": "CronJob", "uid": CRONJOB_UID}],
        }
        return {"metadata": metadata, "spec": {"suspend": True}, "status": {}}

    async def delete(self, _: str, body: dict[str, Any]) -> None:
        self.deleted.append(body["preconditions"])

    def observe_record(self, _: JobFacts) -> None:
        """Take in what was written."""


async def _listening(_: str) -> None:
    return


@pytest.fixture
def sent() -> Requests:
    return Requests()


@pytest.fixture
def endings(sent: Requests) -> Endings:
    return Endings(cast("Client", sent), cast("Any", sent), _listening)


async def test_a_job_that_never_ran_is_deleted_whatever_changed_since(
    sent: Requests, endings: Endings
) -> None:
    await endings.end(HALFWAY, "cancel")
    assert sent.marks == [{identity.ENDING: "cancel"}]
    assert sent.deleted == [{"uid": HALFWAY.uid}], "the mark has made another version of it"


async def test_one_that_nobody_waits_for_goes_only_as_it_was_seen(
    sent: Requests, endings: Endings
) -> None:
    await endings.delete(HALFWAY, unchanged=True)
    assert sent.deleted == [{"uid": HALFWAY.uid, "resourceVersion": HALFWAY.resource_version}]
