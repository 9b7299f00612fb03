"""What the operator keeps of each CronJob and Job: a few fields, not the whole object.

The informers project every object through these functions as it arrives, so memory does not
grow with the size of templates. `pod` does the same for Pods; `plan`, `verdict` and `run` decide
on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cronwright.core import identity
from cronwright.model.base import bounded

JSONObject = Mapping[str, Any]


def parse_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time as an aware UTC one; None stays None."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _seconds(given: int | None) -> int | None:
    return None if given is None else bounded(given)


@dataclass(frozen=True, slots=True)
class CronJobFacts:
    """A CronJob as the operator needs it."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    created: datetime
    deleting: bool
    owner_uid: str | None
    suspended: bool
    schedule: str
    time_zone: str | None
    starting_deadline: int | None
    concurrency_policy: str
    template_hash: str | None
    shows_schedule: bool  # its annotation names the schedule that the operator fires
    last_schedule_time: datetime | None
    active: tuple[str, ...]  # UIDs of the Jobs that its controller counts as running
    succeeded_limit: int  # how many of the Jobs that have ended its controller keeps
    failed_limit: int
    ttl: int | None  # how long each of them stands at most


@dataclass(frozen=True, slots=True)
class Finished:
    """A Job's own word that it has ended: its Complete or Failed condition."""

    succeeded: bool
    reason: str
    message: str
    time: datetime


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A Job as the operator needs it."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    created: datetime
    deleting: bool
    task: str
    main_container: str | None  # of its template: others may put containers before it in the pod
    owner_uid: str | None
    owned_by_controller: bool
    annotations: Mapping[str, str]  # our own keys and the slot's, nothing else
    suspended: bool
    single_pod: bool  # one completion, nothing that lets the Job judge its pods otherwise
    backoff_limit: int
    deadline: int | None
    ttl: int | None
    start_time: datetime | None
    completion_time: datetime | None
    finished: Finished | None
    pods_ended: int

    @property
    def run_id(self) -> str:
        """The run's id: the one that we gave the Job, else the Job's UID."""
        return self.annotations.get(identity.RUN_ID, self.uid)

    @property
    def makes_room(self) -> bool:
        """Whether it is being ended for a newer run, and in nobody's way."""
        return self.annotations.get(identity.ENDING) == identity.REPLACED

    @property
    def halfway(self) -> bool:
        """Whether it is of a request, and was not let go before a crash."""
        stands = self.suspended and not self.owned_by_controller and self.finished is None
        # A later attempt of a request's run is made in one step, suspended or not.
        first = identity.ATTEMPT not in self.annotations
        return stands and first and identity.REQUEST in self.annotations

    @property
    def is_claim(self) -> bool:
        """Whether its name is the operator's claim to a slot, a request or an attempt."""
        claims = (identity.SCHEDULED_TIMESTAMP, identity.REQUEST, identity.ATTEMPT)
        return identity.RUN_ID in self.annotations and any(
            each in self.annotations for each in claims
        )


def owner_of(metadata: JSONObject, kind: str) -> tuple[str | None, bool]:
    """Find an object's owner of a kind: its UID, and whether it controls the object."""
    for reference in metadata.get("ownerReferences", ()):
        if reference["kind"] == kind:
            return reference["uid"], bool(reference.get("controller"))
    return None, False


def created_at(metadata: JSONObject) -> datetime:
    """Read when an object was created."""
    return datetime.fromisoformat(metadata["creationTimestamp"])


def cronjob_facts(body: JSONObject) -> CronJobFacts:
    """Keep what matters of a CronJob's JSON."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    return CronJobFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        created=created_at(metadata),
        deleting="deletionTimestamp" in metadata,
        owner_uid=owner_of(metadata, "ScheduledTask")[0],
        suspended=bool(spec.get("suspend")),
        schedule=spec["schedule"],
        time_zone=spec.get("timeZone"),
        starting_deadline=_seconds(spec.get("startingDeadlineSeconds")),
        concurrency_policy=spec.get("concurrencyPolicy", "Allow"),
        template_hash=metadata.get("annotations", {}).get(identity.TEMPLATE_HASH),
        shows_schedule=identity.SCHEDULE in metadata.get("annotations", {}),
        last_schedule_time=parse_time(status.get("lastScheduleTime")),
        active=tuple(each["uid"] for each in status.get("active", ()) if "uid" in each),
        succeeded_limit=spec.get("successfulJobsHistoryLimit", 3),
        failed_limit=spec.get("failedJobsHistoryLimit", 1),
        ttl=_seconds((spec["jobTemplate"].get("spec") or {}).get("ttlSecondsAfterFinished")),
    )


def job_facts(body: JSONObject) -> JobFacts:
    """Keep what matters of a Job's JSON."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    owner_uid, controlled = owner_of(metadata, "CronJob")
    return JobFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        created=created_at(metadata),
        deleting="deletionTimestamp" in metadata,
        task=metadata.get("labels", {}).get(identity.TASK_LABEL, ""),
        main_container=_main_container(spec.get("template") or {}),
        owner_uid=owner_uid,
        owned_by_controller=controlled,
        annotations=_annotations(metadata),
        suspended=bool(spec.get("suspend")),
        single_pod=_is_single_pod(spec),
        backoff_limit=spec.get("backoffLimit", 6),
        deadline=_seconds(spec.get("activeDeadlineSeconds")),
        ttl=_seconds(spec.get("ttlSecondsAfterFinished")),
        start_time=parse_time(status.get("startTime")),
        completion_time=parse_time(status.get("completionTime")),
        finished=_finished(status),
        pods_ended=status.get("succeeded", 0) + status.get("failed", 0),
    )


def _annotations(metadata: JSONObject) -> dict[str, str]:
    notes = metadata.get("annotations", {})
    kept = {
        key: value
        for key, value in notes.items()
        if key.startswith(identity.PREFIX) or key == identity.SCHEDULED_TIMESTAMP
    }
    ours = {identity.SCHEDULED_TIMESTAMP, identity.RUN_ID, identity.INSTANTIATE} & notes.keys()
    for owner in () if ours else metadata.get("ownerReferences", ()):
        slot = identity.slot_in_name(metadata["name"], owner.get("name", ""))
        if owner["kind"] == "CronJob" and slot is not None and slot <= created_at(metadata):
            kept[identity.SCHEDULED_TIMESTAMP] = slot.isoformat()
    return kept


def _main_container(template: JSONObject) -> str | None:
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    containers: list[JSONObject] = (template.get("spec") or {}).get("containers") or [{}]
    return annotations.get(identity.DEFAULT_CONTAINER) or containers[0].get("name")


def _is_single_pod(spec: JSONObject) -> bool:
    judged_otherwise = ("podFailurePolicy", "successPolicy", "backoffLimitPerIndex")
    if any(spec.get(key) for key in judged_otherwise) or spec.get("completionMode") == "Indexed":
        return False
    return (spec.get("completions", 1), spec.get("parallelism", 1)) == (1, 1)


def _finished(status: JSONObject) -> Finished | None:
    for condition in status.get("conditions", ()):
        if condition["type"] in {"Complete", "Failed"} and condition["status"] == "True":
            return Finished(
                succeeded=condition["type"] == "Complete",
                reason=condition.get("reason", ""),
                message=condition.get("message", ""),
                time=datetime.fromisoformat(condition["lastTransitionTime"]),
            )
    return None
