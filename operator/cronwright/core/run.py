"""A run's record: its Job, its pods, its verdict and its output made into one entry.

`verdict` says how the run ended, `plan` when its record is due; `status` files the record.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.facts import ContainerFacts, JobFacts, PodFacts
from cronwright.core.verdict import Ending
from cronwright.model.status import ActiveRun, Captured, PendingRun, RunRecord, Trigger, Verdict

RESULT_BYTES: Final = 1024
MESSAGE_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Output:
    """What was read of one attempt's log; `attempt` is the pod's UID and its restart count."""

    attempt: tuple[str, int]
    text: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A Job with all that is known of it; pods oldest first, the gone ones as last seen."""

    job: JobFacts
    pods: tuple[PodFacts, ...]
    outputs: tuple[Output, ...] = ()
    settled: frozenset[tuple[str, int]] = frozenset()  # attempts whose log is not waited for
    gone: bool = False
    earlier: tuple[JobFacts, ...] = ()  # the Jobs of its earlier attempts that are known

    def after(self, earlier: tuple[JobFacts, ...]) -> "Run":
        """Give the same run with the Jobs of its earlier attempts."""
        return replace(self, earlier=earlier) if earlier else self

    def attempt(self, container: str | None) -> tuple[PodFacts, ContainerFacts] | None:
        """Find the last attempt: its pod, and the container whose output counts."""
        for pod in reversed(self.pods):
            main = pod.main(container)
            if main is not None:
                return pod, main
        return None


def slot_of(job: JobFacts) -> datetime | None:
    """Read a Job's slot: the annotation that the CronJob controller leaves, in any zone."""
    stamp = job.annotations.get(identity.SCHEDULED_TIMESTAMP)
    return datetime.fromisoformat(stamp).astimezone(UTC) if stamp else None


def due_of(job: JobFacts) -> datetime | None:
    """Read the time that a run was due; of a backfill's it is another run's slot as well."""
    stamp = job.annotations.get(identity.SLOT)
    return datetime.fromisoformat(stamp).astimezone(UTC) if stamp else slot_of(job)


def trigger_of(job: JobFacts) -> Trigger:
    """Say what started a Job: a slot, or somebody (`kubectl create job --from`, a request)."""
    noted = job.annotations.get(identity.TRIGGER)
    if noted in set(Trigger):
        return Trigger(noted)
    return Trigger.SCHEDULE if identity.SCHEDULED_TIMESTAMP in job.annotations else Trigger.MANUAL


def first_start(job: JobFacts) -> datetime | None:
    """Say when a run's first attempt started; None where its only one has not yet."""
    stamp = job.annotations.get(identity.FIRST_START)
    return datetime.fromisoformat(stamp) if stamp else job.start_time


def active_run(job: JobFacts) -> ActiveRun:
    """Make the entry of a run that goes on.

    Its start is the Job's creation: the Job's own startTime comes an instant later, and would
    cost a second write for the same fact.
    """
    return ActiveRun(
        name=job.annotations.get(identity.FIRST_JOB, job.name),
        id=job.run_id,
        slot=due_of(job),
        trigger=trigger_of(job),
        start_time=first_start(job) if identity.FIRST_START in job.annotations else job.created,
    )


def record(run: Run, ending: Ending, container: str | None) -> RunRecord:
    """Make the record of a run that has ended."""
    job, last = run.job, run.attempt(container)
    main = last[1] if last else None
    parts = _termination(main)
    captured, tail = _output(run, last)
    start = first_start(job) or job.created
    return RunRecord(
        name=job.annotations.get(identity.FIRST_JOB, job.name),
        id=job.run_id,
        generation=_number(job.annotations.get(identity.GENERATION)),
        version=job.annotations.get(identity.TASK_VERSION),
        slot=due_of(job),
        trigger=trigger_of(job),
        verdict=ending.verdict,
        start_time=start,
        completion_time=max(ending.time, start),
        attempts=_attempts(run),
        exit_code=main.exit_code if main else None,
        reason=ending.reason or None,
        message=cut(parts.get("message") or ending.message, MESSAGE_BYTES) or None,
        result=cut(parts.get("result", ""), RESULT_BYTES) or None,
        captured=captured,
        log_tail=tail or None,
    )


