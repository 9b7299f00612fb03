"""When a task is due: the schedule language and its one evaluator.

`parse` (parse.py, fields.py) reads an expression into a `CronExpression` (expression.py);
`next_slot` and `previous_slot` (evaluate.py) walk it over a zone (zone.py). The rule: a slot is
every instant whose local wall time matches, so a wall time that a change of clock skips is no
slot, and one that it repeats is two.
"""

from cronwright.schedule.evaluate import next_slot, previous_slot
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.parse import parse
from cronwright.schedule.zone import load_zone

__all__ = ["CronExpression", "load_zone", "next_slot", "parse", "previous_slot"]
