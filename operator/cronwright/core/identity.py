"""The names that tie a task to its children, and the ids of its runs.

Everything that writes an object takes its names from here, everything that reads one (`facts`)
finds them here again. The API computes a requested run's id with the same function that the
operator uses when it makes the Job, so a caller knows the id before the run exists.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

PREFIX: Final = "cronwright.dev/"
TASK_LABEL: Final = f"{PREFIX}task"
RUN_ID: Final = f"{PREFIX}run-id"
TRIGGER: Final = f"{PREFIX}trigger"
GENERATION: Final = f"{PREFIX}generation"
TASK_VERSION: Final = f"{PREFIX}version"
REQUEST: Final = f"{PREFIX}request"
PARAMETERS: Final = f"{PREFIX}parameters"
ENDING: Final = f"{PREFIX}ending"
REPLACED: Final = "replaced"  # what ENDING says of a run whose place a newer one took
RETRY: Final = f"{PREFIX}retry"  # the policy by which the operator tries a Job's run again
ATTEMPT: Final = f"{PREFIX}attempt"
# Of a later attempt: the retries that count, the run's first Job, and when that one started.
RETRIES: Final = f"{PREFIX}retries"
FIRST_JOB: Final = f"{PREFIX}first-job"
FIRST_START: Final = f"{PREFIX}first-start"
ADOPT: Final = f"{PREFIX}adopt"
TEMPLATE_HASH: Final = f"{PREFIX}template-hash"
SCHEDULE: Final = f"{PREFIX}schedule"
GROUP: Final = f"{PREFIX}concurrency-group"
SLOT: Final = f"{PREFIX}slot"
RUN_REQUEST_PREFIX: Final = "run.cronwright.dev/"
BACKFILL_PREFIX: Final = "backfill.cronwright.dev/"
CANCEL_ALL: Final = "all"  # the target that means every run
CANCEL_PREFIX: Final = "cancel.cronwright.dev/"

SCHEDULED_TIMESTAMP: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
INSTANTIATE: Final = "cronjob.kubernetes.io/instantiate"  # kubectl create job --from
CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"

_NAME_LIMIT: Final = 63  # a pod's label repeats its Job's name, and labels end there
_DIGEST_LENGTH: Final = 10
_MINUTES_LENGTH: Final = 8  # of the minutes since 1970, until 2160


def request_run_id(task_uid: str, request_id: str) -> str:
    """Give the id of a requested run: the UUIDv5 of the task's UID and the request."""
    return str(uuid5(UUID(task_uid), f"request:{request_id}"))


def backfill_run_id(task_uid: str, backfill_id: str, slot: datetime) -> str:
    """Give the id of the run by which a backfill runs a slot once more."""
    return str(uuid5(UUID(task_uid), f"backfill:{backfill_id}:{int(slot.timestamp())}"))


def request_job_name(task_name: str, run_id: str) -> str:
    """Name the Job of a run that was asked for, alone or in a backfill.

    The digest starts with a letter, so the name can't be one of the CronJob controller's own
    (`NAME-<unix minutes>`): a Job of ours under such a name would silence that slot for good.
    """
    digest = hashlib.sha256(run_id.encode()).hexdigest()[: _DIGEST_LENGTH - 1]
    return f"{task_name[: _NAME_LIMIT - _DIGEST_LENGTH - 1]}-r{digest}"


def slot_run_id(task_uid: str, slot: datetime) -> str:
    """Give the id of the run that a slot of a managed task starts."""
    return str(uuid5(UUID(task_uid), f"slot:{int(slot.timestamp())}"))


def slot_job_name(task_name: str, slot: datetime, run_id: str) -> str:
    """Name the Job of a slot that the operator fires.

    The name is the claim to the slot. For a full minute it is the CronJob controller's own
    (kubernetes pkg/controller/cronjob, `getJobName`): whoever comes second finds it taken.
    """
    seconds = int(slot.timestamp())
    if seconds % 60 == 0:
        return f"{task_name}-{seconds // 60}"
    return slot_job_name_apart(task_name, run_id)


def slot_in_name(job_name: str, cronjob_name: str) -> datetime | None:
    """Read a slot from the name of a CronJob controller's Job; None where it is no such name.

    Before Kubernetes 1.28 nothing else tells it.
    """
    minutes = job_name.removeprefix(f"{cronjob_name}-")
    if minutes == job_name or not (minutes.isascii() and minutes.isdecimal()):
        return None
    if len(minutes) != _MINUTES_LENGTH:
        return None
    return datetime.fromtimestamp(int(minutes) * 60, UTC)


def slot_job_name_apart(task_name: str, run_id: str) -> str:
    """Name the Job of a slot so that no Job of the CronJob controller can have that name."""
    digest = hashlib.sha256(run_id.encode()).hexdigest()[: _DIGEST_LENGTH - 1]
    return f"{task_name[: _NAME_LIMIT - _DIGEST_LENGTH - 1]}-s{digest}"


def attempt_job_name(task_name: str, run_id: str, attempt: int) -> str:
    """Name the Job of a later attempt of a run: whoever comes second finds it taken."""
    digest = hashlib.sha256(f"{run_id} {attempt}".encode()).hexdigest()[: _DIGEST_LENGTH - 1]
    return f"{task_name[: _NAME_LIMIT - _DIGEST_LENGTH - 1]}-a{digest}"


def short_id(run_id: str) -> str:
    """Shorten a run's id for `status.recorded`: its first 12 hex digits."""
    return run_id.replace("-", "")[:12]


def trace_id(run_id: str) -> str:
    """Give a run's trace id: its id without dashes."""
    return run_id.replace("-", "")