def lost_record(active: ActiveRun, now: datetime) -> RunRecord:
    """Make the record of a run whose Job vanished while nobody watched: its end is not known."""
    return RunRecord(
        name=active.name,
        id=active.id,
        slot=active.slot,
        trigger=active.trigger,
        verdict=Verdict.UNKNOWN,
        start_time=active.start_time,
        completion_time=now,
        reason="JobGone",
        message="its Job was deleted while the operator was away",
        captured=Captured.LOST,
    )


def waited_record(active: ActiveRun, attempts: int, ending: Ending) -> RunRecord:
    """Make the record of a run that ended while it waited, and whose Jobs are gone."""
    return RunRecord(
        name=active.name,
        id=active.id,
        slot=active.slot,
        trigger=active.trigger,
        verdict=ending.verdict,
        start_time=active.start_time,
        completion_time=ending.time,
        attempts=attempts,
        reason=ending.reason,
        message=ending.message,
        captured=Captured.LOST,
    )


def skipped_record(run_id: str, reason: str, message: str, now: datetime) -> RunRecord:
    """Make the record of a request that started nothing."""
    return RunRecord(
        id=run_id,
        trigger=Trigger.MANUAL,
        verdict=Verdict.SKIPPED,
        start_time=now,
        completion_time=now,
        reason=reason,
        message=message,
    )


def cancelled_record(waited: PendingRun, now: datetime) -> RunRecord:
    """Make the record of a run that was cancelled before it had a Job."""
    return RunRecord(
        id=waited.id,
        slot=waited.slot,
        trigger=waited.trigger,
        verdict=Verdict.CANCELLED,
        start_time=now,
        completion_time=now,
        reason="CancelRequested",
        message="it was cancelled before it started",
    )


def cut(text: str, limit: int) -> str:
    """Shorten to `limit` bytes as JSON carries them, at a character; control characters go."""
    clean = "".join(each for each in text if each in "\n\t" or each.isprintable()).strip()
    if len(json.dumps(clean, ensure_ascii=False).encode()) - 2 <= limit:
        return clean
    kept, size = [], len("…".encode())
    for each in clean:
        size += len(json.dumps(each, ensure_ascii=False).encode()) - 2
        if size > limit:
            break
        kept.append(each)
    return "".join(kept) + "…"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _attempts(run: Run) -> int:
    restarts = sum(max((each.restarts for each in pod.containers), default=0) for pod in run.pods)
    before = (_number(run.job.annotations.get(identity.ATTEMPT)) or 1) - 1
    return before + max(len(run.pods), run.job.pods_ended) + restarts


def _termination(main: ContainerFacts | None) -> Mapping[str, str]:
    """Read the parts of a termination message, where the container wrote it itself.

    With FallbackToLogsOnError a failed container's message is its log: a JSON line of a crash
    must never be taken for a result.
    """
    if main is None or not main.message or not (main.message_from_file or main.exit_code == 0):
        return {}
    try:
        parts: Any = json.loads(main.message)
    except ValueError:
        parts = None
    if isinstance(parts, dict) and parts.keys() & {"result", "message", "checkpoint"}:
        return {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in parts.items()
            if key in {"result", "message"} and value is not None
        }
    return {"result": main.message}


def _output(run: Run, last: tuple[PodFacts, ContainerFacts] | None) -> tuple[Captured, str]:
    if last is None:
        return (Captured.LOST if run.job.pods_ended or run.pods else Captured.FULL), ""
    pod, main = last
    if main.started is None and main.restarts == 0:
        return Captured.FULL, ""  # nothing of it ever ran, so there was nothing to read
    read = {output.attempt: output for output in run.outputs}
    output = read.get((pod.uid, main.restarts))
    if output is not None:
        return (Captured.FULL if output.complete else Captured.PARTIAL), output.text
    earlier = [each for each in run.outputs if each.attempt[0] == pod.uid]
    if main.message and not main.message_from_file:
        return Captured.PARTIAL, cut(main.message, 2048)
    if earlier:
        return Captured.PARTIAL, earlier[-1].text
    return Captured.LOST, ""
