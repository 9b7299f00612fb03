"""However much is asked for at once, the status stays small, and nothing is dropped silently."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.core import identity, size
from cronwright.core.answer import Act
from cronwright.core.backfill import GOING_AT_MOST
from cronwright.core.backlog import PENDING_AT_MOST
from cronwright.core.facts import JobFacts
from cronwright.core.firing import ACTIVE_AT_MOST
from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.model.base import render_time
from cronwright.model.status import TaskStatus
from tests.core.world import NOON, cronjob, job, task, world

# An object's annotations are 256 KiB at most.
ANNOTATIONS_BYTES = 256 * 1024
LOOKS, STEP = 12, timedelta(seconds=60)  # longer than an annotation waits
FEW, MANY = (tuple(f"{'p' * 60}{number:02}" for number in range(count)) for count in (1, 16))


@dataclass
class Flood:
    """A task on which somebody has put as many annotations as it takes; its runs never end."""

    spec: dict[str, Any]
    prefix: str
    value: Mapping[str, Any]
    status: TaskStatus = field(default_factory=TaskStatus)
    jobs: dict[str, JobFacts] = field(default_factory=dict)
    acts: Counter[Act] = field(default_factory=Counter)
    largest: int = 0
    reasons: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        text = json.dumps({"requestedAt": render_time(NOON), **self.value})
        self.count = ANNOTATIONS_BYTES // (len(self.prefix) + 63 + len(text))
        self.left = {f"{self.prefix}{'r' * 57}{n:06}": text for n in range(self.count)}

    def go_on(self) -> None:
        """Look at it for longer than annotations wait."""
        for number in range(LOOKS):
            self.look(NOON + number * STEP)

    def look(self, now: datetime) -> None:
        """Decide, let start what is to start, and take the annotations off that are answered."""
        of = task(self.spec, status=self.status.render(), annotations=self.left)
        rendered = decide(world(of)).rendered
        assert rendered is not None
        standing = replace(cronjob(of), template_hash=rendered.hash, suspended=True)
        runs = (Run(each, ()) for each in self.jobs.values())
        here = replace(world(of, *runs, standing=standing), now=now)
        plan = decide(here)
        answered = (*plan.answers, *plan.taken_in.answers)
        asked = [each.run_id for each in plan.answers if each.act is Act.START]
        asked += [each.id for each in plan.backlog.starts]
        for run_id in asked:
            notes = {identity.RUN_ID: run_id, identity.TRIGGER: "Manual"}
            name = f"{'n' * 57}{len(self.jobs):06}"
            self.jobs[run_id] = job(name, uid=run_id, created=now, annotations=notes)
        made = tuple(self.jobs[run_id] for run_id in asked)
        outcome = Outcome(plan.readiness, here.cronjob, True, made, answered)
        self.status = fold(here, plan, outcome)
        self.largest = max(self.largest, size.encoded_size(self.status))
        self.acts.update(each.act for each in answered)
        self.reasons |= {each.reason for each in answered if each.act is Act.SKIP}
        for each in answered:
            del self.left[each.annotation]
        assert len(self.status.pending) <= PENDING_AT_MOST
        assert len(self.status.active) <= ACTIVE_AT_MOST
        assert len(self.status.backfills) <= GOING_AT_MOST


@pytest.mark.parametrize("names", [FEW, MANY], ids=["few values", "many values"])
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"concurrencyPolicy": "Allow"}, "TooManyActive"),
        ({"concurrencyPolicy": "Forbid"}, "ConcurrencyForbid"),
        ({"concurrencyPolicy": "Queue", "maxQueued": 50}, "QueueFull"),
        ({"concurrencyGroup": "database", "maxQueued": 50}, "QueueFull"),
    ],
    ids=str,
)
def test_any_number_of_requests_fits(
    spec: dict[str, Any], reason: str, names: tuple[str, ...]
) -> None:
    parameters = [{"name": name, "type": "string"} for name in names]
    values = {"parameters": dict.fromkeys(names, "<" * 5)}
    more = {"schedule": None, "historyLimit": 50, "parameters": parameters}
    flood = Flood({**spec, **more}, identity.RUN_REQUEST_PREFIX, values)
    assert flood.count > 150

    flood.go_on()

    assert flood.largest < 64 * 1024
    # Each was answered: it started or waits, has a record, or an Event says why it is refused.
    assert flood.left == {}
    assert flood.acts.total() == flood.count
    taken = flood.acts[Act.START] + flood.acts[Act.QUEUE]
    assert taken == len(flood.status.active) + len(flood.status.pending)
    assert flood.status.counts.get("Skipped", 0) == flood.acts[Act.SKIP]
    # Many values keep them out before.
    assert flood.reasons == {reason} or (names == MANY and not flood.reasons)


@pytest.mark.parametrize("policy", ["Allow", "Queue"])
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_any_number_of_backfills_fits(policy: str, limit: int) -> None:
    spec = {"concurrencyPolicy": policy, "schedule": "* * * * *", "historyLimit": 50}
    span = {"from": render_time(NOON - timedelta(days=2)), "limit": limit}
    flood = Flood(spec, identity.BACKFILL_PREFIX, span)
    assert flood.count > 1000

    flood.go_on()

    assert flood.largest < 64 * 1024
    # What has been begun goes on as runs end, and all others are told of.
    begun = {f"{identity.BACKFILL_PREFIX}{each.id}" for each in flood.status.backfills}
    assert set(flood.left) == begun
    assert flood.acts[Act.REFUSE] + flood.acts[Act.TAKEN] + len(begun) == flood.count


def test_backfills_go_on_where_they_were_however_many_come_after_them() -> None:
    spec = {"concurrencyPolicy": "Queue", "schedule": "* * * * *"}
    span = {"from": render_time(NOON - timedelta(days=2)), "limit": 30}
    flood = Flood(spec, identity.BACKFILL_PREFIX, span)
    first = dict(list(flood.left.items())[:3])
    flood.left = first
    flood.look(NOON)
    before = {each.id: each.taken for each in flood.status.backfills}
    assert len(before) == 3
    crowd = {
        f"{identity.BACKFILL_PREFIX}a{number:03}": next(iter(first.values()))
        for number in range(500)
    }
    flood.left = {**crowd, **first}
    flood.look(NOON + STEP)
    after = {each.id: each.taken for each in flood.status.backfills}
    assert len(after) == GOING_AT_MOST
    assert all(after[each] >= taken for each, taken in before.items())
