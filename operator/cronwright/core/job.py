"""The Jobs of a task: their template, and those that the operator makes itself.

`cronjob` puts the template into the CronJob; `controller/request` makes the Job of a requested
run, `controller/claim` that of a slot which the operator fires.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from cronwright.core import identity, retry
from cronwright.core.environment import literal, set_parameters
from cronwright.core.parameters import note, noted, values
from cronwright.core.requests import Answer
from cronwright.errors import FieldError
from cronwright.model.base import render_time
from cronwright.model.run import Trigger
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]

TTL_FLOOR: Final = 600
DEADLINE_MARGIN: Final = 60  # the operator ends a run at its timeout; the Job's deadline is a net
DEFAULT_CONTAINER_NAME: Final = "task"


@dataclass(frozen=True, slots=True)
class RunNames:
    """What a run's environment calls it; `slot` is RFC 3339, or empty."""

    id: str
    trace: str
    span: str
    slot: str = ""
    attempt: int = 1

    @classmethod
    def of(cls, run_id: str, slot: str = "") -> Self:
        """Name a run by its id."""
        trace = identity.trace_id(run_id)
        return cls(run_id, trace, trace[:16], slot)


# What SlotTemplate fills in; no user writes these by accident.
_NAME: Final = "@@cronwright:name@@"
_CHECKPOINT: Final = "@@cronwright:checkpoint@@"
_SLOT: Final = "@@cronwright:slot@@"
_TRIGGER: Final = "@@cronwright:trigger@@"
_RUN: Final = RunNames("@@cronwright:run@@", "@@cronwright:trace@@", "@@cronwright:span@@", _SLOT)


def job_template(
    task: ScheduledTask, run: RunNames | None = None, given: Mapping[str, str] | None = None
) -> JSONObject:
    """Render the template of a task's Jobs, or of one run's; FieldError where it can't be.

    `given` are the values of parameters that a request gives, by name.
    """
    spec = task.spec
    template = _from_container(spec.container) if spec.container else deepcopy(spec.job_template)
    template = template or {}
    metadata, job = _child(template, "metadata"), _child(template, "spec")
    pod = _child(job, "template")
    pod_metadata, pod_spec = _child(pod, "metadata"), _child(pod, "spec")
    for each in (metadata, pod_metadata):
        each["labels"] = {**(each.get("labels") or {}), identity.TASK_LABEL: task.name}
    chosen = values(spec.parameters or (), given or {})
    notes = {**_origin(task), **note(chosen)}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **notes}
    _set_limits(job, spec.timeout_seconds)
    metadata["annotations"] |= _set_retry(task, job, pod_spec)
    if spec.checkpoint:
        _write_checkpoints(pod_spec)
    environment = _environment(task, run)
    for kind in ("initContainers", "containers"):
        for container in pod_spec.get(kind) or ():
            _add_environment(container, environment)
            set_parameters(container, task.spec.parameters or (), chosen)
    return template


def _child(parent: JSONObject, key: str) -> JSONObject:
    child = parent.setdefault(key, {})
    if isinstance(child, dict):
        return child
    raise FieldError(f"spec.jobTemplate {key}", child, "not an object", "write a mapping")


def _set_limits(job: JSONObject, timeout: int | None) -> None:
    if timeout is not None:
        net = timeout + DEADLINE_MARGIN
        job["activeDeadlineSeconds"] = min(net, job.get("activeDeadlineSeconds") or net)
    if isinstance(job.get("ttlSecondsAfterFinished"), int):
        job["ttlSecondsAfterFinished"] = max(TTL_FLOOR, job["ttlSecondsAfterFinished"])


def _set_retry(task: ScheduledTask, job: JSONObject, pod: JSONObject) -> dict[str, str]:
    """Have a Job tried again as the task says: by itself, or by the operator; give its notes."""
    wanted, managed = task.spec.retry, task.spec.job_an_attempt
    if wanted is None and not managed:
        return {}
    field = "spec.retry" if wanted else "spec.checkpoint"
    own = [each for each in ("backoffLimit", "podFailurePolicy") if job.get(each) is not None]
    if task.spec.job_template and own:
        problem = f"spec.jobTemplate has a {own[0]} of its own"
        raise FieldError(field, job[own[0]], problem, "remove one of the two, or write retry.limit")
    in_place = pod.get("restartPolicy") != "Never"
    if in_place and (managed or (wanted and wanted.on_exit_codes)):
        value = pod.get("restartPolicy")
        problem = "its container restarts in place, which only retry.limit can bound"
        raise FieldError(field, value, problem, "write restartPolicy: Never")
    if managed:
        job["backoffLimit"] = 0
    elif wanted:
        job.update(retry.rendered(wanted))
        if in_place:
            del job["podFailurePolicy"]  # there is none for containers that restart
    return {identity.RETRY: retry.written(wanted)} if managed and wanted else {}


