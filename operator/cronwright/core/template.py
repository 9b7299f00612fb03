"""The template of a task's Jobs: what the user wrote, and what the operator has to add to it.

`cronjob` puts it into the CronJob; `job` makes of it the Jobs that the operator creates itself.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from cronwright.core import identity, retry
from cronwright.core.environment import RunNames, parameter_entries, run_entries, set_environment
from cronwright.core.parameters import note, values
from cronwright.core.shape import check_container, check_shape
from cronwright.errors import FieldError
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]

TTL_FLOOR: Final = 600
DEADLINE_MARGIN: Final = 60  # the operator ends a run at its timeout; the Job's deadline is a net
DEFAULT_CONTAINER_NAME: Final = "task"


def job_template(
    task: ScheduledTask, run: RunNames | None = None, given: Mapping[str, str] | None = None
) -> JSONObject:
    """Render the template of a task's Jobs, or of one run's; FieldError where it can't be.

    `given` are the values of parameters that a request gives, by name.
    """
    spec = task.spec
    if spec.container:
        check_container(spec.container, "spec.container")
        template = _from_container(spec.container)
    else:
        check_shape(spec.job_template or {})
        template = deepcopy(spec.job_template or {})
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
    of_run, of_parameters = run_entries(task, run), parameter_entries(spec.parameters or (), chosen)
    for kind in ("initContainers", "containers"):
        for container in pod_spec.get(kind) or ():
            set_environment(container, of_run, of_parameters)
    return template


def _child(parent: JSONObject, key: str) -> JSONObject:
    child: JSONObject = parent.get(key) or {}
    parent[key] = child
    return child


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
