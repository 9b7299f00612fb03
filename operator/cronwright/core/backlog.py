"""The runs of a task that wait, and which of them start now.

Slots and requests wait where the concurrency policy or a full group holds them back, slots that
are made up for until it is their turn. They stand in `status.pending`; `plan` asks here at every
look, and `controller/backlog` starts what may start. The Job is the claim here as well: what has
one waits no longer, whatever a crash has left in the status.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cronwright.core.firing import ACTIVE_AT_MOST, DEADLINE_SECONDS
from cronwright.model.reasons import (
    CATCH_UP_LIMIT,
    CONCURRENCY_REPLACE,
    DEADLINE_PASSED,
    QUEUE_FULL,
    SUPERSEDED,
)
from cronwright.model.run import PendingReason, PendingRun, Verdict
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.status import Gap
from cronwright.model.task import ScheduledTask

PENDING_AT_MOST: Final = 50

_SECOND: Final = timedelta(seconds=1)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a task says about the runs that wait."""

    policy: ConcurrencyPolicy
    deadline: timedelta
    catch_up: int  # so many slots are made up for at most
    over: bool  # suspended, or without a schedule: no slot waits any more

    @classmethod
    def of(cls, task: ScheduledTask) -> Self:
        """Read a task's rules."""
        spec, given = task.spec, task.spec.starting_deadline_seconds
        return cls(
            policy=spec.concurrency_policy,
            deadline=timedelta(seconds=DEADLINE_SECONDS if given is None else given),
            catch_up=spec.catch_up.most,
            over=spec.suspend or not spec.scheduled,
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What becomes of the runs that wait.

    `starts` may start now, in this order, and stand in `rest` until they have; `gaps` are slots
    that wait no longer. `seen` has the ids of all that were looked at.
    """

    rest: tuple[PendingRun, ...] = ()
    starts: tuple[PendingRun, ...] = ()
    gaps: tuple[Gap, ...] = ()
    seen: frozenset[str] = frozenset()
    wake: datetime | None = None


def decide(
    pending: Iterable[PendingRun], rules: Rules, active: int, halfway: Set[str], now: datetime
) -> Backlog:
    """Decide about runs that wait and have no Job, with so many runs of their task active.

    Those that are `halfway` have one that is not let go yet: they go on before all others.
    """
    entries = sorted(pending, key=turn)
    leaving = _leaving(entries, rules, now)
    rest = tuple(each for each in entries if each.id not in leaving)
    ready = [each for each in rest if each.reason is not PendingReason.RETRY]
    begun = [each for each in ready if each.id in halfway]
    others = [each for each in ready if each.id not in halfway]
    ends = [each.due + rules.deadline + _SECOND for each in rest if _expires(each) and each.due]
    return Backlog(
        rest=rest,
        starts=(*begun, *others[: max(0, room(rules.policy, active) - len(begun))]),
        gaps=tuple(_gap(each, *leaving[each.id]) for each in entries if each.id in leaving),
        seen=frozenset(each.id for each in entries),
        wake=min(ends, default=None),
    )


def room(policy: ConcurrencyPolicy, active: int) -> int:
    """Say how many runs that wait may start: beside each other, or one after the other."""
    if policy is ConcurrencyPolicy.ALLOW:
        return max(0, ACTIVE_AT_MOST - active)
    return 0 if active else 1


def turn(entry: PendingRun) -> tuple[bool, datetime]:
    """Order runs that wait: by the time that they were due, and backfills after all others.

    Slots in the queue have deadlines, and a backfill may be long.
    """
    return is_backfill(entry), (entry.due or _LONG_AGO)


def is_backfill(entry: PendingRun) -> bool:
    """Tell whether a backfill asked for a run."""
    return entry.request is not None and entry.slot is not None


def without(pending: Iterable[PendingRun], ids: Collection[str]) -> list[PendingRun]:
    """Take runs out by their ids."""
    return [each for each in pending if each.id not in ids]


def united(*parts: Iterable[PendingRun]) -> list[PendingRun]:
    """Put runs that wait together, each once."""
    return list({each.id: each for part in parts for each in part}.values())


def remaining(
    backlog: Backlog, gone: Set[str], latest: Sequence[PendingRun]
) -> tuple[list[PendingRun], list[Gap]]:
    """List what waits after a plan was carried out, and what found no room.

    What is `gone` has its Job. `latest` is what was put off while the plan was carried out; it is
    decided about at the next look.
    """
    left = without(backlog.rest, gone)
    new = without(latest, {*gone, *backlog.seen})
    free = max(0, PENDING_AT_MOST - len(left))
    gaps = [
        _gap(each, Verdict.MISSED, CATCH_UP_LIMIT)
        if each.reason is PendingReason.CATCH_UP
        else _gap(each, Verdict.SKIPPED, QUEUE_FULL)
        for each in new[free:]
    ]
    return sorted([*left, *new[:free]], key=turn), gaps


def _leaving(
    entries: Sequence[PendingRun], rules: Rules, now: datetime
) -> dict[str, tuple[Verdict, str]]:
    """Find slots that wait no longer, each with its verdict and the reason."""
    slots = [
        each
        for each in entries
        if each.slot and not each.request and each.reason is not PendingReason.RETRY
    ]
    if rules.over:
        return {each.id: (Verdict.MISSED, SUPERSEDED) for each in slots}
    latest = now.replace(microsecond=0) - rules.deadline
    leaving = {
        each.id: (Verdict.MISSED, DEADLINE_PASSED)
        for each in slots
        if _expires(each) and each.due is not None and each.due < latest
    }
    queued = [each for each in slots if each.reason is PendingReason.QUEUED]
    if rules.policy is ConcurrencyPolicy.REPLACE:
        leaving |= {each.id: (Verdict.SKIPPED, CONCURRENCY_REPLACE) for each in queued[:-1]}
    made_up = [each for each in slots if each.reason is PendingReason.CATCH_UP]
    most = min(rules.catch_up, PENDING_AT_MOST - (len(entries) - len(made_up)))
    surplus = made_up[: max(0, len(made_up) - max(0, most))]
    return leaving | {each.id: (Verdict.MISSED, CATCH_UP_LIMIT) for each in surplus}


def _expires(entry: PendingRun) -> bool:
    return entry.reason is PendingReason.QUEUED and entry.slot is not None


def _gap(entry: PendingRun, verdict: Verdict, reason: str) -> Gap:
    assert entry.slot is not None  # noqa: S101 - requests and retries stay until they start
    return Gap(first=entry.slot, last=entry.slot, verdict=verdict, reason=reason, count=1)