def _write_checkpoints(pod: JSONObject) -> None:
    """Have the containers' termination messages be their own words, also where they fail."""
    for container in pod.get("containers") or ():
        if isinstance(container, dict):
            container["terminationMessagePolicy"] = "File"


def _from_container(container: Mapping[str, Any]) -> JSONObject:
    # A task that says only what to run gets one attempt, and its last words in the status.
    defaults = {
        "name": DEFAULT_CONTAINER_NAME,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pod = {"restartPolicy": "Never", "containers": [{**defaults, **deepcopy(dict(container))}]}
    return {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}


def _origin(task: ScheduledTask) -> dict[str, str]:
    origin = {identity.GENERATION: str(task.generation)}
    if task.spec.version is not None:
        origin[identity.TASK_VERSION] = task.spec.version
    if task.spec.concurrency_group is not None:
        origin[identity.GROUP] = task.spec.concurrency_group
    return origin


def _environment(task: ScheduledTask, run: RunNames | None) -> list[JSONObject]:
    """List what a run finds in its environment.

    Of a run that the CronJob controller starts, the id is the Job's UID, which a pod can only
    read from the label that the Job controller sets (Kubernetes 1.27).
    """
    label = f"metadata.labels['{identity.CONTROLLER_UID}']"
    entries: list[JSONObject] = [
        {"name": "CRONWRIGHT_RUN_ID", "value": run.id}
        if run
        else {"name": "CRONWRIGHT_RUN_ID", "valueFrom": {"fieldRef": {"fieldPath": label}}},
        {"name": "CRONWRIGHT_TASK", "value": task.name},
        {"name": "CRONWRIGHT_NAMESPACE", "value": task.namespace},
    ]
    if task.spec.version is not None:
        entries.append({"name": "CRONWRIGHT_VERSION", "value": task.spec.version})
    if task.spec.extensions:
        text = json.dumps(task.spec.extensions, separators=(",", ":"), sort_keys=True)
        entries.append({"name": "CRONWRIGHT_EXTENSIONS", "value": literal(text)})
    if run and run.slot:
        entries.append({"name": "CRONWRIGHT_SLOT", "value": run.slot})
    if run and task.spec.checkpoint and task.status.checkpoint:
        text = task.status.checkpoint
        entries.append({"name": "CRONWRIGHT_CHECKPOINT", "value": literal(text)})
    if task.spec.job_an_attempt:
        number = run.attempt if run else 1
        entries.append({"name": "CRONWRIGHT_ATTEMPT", "value": str(number)})
    if run:
        entries.append({"name": "TRACEPARENT", "value": f"00-{run.trace}-{run.span}-01"})
    return entries


def _add_environment(container: object, entries: list[JSONObject]) -> None:
    """Add entries to a container's environment, but for names that it sets itself."""
    own = container.get("env") or [] if isinstance(container, dict) else None
    if not isinstance(container, dict) or not isinstance(own, list):
        return  # the API server refuses it, with words of its own
    taken = {each.get("name") for each in own if isinstance(each, dict)}
    container["env"] = [*own, *(each for each in entries if each["name"] not in taken)]


def handed(task: ScheduledTask, checkpoint: str | None) -> ScheduledTask:
    """Give a task with the checkpoint that the Job of its next run, or attempt, is to find."""
    if checkpoint == task.status.checkpoint:
        return task
    return replace(task, status=task.status.model_copy(update={"checkpoint": checkpoint}))


def request_job(task: ScheduledTask, cronjob_uid: str, answer: Answer) -> JSONObject:
    """Render the Job of a requested run; with a slot, of one that a backfill asks for.

    It is born suspended and not yet under the CronJob's control: only once it stands in the
    CronJob's `status.active` may the controller see it, or it would report an unexpected Job
    and start a forbidden one beside it. `controller/request` then lets it run.
    """
    run_id, time = answer.run_id, render_time(answer.slot) if answer.slot else ""
    template = job_template(task, RunNames.of(run_id, time), answer.given)
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
