"""The Jobs that the operator makes itself, for a slot, a request, or a later attempt of a run.

`template` has what they share with those of the CronJob controller. `controller/claim` creates
the Job of a slot, `controller/request` that of a request, `controller/attempts` that of an attempt.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from cronwright.core import identity, retry
from cronwright.core.answer import Answer
from cronwright.core.checkpoint import handed
from cronwright.core.environment import RunNames, literal
from cronwright.core.parameters import noted
from cronwright.core.template import DEADLINE_MARGIN, job_template
from cronwright.model.base import render_time
from cronwright.model.run import Trigger
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]

# What SlotTemplate fills in; no user writes these by accident.
_NAME: Final = "@@cronwright:name@@"
_CHECKPOINT: Final = "@@cronwright:checkpoint@@"
_SLOT: Final = "@@cronwright:slot@@"
_TRIGGER: Final = "@@cronwright:trigger@@"
_RUN: Final = RunNames("@@cronwright:run@@", "@@cronwright:trace@@", "@@cronwright:span@@", _SLOT)


def request_job(task: ScheduledTask, cronjob_uid: str, answer: Answer) -> JSONObject:
    """Render the Job of a requested run; with a slot, of one that a backfill asks for.

    It is born suspended and not yet under the CronJob's control: only once it stands in the
    CronJob's `status.active` may the controller see it, or it would report an unexpected Job
    and start a forbidden one beside it. `controller/request` then lets it run.
    """
    run_id, time = answer.run_id, render_time(answer.slot) if answer.slot else ""
    template = job_template(task, RunNames.of(run_id, time), answer.given)
    template["spec"].pop("ttlSecondsAfterFinished", None)  # the Job is the claim to the request
    notes = {identity.RUN_ID: run_id, identity.REQUEST: answer.id}
    if answer.slot:
        # Not the annotation of a slot's own run: that one may be still to come.
        notes |= {identity.SLOT: time, identity.TRIGGER: str(Trigger.CATCH_UP)}
    job = _job(task, cronjob_uid, template, identity.request_job_name(task.name, run_id), notes)
    job["spec"]["suspend"] = True
    return job


def attempt_job(
    task: ScheduledTask, cronjob_uid: str, attempt: retry.Attempt, now: datetime
) -> JSONObject:
    """Render the Job of a later attempt of a run, from the task as it is now."""
    slot = render_time(attempt.slot) if attempt.slot else ""
    names = replace(RunNames.of(attempt.run_id, slot), attempt=attempt.number)
    # With the values that the run began with, also where the defaults are others by now.
    given = noted(attempt.notes.get(identity.PARAMETERS))
    template = job_template(task, names, given)
    template["spec"].pop("ttlSecondsAfterFinished", None)  # the Job is the claim to the attempt
    timeout = task.spec.timeout_seconds
    if timeout is not None:
        left = timeout - int((now - attempt.first_start).total_seconds())
        net = max(left, 0) + DEADLINE_MARGIN
        template["spec"]["activeDeadlineSeconds"] = min(
            net, template["spec"]["activeDeadlineSeconds"]
        )
    name = identity.attempt_job_name(task.name, attempt.run_id, attempt.number)
    return _job(task, cronjob_uid, template, name, retry.dumped(attempt))


def _job(
    task: ScheduledTask, cronjob_uid: str, template: JSONObject, name: str, notes: JSONObject
) -> JSONObject:
    metadata = template["metadata"]
    reference = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": task.name,
        "uid": cronjob_uid,
        # Who deletes the task in the foreground waits for its runs to end.
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            **metadata,
            "annotations": {**metadata["annotations"], **notes},
            "name": name,
            "namespace": task.namespace,
            # Not under its control: the CronJob controller reports Jobs that it did not start.
            "ownerReferences": [reference],
        },
        "spec": template["spec"],
    }


@dataclass(frozen=True, slots=True)
class SlotTemplate:
    """The Job of any slot of a task, as text in which the slot's own names are filled in.

    A burst leaves no time to render a thousand Jobs: this is done when the task is looked at.
    """

    text: str
    checkpoint: str = ""  # as JSON has it

    @property
    def takes_checkpoint(self) -> bool:
        """Whether a checkpoint is to be `handed` to it first."""
        return _CHECKPOINT in self.text

    def handed(self, checkpoint: str | None) -> Self:
        """Give the same with the checkpoint that the run finds."""
        value = json.dumps(literal(checkpoint or ""))[1:-1]
        return replace(self, checkpoint=value)

    def job(self, name: str, run_id: str, slot: str, trigger: Trigger = Trigger.SCHEDULE) -> bytes:
        """Give the Job of one slot, as JSON."""
        run = RunNames.of(run_id, slot)
        text = self.text.replace(_NAME, name).replace(_RUN.id, run.id).replace(_SLOT, slot)
        text = text.replace(_RUN.trace, run.trace).replace(_RUN.span, run.span)
        # Last: it may hold whatever a container wrote, such as one of the marks above.
        return text.replace(_TRIGGER, str(trigger)).replace(_CHECKPOINT, self.checkpoint).encode()


def slot_template(task: ScheduledTask, cronjob_uid: str) -> SlotTemplate:
    """Render the Job of a slot that the operator fires, with its own names left open."""
    # What the runs before leave is known when the slot is due.
    template = job_template(handed(task, _CHECKPOINT), _RUN)
    # A template's own wish to be born suspended stays; a TTL does not: the Job is the claim.
    template["spec"].pop("ttlSecondsAfterFinished", None)
    notes = {
        identity.RUN_ID: _RUN.id,
        identity.SCHEDULED_TIMESTAMP: _SLOT,
        identity.TRIGGER: _TRIGGER,
    }
    job = _job(task, cronjob_uid, template, _NAME, notes)
    return SlotTemplate(json.dumps(job, separators=(",", ":")))
