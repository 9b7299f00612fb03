"""What is kept of a Job: its slot also where only its name tells it."""

from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.facts import job_facts
from cronwright.core.run import due_of, first_start, slot_of, trigger_of
from cronwright.model.run import Trigger
from tests.core.world import NOON, job

MINUTES = int(NOON.timestamp()) // 60


def body(name: str, *, owner: str = "CronJob", **annotations: str) -> dict[str, Any]:
    """Make a Job as a CronJob controller before Kubernetes 1.28 did."""
    return {
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": "1",
            "resourceVersion": "1",
            "creationTimestamp": "2026-03-02T12:00:01Z",
            "annotations": annotations,
            "ownerReferences": [{"kind": owner, "name": "report", "uid": "2", "controller": True}],
        },
        "spec": {},
    }


@pytest.mark.parametrize("stamp", ["", "soon", "0001-01-01T00:00:00+01:00", "2026-13-01"])
def test_an_annotation_that_nobody_can_read_says_nothing(stamp: str) -> None:
    keys = (identity.SCHEDULED_TIMESTAMP, identity.SLOT, identity.FIRST_START)
    odd = job(annotations=dict.fromkeys(keys, stamp))
    assert (slot_of(odd), due_of(odd), first_start(odd)) == (None, None, odd.start_time)


def test_a_slot_is_read_from_the_name_where_nothing_else_tells_it() -> None:
    job = job_facts(body(f"report-{MINUTES}"))
    assert (slot_of(job), trigger_of(job)) == (NOON, Trigger.SCHEDULE)


@pytest.mark.parametrize(
    "of",
    [
        body("report-1"),
        body(f"report-{MINUTES}x"),
        body(f"other-{MINUTES}"),
        body(f"report-{MINUTES + 1}"),
        body(f"report-{MINUTES}", owner="Workflow"),
        body(f"report-{MINUTES}", **{identity.INSTANTIATE: "manual"}),
        body(f"report-{MINUTES}", **{identity.RUN_ID: "1"}),
    ],
    ids=["short", "no number", "another", "to come", "not a CronJob's", "by hand", "ours"],
)
def test_other_names_tell_nothing(of: dict[str, Any]) -> None:
    assert trigger_of(job_facts(of)) is Trigger.MANUAL
