"""Whether a run whose attempt failed is tried again, and when: derived from facts alone.

The policy stands in an annotation of each Job, so the Job, its pods and their end say everything;
the spread comes from a hash, so a crash in between changes no due time. `plan` asks for every run
that failed, `controller/attempts` makes the Job of the attempt that is due.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.parameters import note, noted
from cronwright.core.pod import PodFacts, Role
from cronwright.core.run import first_start, slot_of, trigger_of
from cronwright.core.verdict import Ending, judge
from cronwright.errors import FieldError
from cronwright.model.duration import parse_duration
from cronwright.model.retry import Backoff, Retry
from cronwright.model.run import ActiveRun, PendingReason, PendingRun, Trigger, Verdict

_LAST_STEP: Final = 64  # beyond it a factor makes no difference to what is bounded anyway
# What says of a Job which run it belongs to, and not which attempt it is.
_OF_THE_RUN: Final = (
    identity.RUN_ID, identity.REQUEST, identity.TRIGGER, f"{identity.PREFIX}slot",
    identity.SCHEDULED_TIMESTAMP, identity.PARAMETERS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """When a run is tried again; times in seconds."""

    limit: int
    initial: int
    factor: float
    longest: int
    jitter: int
    exit_codes: frozenset[int]
    reasons: frozenset[str]

    def delay(self, run_id: str, attempt: int) -> timedelta:
        """Say how long after an attempt's end the next begins: always the same, in seconds."""
        backoff = min(self.initial * self.factor ** min(attempt - 1, _LAST_STEP), self.longest)
        digest = hashlib.sha256(f"jitter {run_id} {attempt}".encode()).digest()
        spread = self.jitter * int.from_bytes(digest[:4]) / 2**32
        return timedelta(seconds=math.ceil(backoff + spread))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A later attempt of a run that is to begin at `due`."""

    run_id: str
    number: int
    retries: int  # those up to this one that count
    due: datetime
    first_job: str
    first_start: datetime
    notes: Mapping[str, str]  # annotations that each Job of the run has
    slot: datetime | None
    trigger: Trigger

    @property
    def pending(self) -> PendingRun:
        """Make its entry in the status."""
        return PendingRun(
            id=self.run_id,
            reason=PendingReason.RETRY,
            trigger=self.trigger,
            slot=self.slot,
            request=self.notes.get(identity.REQUEST),
            attempt=self.number,
            due=self.due,
            parameters=noted(self.notes.get(identity.PARAMETERS)) or None,
        )


def written(retry: Retry) -> str:
    """Write a policy as a Job's annotation; FieldError where a duration can't be read."""
    text = retry.model_dump_json(by_alias=True, exclude_none=True)
    _read(text)
    return text


@lru_cache(maxsize=1024)
def _read(text: str) -> Policy:
    retry = Retry.model_validate_json(text)
    backoff = retry.backoff or Backoff()
    jitter = parse_duration(retry.jitter, "spec.retry.jitter") if retry.jitter else 0
    return Policy(
        limit=retry.limit,
        initial=parse_duration(backoff.initial, "spec.retry.backoff.initial"),
        factor=backoff.factor,
        longest=parse_duration(backoff.max, "spec.retry.backoff.max"),
        jitter=jitter,
        exit_codes=frozenset(retry.on_exit_codes or ()),
        reasons=frozenset(retry.on_reasons or ()),
    )


def policy_of(job: JobFacts) -> Policy | None:
    """Read a Job's policy; None where it has none, or somebody has spoilt it."""
    text = job.annotations.get(identity.RETRY)
    try:
        return _read(text) if text else None
    except (ValueError, FieldError):
        return None


def attempt_of(job: JobFacts) -> int:
    """Say which attempt of its run a Job is."""
    return _number(job, identity.ATTEMPT, 1)


def next_attempt(job: JobFacts, pods: Sequence[PodFacts], ending: Ending) -> Attempt | None:
    """Say which attempt follows one that ended so; None where the run is over."""
    policy = policy_of(job)
    # One that failed while it was being ended was not to go on. One that was to make room for
    # another would go on, and is `Replaced`.
    asked = job.annotations.get(identity.ENDING) not in {None, identity.REPLACED}
    if policy is None or asked or ending.verdict is not Verdict.FAILED:
        return None
    disrupted = bool(pods) and pods[-1].disrupted
    spent = _number(job, identity.RETRIES, 0)
    if not disrupted and (spent >= policy.limit or not _is_meant(policy, pods, ending)):
        return None
    number = attempt_of(job)
    return Attempt(
        run_id=job.run_id,
        number=number + 1,
        retries=spent + (not disrupted),
        due=ending.time + policy.delay(job.run_id, number),
        first_job=job.annotations.get(identity.FIRST_JOB, job.name),
        first_start=first_start(job) or job.created,
        notes={
            **{key: job.annotations[key] for key in _OF_THE_RUN if key in job.annotations},
            identity.RUN_ID: job.run_id,
        },
        slot=slot_of(job),
        trigger=trigger_of(job),
    )


def waits(job: JobFacts, pods: Sequence[PodFacts]) -> bool:
    """Tell whether a Job's run waits for its next attempt, as far as the Job itself says."""
    if identity.RETRY not in job.annotations:
        return False
    ending = judge(job, pods)
    return ending is not None and next_attempt(job, pods, ending) is not None


def from_status(pending: PendingRun, active: ActiveRun) -> Attempt:
    """Restore an attempt whose run has no Job left."""
    assert pending.due is not None and active.start_time is not None  # noqa: S101, PT018
    notes = {identity.RUN_ID: pending.id}
    if pending.request is not None:
        notes[identity.REQUEST] = pending.request
    if pending.parameters:
        notes |= note(pending.parameters)
    if pending.slot is not None and pending.trigger is Trigger.SCHEDULE:
        notes[identity.SCHEDULED_TIMESTAMP] = pending.slot.isoformat()
    return Attempt(
        run_id=pending.id,
        number=pending.attempt,
        retries=pending.attempt - 1,
        due=pending.due,
        first_job=active.name,
        first_start=active.start_time,
        notes=notes,
        slot=pending.slot,
        trigger=pending.trigger,
    )


def _is_meant(policy: Policy, pods: Sequence[PodFacts], ending: Ending) -> bool:
    if not policy.exit_codes and not policy.reasons:
        return True
    ended = pods[-1].containers if pods else ()
    codes = {each.exit_code for each in ended if each.role is not Role.SIDECAR}
    return bool(codes & policy.exit_codes) or ending.reason in policy.reasons


def _number(job: JobFacts, key: str, default: int) -> int:
    text = job.annotations.get(key, "")
    return int(text) if text.isdecimal() else default


def rendered(retry: Retry) -> dict[str, object]:
    """Render a policy into a Job's own fields, for a Job that does it itself."""
    rules: list[dict[str, object]] = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    if retry.on_exit_codes:
        codes = {"operator": "NotIn", "values": sorted(set(retry.on_exit_codes))}
        rules.append({"action": "FailJob", "onExitCodes": codes})
    return {"backoffLimit": retry.limit, "podFailurePolicy": {"rules": rules}}


def dumped(attempt: Attempt) -> dict[str, str]:
    """Give the annotations of an attempt's Job."""
    return {
        **attempt.notes,
        identity.ATTEMPT: json.dumps(attempt.number),
        identity.RETRIES: json.dumps(attempt.retries),
        identity.FIRST_JOB: attempt.first_job,
        identity.FIRST_START: attempt.first_start.isoformat(),
    }
