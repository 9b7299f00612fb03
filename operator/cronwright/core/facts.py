"""What the operator keeps of each CronJob, Job and Pod: a few fields, not the whole object.

The informers project every object through these functions as it arrives, so memory does not
grow with the size of templates. `plan`, `verdict` and `run` decide on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cronwright.core import identity

JSONObject = Mapping[str, Any]

# Waiting reasons of the kubelet that somebody has to do something about.
_STUCK = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)

# What the kubelet says of a container whose end it has not seen.
_UNSEEN = "ContainerStatusUnknown"


def parse_time(text: str | None) -> datetime | None:
    """Read an RFC 3339 time as an aware UTC one; None stays None."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


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
    def is_claim(self) -> bool:
        """Whether its name is the operator's claim to a slot, or to an attempt."""
        return identity.RUN_ID in self.annotations and (
            identity.SCHEDULED_TIMESTAMP in self.annotations or identity.ATTEMPT in self.annotations
        )


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container of a Pod; times and codes are of its latest end."""

    name: str
    restarts: int
    running: bool
    started: datetime | None
    ended: datetime | None
    exit_code: int | None
    reason: str | None
    message: str | None
    waiting: str | None
    message_from_file: bool  # terminationMessagePolicy File: the container wrote `message` itself


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A Pod as the operator needs it."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    created: datetime
    deleting: bool
    grace_seconds: int
    task: str
    job_uid: str | None
    phase: str
    reason: str | None
    message: str | None
    containers: tuple[ContainerFacts, ...]
    default_container: str | None
    stuck: str | None  # why it does not start and will not by itself
    disrupted: bool = False  # it was lost to its node: eviction, preemption, drain

    @property
    def ended(self) -> bool:
        """Whether no container of it will run any more."""
        return self.phase in {"Succeeded", "Failed"}

    def main(self, name: str | None) -> ContainerFacts | None:
        """Find the container whose output counts: the named, else the default, else the first."""
        wanted = name or self.default_container
        chosen = [each for each in self.containers if each.name == wanted]
        return next(iter(chosen or self.containers), None)


def _owner(metadata: JSONObject, kind: str) -> tuple[str | None, bool]:
    for reference in metadata.get("ownerReferences", ()):
        if reference["kind"] == kind:
            return reference["uid"], bool(reference.get("controller"))
    return None, False


def _created(metadata: JSONObject) -> datetime:
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
        created=_created(metadata),
        deleting="deletionTimestamp" in metadata,
        owner_uid=_owner(metadata, "ScheduledTask")[0],
        suspended=bool(spec.get("suspend")),
        schedule=spec["schedule"],
        time_zone=spec.get("timeZone"),
        starting_deadline=spec.get("startingDeadlineSeconds"),
        concurrency_policy=spec.get("concurrencyPolicy", "Allow"),
        template_hash=metadata.get("annotations", {}).get(identity.TEMPLATE_HASH),
        shows_schedule=identity.SCHEDULE in metadata.get("annotations", {}),
        last_schedule_time=parse_time(status.get("lastScheduleTime")),
        active=tuple(each["uid"] for each in status.get("active", ()) if "uid" in each),
        succeeded_limit=spec.get("successfulJobsHistoryLimit", 3),
        failed_limit=spec.get("failedJobsHistoryLimit", 1),
        ttl=(spec["jobTemplate"].get("spec") or {}).get("ttlSecondsAfterFinished"),
    )


def job_facts(body: JSONObject) -> JobFacts:
    """Keep what matters of a Job's JSON."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    owner_uid, controlled = _owner(metadata, "CronJob")
    return JobFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        created=_created(metadata),
        deleting="deletionTimestamp" in metadata,
        task=metadata.get("labels", {}).get(identity.TASK_LABEL, ""),
        owner_uid=owner_uid,
        owned_by_controller=controlled,
        annotations=_annotations(metadata),
        suspended=bool(spec.get("suspend")),
        single_pod=_is_single_pod(spec),
        backoff_limit=spec.get("backoffLimit", 6),
        deadline=spec.get("activeDeadlineSeconds"),
        ttl=spec.get("ttlSecondsAfterFinished"),
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
        if owner["kind"] == "CronJob" and slot is not None and slot <= _created(metadata):
            kept[identity.SCHEDULED_TIMESTAMP] = slot.isoformat()
    return kept


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


def pod_facts(body: JSONObject) -> PodFacts:
    """Keep what matters of a Pod's JSON."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    from_file = {
        each["name"]: each.get("terminationMessagePolicy", "File") == "File"
        for each in spec.get("containers", ())
    }
    return PodFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        created=_created(metadata),
        deleting="deletionTimestamp" in metadata,
        grace_seconds=metadata.get("deletionGracePeriodSeconds", 30),
        task=metadata.get("labels", {}).get(identity.TASK_LABEL, ""),
        job_uid=_owner(metadata, "Job")[0],
        phase=status.get("phase", "Pending"),
        reason=status.get("reason"),
        message=status.get("message"),
        containers=_containers(status.get("containerStatuses", ()), from_file),
        default_container=metadata.get("annotations", {}).get(identity.DEFAULT_CONTAINER),
        stuck=_stuck(status),
        disrupted=_is_disrupted(status),
    )


def _is_disrupted(status: JSONObject) -> bool:
    return any(
        each["type"] == "DisruptionTarget" and each["status"] == "True"
        for each in status.get("conditions", ())
    )


def _stuck(status: JSONObject) -> str | None:
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind, ()):
            reason = each.get("state", {}).get("waiting", {}).get("reason")
            if reason in _STUCK:
                # The kubelet goes to and fro between the two: to a user they are one.
                return "ImagePullBackOff" if reason == "ErrImagePull" else str(reason)
    for condition in status.get("conditions", ()):
        if condition.get("reason") == "Unschedulable" and condition["status"] == "False":
            return "Unschedulable"
    return None


def _containers(
    statuses: tuple[JSONObject, ...] | list[JSONObject], from_file: Mapping[str, bool]
) -> tuple[ContainerFacts, ...]:
    # The kubelet lists statuses by name; the spec's order says which container is the first.
    order = {name: position for position, name in enumerate(from_file)}
    found = [_container(each, from_file.get(each["name"], True)) for each in statuses]
    return tuple(sorted(found, key=lambda each: order.get(each.name, len(order))))


def _container(status: JSONObject, from_file: bool) -> ContainerFacts:  # noqa: FBT001
    state = status.get("state", {})
    # Between two attempts of a restarting container its latest end stands in lastState.
    end = state.get("terminated") or status.get("lastState", {}).get("terminated") or {}
    if end.get("reason") == _UNSEEN:
        # The kubelet's own words, and a code that nothing exited with: so it reports what had
        # not begun when the pod was ended, such as an image that was never pulled.
        end = {key: value for key, value in end.items() if key not in {"exitCode", "message"}}
    running = state.get("running")
    return ContainerFacts(
        name=status["name"],
        restarts=status.get("restartCount", 0),
        running=running is not None,
        started=parse_time((running or end).get("startedAt")),
        ended=parse_time(end.get("finishedAt")),
        exit_code=end.get("exitCode"),
        reason=end.get("reason"),
        message=end.get("message"),
        waiting=state.get("waiting", {}).get("reason"),
        message_from_file=from_file,
    )
