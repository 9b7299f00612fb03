"""The gaps in a status: slots without a run, as ranges, so that they never crowd out the runs.

`ledger` and `firing` find them, `status` files them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cronwright.model.run import Verdict
from cronwright.model.status import Gap

GAPS_AT_MOST: Final = 20
_ONE_RANGE: Final = timedelta(hours=1)  # slots that are further apart are no range


def extend(new: Sequence[Gap], old: Sequence[Gap]) -> list[Gap]:
    """Put new gaps before old ones, newest first, as many as a status has room for."""
    return merge(new, old)[:GAPS_AT_MOST]


def merge(new: Sequence[Gap], old: Sequence[Gap]) -> list[Gap]:
    """Put new gaps before old ones, newest first; those that continue one another become one."""
    gaps = list(old)
    for gap in sorted(new, key=lambda each: each.first):
        last = gaps[0] if gaps else None
        alike = last and (last.verdict, last.reason) == (gap.verdict, gap.reason)
        if last and alike and gap.first - last.last <= _ONE_RANGE:
            ends = (min(last.first, gap.first), max(last.last, gap.last))
            gaps[0] = last.model_copy(
                update={"first": ends[0], "last": ends[1], "count": last.count + gap.count}
            )
        else:
            gaps.insert(0, gap)
    return gaps


def taken_back(gaps: Sequence[Gap], slot: datetime) -> tuple[list[Gap], Verdict | None]:
    """Take a slot out of the gaps, whose Job came so late that it had a verdict by then.

    Gives the verdict that it had as well; None where it is in none of them.
    """
    for place, gap in enumerate(gaps):
        if gap.first <= slot <= gap.last and gap.verdict is not Verdict.EXCLUDED and gap.count:
            left = gap.model_copy(update={"count": gap.count - 1})
            kept = [left] if left.count else []
            return [*gaps[:place], *kept, *gaps[place + 1 :]], gap.verdict
    return list(gaps), None
