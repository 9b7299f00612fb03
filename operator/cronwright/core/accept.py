"""Whether a task can be followed as it stands: what the CRD's schema can't judge.

`plan` asks it first. A task that is refused is Ready=False with a reason and the words for it; all
others, and what runs of this one already, go on.
"""

from dataclasses import dataclass, field
from typing import Final

from cronwright.core.cronjob import RenderedCronJob, render
from cronwright.core.mode import Firing, choose
from cronwright.core.parameters import check_declared
from cronwright.core.tail import cut
from cronwright.core.terms import timetable_of
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.model import conditions
from cronwright.model.extensions import check_extensions
from cronwright.schedule import Timetable

_MESSAGE_BYTES: Final = 512
_SCHEDULE_FIELDS: Final = (
    "spec.schedule", "spec.every", "spec.at", "spec.startAt", "spec.endAt", "spec.jitter",
    "spec.exclude",
)  # fmt: skip
# What odd input does where nobody thought of it. It would come again at every look.
_UNFORESEEN: Final = (
    TypeError, ValueError, OverflowError, RecursionError, KeyError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the condition Ready is to say; `cause` is an error that nobody foresaw."""

    ok: bool
    reason: str
    message: str
    cause: Exception | None = field(default=None, compare=False)


Accepted = tuple[Timetable | None, Firing | None, RenderedCronJob | None, Readiness]


def accept(world: World) -> Accepted:
    """Judge the zone, the schedule, the parameters and the shape of the template; never raises."""
    try:
        return _accept(world)
    except FieldError as error:
        readiness = Readiness(ok=False, reason=_reason(error.field), message=str(error))
    except _UNFORESEEN as error:
        said = cut(f"{type(error).__name__}: {error}", _MESSAGE_BYTES)
        message = f"the operator can't make anything of the spec: {said}"
        readiness = Readiness(
            ok=False, reason=conditions.INVALID_SPEC, message=message, cause=error
        )
    return None, None, None, readiness


def _accept(world: World) -> Accepted:
    task = world.task
    timetable = timetable_of(task.terms) if task.spec.scheduled else None
    check_extensions(task.spec.extensions)
    check_declared(task.spec)
    _ = task.spec.catch_up.reach
    wait = bool(task.status.pending or world.put_off)
    firing = choose(task, timetable, world.cronjob, world.active, waits=wait)
    fired = timetable.resolved if timetable and firing.managed else None
    return timetable, firing, render(task, firing.native, fired), _ready(firing, timetable)


def _reason(field: str) -> str:
    if field == "spec.timeZone":
        return conditions.INVALID_TIME_ZONE
    schedule = field.startswith(_SCHEDULE_FIELDS)
    return conditions.INVALID_SCHEDULE if schedule else conditions.INVALID_SPEC


def _ready(firing: Firing, timetable: Timetable | None) -> Readiness:
    """Say what the task does, in words: whoever reads the condition sees what was understood."""
    words = f"{timetable.sentence}; " if timetable else ""
    who = "the operator fires" if firing.managed else "the CronJob stands"
    why = f", because {firing.message}" if firing.managed else ""
    return Readiness(ok=True, reason=conditions.RECONCILED, message=f"{words}{who}{why}")
