"""From where on the engine fires a task: after a start, an edit, a resume, a change of mode.

`reconcile` asks it when a managed task is accepted. A slot is never fired because it lies in the
past, and never lost because the task changed at the wrong moment.
"""

from datetime import timedelta

from cronwright.controller.claim import Followed
from cronwright.core.catch_up import CatchUpTerms
from cronwright.core.facts import CronJobFacts
from cronwright.core.firing import DEADLINE_SECONDS, Course
from cronwright.core.job import slot_template
from cronwright.core.plan import Plan, World
from cronwright.core.slots import due_slot, standing
from cronwright.errors import FieldError
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Slot


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
    status = task.status
    unchanged = plan.digest == status.timetable or task.generation == status.observed_generation
    if status.accounted_until is not None and unchanged:
        since = status.accounted_until  # after a restart
    elif status.observed_generation is None:
        since = task.created
    else:
        since = world.now  # edited or resumed: what has passed is past
    # What was edited while nobody looked may have been suspended meanwhile: that is past.
    looked = task.generation == (status.observed_generation or 1)
    terms = CatchUpTerms.of(task.spec, since if looked else world.now)
    return followed, Course(timetable, since, deadline, _owed(world), catch_up=terms)


def _owed(world: World) -> list[Slot]:
    """Find the slot that the CronJob controller owed when it stopped to fire the task, if any.

    `world` has the CronJob as it was before it was suspended. After a crash between that and the
    status, the status alone still tells: it shows a native slot until its Job was seen.
    """
    cronjob, status = world.cronjob, world.task.status
    if cronjob is None or status.mode is not Mode.NATIVE:
        return []
    if not cronjob.suspended:
        try:
            slot = due_slot(standing(cronjob), cronjob, world.now)
        except FieldError:
            return []
        return [Slot(slot, slot)] if slot else []
    shown = status.next_run_time
    if shown is None or shown > world.now:
        return []
    if cronjob.last_schedule_time is not None and shown <= cronjob.last_schedule_time:
        return []
    return [Slot(shown, shown)]
