"""Which request meets which fault."""

import pytest

from tests.faults.fault import PASS, Answer, Cut, Delay, Drop, Expire, Lose, Stale, name_of
from tests.faults.request import Request
from tests.faults.script import LONGEST_DELAY, Chance, Rules

JOBS = "/apis/batch/v1/namespaces/shop/jobs"
TASK = "/apis/cronwright.dev/v1alpha1/namespaces/shop/scheduledtasks/report"
CREATE = Request.of("POST", JOBS)
LIST = Request.of("GET", f"{JOBS}?limit=100")
WATCH = Request.of("GET", f"{JOBS}?watch=1&resourceVersion=5")


@pytest.mark.parametrize(
    ("method", "target", "what", "name"),
    [
        ("GET", f"{JOBS}?limit=100", "list jobs", ""),
        ("GET", "/apis/batch/v1/jobs?watch=true", "watch jobs", ""),
        ("GET", f"{JOBS}/a", "get jobs", "a"),
        ("POST", JOBS, "create jobs", ""),
        ("PATCH", f"{JOBS}/a", "patch jobs", "a"),
        ("DELETE", f"{JOBS}/a", "delete jobs", "a"),
        ("PUT", f"{TASK}/status", "update scheduledtasks/status", "report"),
        ("GET", "/api/v1/namespaces/shop/pods/a/log?follow=true", "get pods/log", "a"),
        ("GET", "/api/v1/namespaces/shop", "get namespaces", "shop"),
        ("GET", "/readyz", "get ", ""),
    ],
)
def test_requests_are_named_as_in_the_audit_log(
    method: str, target: str, what: str, name: str
) -> None:
    request = Request.of(method, target)
    assert (request.what, request.name) == (what, name)


def test_a_seed_says_it_all() -> None:
    def drawn(seed: int) -> list[str]:
        script = Chance(seed, rate=0.5)
        return [name_of(script.choose(each)) for each in [CREATE, LIST, WATCH] * 40]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_other_requests_in_between_change_nothing() -> None:
    alone, beside = Chance(3, rate=0.5), Chance(3, rate=0.5)
    for _ in range(50):
        beside.choose(LIST)
        assert alone.choose(CREATE) == beside.choose(CREATE)


def test_the_rate_is_kept_until_it_rests() -> None:
    script = Chance(4, rate=0.1)
    drawn = [script.choose(CREATE) for _ in range(3000)]
    assert 0.07 < sum(each != PASS for each in drawn) / len(drawn) < 0.13
    script.rest()
    assert all(script.choose(each) == PASS for each in [CREATE, LIST, WATCH] * 200)


def test_each_kind_of_fault_comes_where_it_can() -> None:
    script = Chance(5, rate=1.0, watch_rate=1.0)
    drawn = {
        each.verb: {name_of(script.choose(each)) for _ in range(2000)}
        for each in (CREATE, LIST, WATCH)
    }
    every = {"Drop", "Tear", "Delay", "Stall", "Answer 429", "Answer 500", "Answer 503"}
    assert drawn["create"] == {*every, "Lose", "Answer 409"}
    assert drawn["list"] == {*every, "Answer 410", "Stale"}
    assert drawn["watch"] == {
        "Drop", "Delay", "Answer 410", "Answer 500", "Answer 429", "Cut", "Expire", "Lag",
    }  # fmt: skip


def test_no_delay_is_longer_than_what_is_promised_for() -> None:
    script = Chance(6, rate=1.0)
    drawn = [script.choose(CREATE) for _ in range(2000)]
    assert max(each.seconds for each in drawn if isinstance(each, Delay)) <= LONGEST_DELAY


def test_rules_are_taken_in_turn_and_then_for_all() -> None:
    rules = Rules()
    rules.once("create jobs", Lose(), Drop())
    rules.always("watch", Cut(1.0, clean=True))
    rules.always("watch jobs", Expire(0.0))
    rules.always("list", Stale())

    assert [rules.choose(CREATE) for _ in range(3)] == [Lose(), Drop(), PASS]
    assert [rules.choose(WATCH) for _ in range(2)] == [Expire(0.0), Expire(0.0)]
    assert rules.choose(LIST) == Stale()
    rules.rest()
    assert [rules.choose(each) for each in (CREATE, LIST, WATCH)] == [PASS] * 3


def test_an_answer_is_the_api_servers_own() -> None:
    head, body = Answer(429, "TooManyRequests", 2).encode()
    assert (head.status, head.get("retry-after")) == (429, "2")
    assert int(head.get("Content-Length")) == len(body)
