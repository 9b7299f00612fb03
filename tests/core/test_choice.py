"""What becomes of a slot that is due, by its policy, by what is active and by what waits."""

import pytest

from cronwright.core.choice import Act, Choice, Queued, choose, hold_back
from cronwright.model.reasons import CONCURRENCY_FORBID, QUEUE_FULL, TOO_MANY_ACTIVE
from cronwright.model.spec import ConcurrencyPolicy

ALLOW, FORBID, REPLACE, QUEUE = ConcurrencyPolicy

NOBODY = Queued(most=2)
ONE = Queued(count=1, ahead=True, most=2)
FULL = Queued(count=2, ahead=True, most=2)
MADE_UP_FOR = Queued(count=0, ahead=True, most=2)


@pytest.mark.parametrize(
    ("policy", "active", "queued", "choice"),
    [
        (ALLOW, 0, NOBODY, Choice(Act.START)),
        (ALLOW, 49, ONE, Choice(Act.START)),
        (ALLOW, 50, NOBODY, Choice(Act.SKIP, TOO_MANY_ACTIVE)),
        (FORBID, 0, NOBODY, Choice(Act.START)),
        (FORBID, 1, NOBODY, Choice(Act.SKIP, CONCURRENCY_FORBID)),
        (FORBID, 0, ONE, Choice(Act.SKIP, CONCURRENCY_FORBID)),
        (FORBID, 0, MADE_UP_FOR, Choice(Act.START)),
        (REPLACE, 0, NOBODY, Choice(Act.START)),
        (REPLACE, 1, NOBODY, Choice(Act.REPLACE)),
        (QUEUE, 0, NOBODY, Choice(Act.START)),
        (QUEUE, 1, NOBODY, Choice(Act.QUEUE)),
        (QUEUE, 0, ONE, Choice(Act.QUEUE)),
        (QUEUE, 0, MADE_UP_FOR, Choice(Act.QUEUE)),
        (QUEUE, 1, FULL, Choice(Act.SKIP, QUEUE_FULL)),
    ],
)
def test_the_policy_decides_about_a_slot(
    policy: ConcurrencyPolicy, active: int, queued: Queued, choice: Choice
) -> None:
    assert choose(policy, active, queued) == choice


@pytest.mark.parametrize(
    ("policy", "queued", "choice"),
    [
        (ALLOW, ONE, Choice(Act.QUEUE)),
        (ALLOW, FULL, Choice(Act.SKIP, QUEUE_FULL)),
        (FORBID, NOBODY, Choice(Act.QUEUE)),
        (REPLACE, FULL, Choice(Act.QUEUE)),
    ],
)
def test_where_a_group_is_full_a_slot_waits(
    policy: ConcurrencyPolicy, queued: Queued, choice: Choice
) -> None:
    assert hold_back(policy, queued) == choice
