"""What is taken for a checkpoint, when it is handed on, and when it is cleared."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.checkpoint import BYTES
from cronwright.core.environment import RunNames
from cronwright.core.facts import JobFacts
from cronwright.core.job import slot_template
from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.core.template import job_template
from cronwright.errors import FieldError
from cronwright.model.task import ScheduledTask
from tests.core.world import CRONJOB_UID, NOON, cronjob, job, pod, task, world

KEEPS: dict[str, Any] = {"checkpoint": True}


def run_with(message: str, *, code: int = 0, policy: str = "File", **names: Any) -> Run:
    """Make a run that has ended with a termination message, its log read."""
    of = names.pop("of", job())
    end = names.pop("end", NOON + timedelta(seconds=2)).isoformat()
    times = {"startedAt": NOON.isoformat(), "finishedAt": end}
    state = {"terminated": {"exitCode": code, "reason": "Error", "message": message, **times}}
    last = pod(of, "Failed" if code else "Succeeded", state, policy=policy)
    return Run(of, (last,), settled=frozenset({(last.uid, "task", 0)}))


def kept(of: ScheduledTask, *runs: Run) -> str | None:
    """Give the checkpoint that the status has after those runs."""
    seen = world(of, *runs, standing=cronjob(of))
    plan = decide(seen)
    return fold(seen, plan, Outcome(plan.readiness, seen.cronjob)).checkpoint


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"checkpoint": "row 7"}', "row 7"),
        ('{"checkpoint": {"row": 7, "of": [8]}}', '{"row":7,"of":[8]}'),
        ('{"checkpoint": null}', None),
        ('{"checkpoint": ""}', None),
        ('{"result": "no checkpoint"}', "before"),
        ("no JSON", "before"),
        ('["checkpoint"]', "before"),
        (json.dumps({"checkpoint": "x" * (BYTES - 2)}), "x" * (BYTES - 2)),
        (json.dumps({"checkpoint": "x" * (BYTES - 1)}), "before"),
        (json.dumps({"checkpoint": "<" * (BYTES // 4)}), "before"),
        ('{"checkpoint": "a\\u0000b"}', "before"),
    ],
)
def test_a_checkpoint_is_what_the_message_names(message: str, expected: str | None) -> None:
    of = task(KEEPS, status={"checkpoint": "before"})
    assert kept(of, run_with(message)) == expected


def test_a_log_is_never_taken_for_a_checkpoint() -> None:
    of, message = task(KEEPS, status={"checkpoint": "before"}), '{"checkpoint": "after"}'
    assert kept(of, run_with(message, code=1, policy="FallbackToLogsOnError")) == "before"
    assert kept(of, run_with(message, code=1)) == "after"
    assert kept(of, run_with(message, policy="FallbackToLogsOnError")) == "after"


def test_without_the_field_nothing_is_kept() -> None:
    of = task(status={"checkpoint": "before"})
    assert kept(of, run_with('{"checkpoint": "after"}')) is None


def test_the_attempt_that_ended_last_counts() -> None:
    first = run_with('{"checkpoint": "a"}', end=NOON + timedelta(seconds=3))
    second = run_with('{"checkpoint": "b"}', of=job("report-2"))
    for runs in ((first, second), (second, first)):
        assert kept(task(KEEPS), *runs) == "a"


def failed(of: ScheduledTask) -> JobFacts:
    notes = job_template(of)["metadata"]["annotations"]
    base = job()
    return replace(base, annotations={**base.annotations, **notes, identity.RUN_ID: "the-run"})


def test_a_run_that_waits_leaves_its_checkpoint_once() -> None:
    spec = {**KEEPS, "retry": {"limit": 1}}
    run = run_with('{"checkpoint": "half"}', code=1, of=failed(task(spec)))
    assert kept(task(spec), run) == "half"
    waits = {"id": "the-run", "reason": "Retry", "trigger": "Schedule", "attempt": 2}
    pending = [{**waits, "due": "2026-03-02T12:00:12Z"}]
    assert kept(task(spec, status={"checkpoint": "newer", "pending": pending}), run) == "newer"


def test_the_next_run_finds_it_in_its_environment() -> None:
    of = task(KEEPS, status={"checkpoint": "row $(HOME)"})
    spec = job_template(of, RunNames.of("1-2"))["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert {"name": "CRONWRIGHT_CHECKPOINT", "value": "row $$(HOME)"} in container["env"]
    assert container["terminationMessagePolicy"] == "File"
    assert spec["backoffLimit"] == 0
    # The CronJob is not written anew for each of them.
    assert "CRONWRIGHT_CHECKPOINT" not in str(job_template(of))


def test_a_template_that_tries_again_itself_is_refused() -> None:
    inner = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}
    template = {"spec": {"backoffLimit": 2, "template": {"spec": inner}}}
    with pytest.raises(FieldError, match=r"spec\.checkpoint"):
        job_template(task({**KEEPS, "jobTemplate": template}))


@pytest.mark.parametrize("left", [None, 'row "7"\n', "$(HOME)", "@@cronwright:name@@"])
def test_a_slot_finds_what_is_left_when_it_is_due(left: str | None) -> None:
    template = slot_template(task(KEEPS, status={"checkpoint": "before"}), CRONJOB_UID)
    made = json.loads(template.handed(left).job("report-1", "run", "2026-03-02T12:00:00Z"))
    (container,) = made["spec"]["template"]["spec"]["containers"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["CRONWRIGHT_CHECKPOINT"] == (left or "").replace("$(", "$$(")


def test_a_run_that_starts_now_finds_what_is_not_written_yet() -> None:
    of = task(KEEPS, status={"checkpoint": "before"})
    unread = replace(run_with('{"checkpoint": "after"}'), settled=frozenset())
    plan = decide(world(of, unread, standing=cronjob(of)))
    assert (plan.checkpoint, plan.left) == ("before", "after")
