from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, repeat

import pytest

from cronwright.kube.errors import Conflict, Unavailable
from cronwright.kube.retry import backoff, persist, retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Attempts:
    """Fail with each of the errors in turn, then succeed."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def unavailable(*, retry_after: float | None = None, sent: bool = True) -> Unavailable:
    return Unavailable(503, "ServiceUnavailable", "later", retry_after=retry_after, sent=sent)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_waits_double_up_to_a_bound_and_are_spread() -> None:
    bounds = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    many = [list(islice(backoff(first=0.1, longest=1.0), 6)) for _ in range(200)]

    for bound, waits in zip(bounds, zip(*many, strict=True), strict=True):
        assert 0 <= min(waits) < bound / 4
        assert bound * 3 / 4 < max(waits) <= bound


async def test_what_failed_for_now_is_tried_again() -> None:
    attempts = Attempts(unavailable(), unavailable())

    answer = await persist(attempts, repeatable=True, patience=10, waits=repeat(0.0))

    assert (answer, attempts.made) == ("done", 3)


async def test_five_attempts_are_all() -> None:
    attempts = Attempts(*(unavailable() for _ in range(5)))

    with pytest.raises(Unavailable):
        await persist(attempts, repeatable=True, patience=10, waits=repeat(0.0))
    assert attempts.made == 5


@pytest.mark.parametrize(
    ("error", "attempts_made"),
    [
        pytest.param(lambda: unavailable(sent=True), 1, id="what may have had an effect"),
        pytest.param(lambda: unavailable(sent=False), 2, id="what surely had none"),
        pytest.param(lambda: Conflict(409, "Conflict", "no"), 1, id="what was decided"),
    ],
)
async def test_what_must_not_happen_twice(
    error: Callable[[], Exception], attempts_made: int
) -> None:
    attempts = Attempts(error(), Conflict(409, "Conflict", "no"))

    with pytest.raises((Unavailable, Conflict)):
        await persist(attempts, repeatable=False, patience=10, waits=repeat(0.0))
    assert attempts.made == attempts_made


async def test_a_wait_beyond_the_callers_patience_is_not_begun() -> None:
    attempts = Attempts(unavailable(retry_after=60))

    with pytest.raises(Unavailable) as caught:
        await persist(attempts, repeatable=True, patience=10, waits=repeat(0.0))
    assert (attempts.made, caught.value.retry_after) == (1, 60)
