"""From where on the engine fires a task: after a start, an edit, a resume, a change of mode.

`reconcile` asks it when a managed task is accepted. A slot is never fired because it lies in the
past, and never lost because the task changed at the wrong moment.
"""

from datetime import datetime, timedelta

from cronwright.controller.claim import Followed
from cronwright.core.catch_up import CatchUpTerms
from cronwright.core.evidence import slots_with_runs
from cronwright.core.facts import CronJobFacts
from cronwright.core.firing import DEADLINE_SECONDS, Course
from cronwright.core.job import slot_template
from cronwright.core.ledger import Span, lost, passed_over
from cronwright.core.plan import Plan
from cronwright.core.slots import owed_slot
from cronwright.core.terms import timetable_in
from cronwright.core.world import World
from cronwright.model.status import Gap, Mode
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Slot, Timetable


def is_managed(task: ScheduledTask, plan: Plan) -> bool:
    """Tell whether the operator is to fire the task's slots now."""
    return plan.firing is not None and plan.firing.managed and not task.spec.suspend


def mark_of(world: World, plan: Plan, cronjob: CronJobFacts) -> str:
    """Name all that a `Followed` is made from: where it is the same, nothing is to be made anew."""
    assert plan.rendered is not None  # noqa: S101 - without one nothing is followed
    spec, hashed = world.task.spec, plan.rendered.hash
    parts = (plan.digest, hashed, cronjob.uid, spec.priority, spec.starting_deadline_seconds)
    return " ".join(map(str, (*parts, world.task.generation)))


def course_of(world: World, plan: Plan, cronjob: CronJobFacts) -> tuple[Followed, Course]:
    """Make what the engine follows for a managed task, and from where on."""
    task, timetable = world.task, plan.timetable
    assert timetable is not None  # noqa: S101 - without one no task is managed
    given = task.spec.starting_deadline_seconds
    followed = Followed(
        task_uid=task.uid,
        cronjob_uid=cronjob.uid,
        timetable=timetable,
        digest=plan.digest,
        template=slot_template(task, cronjob.uid),
        policy=task.spec.concurrency_policy,
        priority=task.spec.priority,
        deadline_seconds=DEADLINE_SECONDS if given is None else given,
        mark=mark_of(world, plan, cronjob),
        max_queued=task.spec.max_queued,
        group=task.spec.concurrency_group,
    )
    deadline = timedelta(seconds=followed.deadline_seconds)
    since, gaps = _since(world, plan, timetable)
    # What was edited while nobody looked may have been suspended meanwhile: that is past.
    looked = task.generation == (task.status.observed_generation or 1)
    terms = CatchUpTerms.of(task.spec, since if looked else world.now)
    course = Course(timetable, since, deadline, gaps=gaps, catch_up=terms)
    owed = owed_slot(world.cronjob, task.status, world.now)
    if owed is not None:
        course.owed = [Slot(owed, owed)]
    return followed, course


def _since(world: World, plan: Plan, timetable: Timetable) -> tuple[datetime, list[Gap]]:
    """Say from where on slots are fired, and what became of those before that nobody decided."""
    task, status, runs = world.task, world.task.status, slots_with_runs(world)
    cursor, restored = status.accounted_until, world.sight.restored
    if cursor is None:
        fresh = status.observed_generation is None
        return task.created if fresh else world.now, []  # resumed: what has passed is past
    if plan.digest == status.timetable or task.generation == status.observed_generation:
        if restored is None or cursor >= restored:
            return cursor, []  # after a restart
        # What the last leader has fired may be lost with the state that was set back.
        gap = lost(timetable, Span(cursor, restored), runs)
        return restored, [gap] if gap else []
    if status.mode is not Mode.MANAGED:
        return world.now, []
    span = Span(cursor, world.now.replace(microsecond=0))
    old = timetable_in(status.timetable)
    return world.now, list(passed_over(old, span, runs, suspended=False))
