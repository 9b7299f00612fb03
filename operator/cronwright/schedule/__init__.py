"""When a task is due: the schedule language and its one evaluator.

`read` (timetable.py) takes the `Terms` of a task and gives its `Timetable`. The rule: a slot is
every instant whose local wall time matches, so a wall time that a change of clock skips is no
slot, and one that it repeats is two, unless the task says otherwise.

Within, expressions are read into a `CronExpression` (parse.py), laid out over the years (walls.py)
and put on the clock of a zone (evaluate.py).
"""

from cronwright.schedule.expression import CronExpression
from cronwright.schedule.native import NativeForm
from cronwright.schedule.terms import Dialect, RepeatedTime, SkippedTime, Terms
from cronwright.schedule.timetable import Slot, Timetable, read
from cronwright.schedule.zone import load_zone

__all__ = [
    "CronExpression",
    "Dialect",
    "NativeForm",
    "RepeatedTime",
    "SkippedTime",
    "Slot",
    "Terms",
    "Timetable",
    "load_zone",
    "read",
]
