import asyncio

import pytest

from cronwright.api.recent import Recent
from tests.api.server import Clock


class Question:
    """Answers with how often it was asked, once it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.began = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fails = False

    async def ask(self) -> int:
        self.asked += 1
        answer = self.asked
        self.began.set()
        await self.may_answer.wait()
        if self.fails:
            raise LookupError("no")
        return answer


@pytest.fixture
def question() -> Question:
    return Question()


async def test_an_answer_is_believed_for_its_time(question: Question) -> None:
    clock = Clock()
    recent: Recent[str, int] = Recent(8, 10.0, clock)

    assert await recent.get("a", question.ask) == 1
    clock.seconds += 9.9
    assert await recent.get("a", question.ask) == 1
    clock.seconds += 0.1
    assert await recent.get("a", question.ask) == 2


async def test_each_key_has_its_own_answer(question: Question) -> None:
    recent: Recent[str, int] = Recent(8, 10.0, Clock())

    assert await recent.get("a", question.ask) == 1
    assert await recent.get("b", question.ask) == 2
    assert await recent.get("a", question.ask) == 1


async def test_nothing_is_believed_for_no_time(question: Question) -> None:
    recent: Recent[str, int] = Recent(8, 0.0, Clock())

    assert [await recent.get("a", question.ask) for _ in range(3)] == [1, 2, 3]


async def test_many_who_ask_at_once_ask_once(question: Question) -> None:
    recent: Recent[str, int] = Recent(8, 10.0, Clock())

    assert await asyncio.gather(*(recent.get("a", question.ask) for _ in range(50))) == [1] * 50
    assert question.asked == 1


async def test_a_failure_reaches_all_who_wait_and_is_forgotten(question: Question) -> None:
    recent: Recent[str, int] = Recent(8, 10.0, Clock())
    question.fails = True

    both = await asyncio.gather(
        recent.get("a", question.ask), recent.get("a", question.ask), return_exceptions=True
    )
    assert [type(each) for each in both] == [LookupError, LookupError]
    question.fails = False
    assert await recent.get("a", question.ask) == 2


async def test_one_who_goes_away_leaves_the_answer_to_the_others(question: Question) -> None:
    recent: Recent[str, int] = Recent(8, 10.0, Clock())
    question.may_answer.clear()
    impatient = asyncio.create_task(recent.get("a", question.ask))
    patient = asyncio.create_task(recent.get("a", question.ask))
    await question.began.wait()

    impatient.cancel()
    question.may_answer.set()

    assert await patient == 1


async def test_no_more_is_kept_than_fits(question: Question) -> None:
    recent: Recent[str, int] = Recent(2, 10.0, Clock())
    for key in "abc":
        await recent.get(key, question.ask)

    assert await recent.get("c", question.ask) == 3
    assert await recent.get("a", question.ask) == 4
