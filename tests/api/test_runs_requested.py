"""How requests for runs are written; what comes of them is tested on a cluster."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from cronwright.core.identity import request_run_id
from cronwright.core.requests import AT_ONCE
from cronwright.kube import paths
from cronwright.model.base import render_time
from tests.api.fake_cluster import CALLER, FakeCluster, JSONObject
from tests.api.server import NOW

PATH = paths.scheduledtasks("default", "report")
UID = "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10"


def task(
    annotations: dict[str, str] | None = None, requests: Any = (), **metadata: Any
) -> JSONObject:
    return {
        "metadata": {"name": "report", "uid": UID, "annotations": annotations or {}, **metadata},
        "status": {"requests": list(requests)},
    }


async def trigger(web: aiohttp.ClientSession, body: object = None) -> tuple[int, JSONObject]:
    async with web.post("/tasks/report/runs", json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_request_is_left_as_an_annotation_of_this_very_task(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())
    cluster.gives("PATCH", PATH, {})

    status, answer = await trigger(web, {"id": "order_4.2"})

    assert (status, answer) == (
        202,
        {
            "id": "order_4.2",
            "runId": request_run_id(UID, "order_4.2"),
            "task": "report",
            "namespace": "default",
            "requestedAt": "2026-01-31T12:00:00.000Z",
        },
    )
    patch = cluster.bodies[-1][1]["metadata"]
    assert patch["uid"] == UID
    assert {key: json.loads(value) for key, value in patch["annotations"].items()} == {
        "run.cronwright.dev/order_4.2": {"requestedAt": "2026-01-31T12:00:00.000Z", "by": CALLER}
    }


async def test_a_request_without_an_id_gets_one(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())
    cluster.gives("PATCH", PATH, {})

    answers = [await trigger(web, body) for body in (None, {}, {"id": None})]

    assert [status for status, _ in answers] == [202] * 3
    assert len({answer["runId"] for _, answer in answers}) == 3


@pytest.mark.parametrize(
    "standing",
    [
        task({"run.cronwright.dev/a": '{"requestedAt": "2026-01-31T11:59:00Z"}'}),
        task(requests=[{"id": "a", "time": "2026-01-31T11:59:00Z"}]),
    ],
    ids=["waiting", "answered"],
)
async def test_an_id_that_was_asked_before_is_not_written_again(
    web: aiohttp.ClientSession, cluster: FakeCluster, standing: JSONObject
) -> None:
    cluster.gives("GET", PATH, standing)

    status, answer = await trigger(web, {"id": "a"})

    assert (status, answer["runId"]) == (202, request_run_id(UID, "a"))
    assert answer["requestedAt"] == "2026-01-31T11:59:00Z"
    assert not cluster.asked[f"PATCH {PATH}"]


@pytest.mark.parametrize("value", ["", "soon", "[]", '{"by": "me"}'])
async def test_what_was_written_wrong_by_hand_is_written_anew(
    web: aiohttp.ClientSession, cluster: FakeCluster, value: str
) -> None:
    cluster.gives("GET", PATH, task({"run.cronwright.dev/a": value}))
    cluster.gives("PATCH", PATH, {})

    assert (await trigger(web, {"id": "a"}))[0] == 202
    assert cluster.asked[f"PATCH {PATH}"] == 1


async def test_more_than_the_operator_comes_to_is_refused_for_now(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    recent = render_time(NOW - timedelta(minutes=9))
    answered = [{"id": f"a{n}", "time": recent} for n in range(AT_ONCE - 1)]
    cluster.gives("GET", PATH, task({"run.cronwright.dev/b": "{}"}, answered))

    status, problem = await trigger(web)
    assert (status, problem["type"]) == (429, "https://cronwright.dev/problems/too-many-requests")

    # An id that is known already asks for nothing more.
    assert (await trigger(web, {"id": "a0"}))[0] == 202


async def test_requests_of_long_ago_do_not_count(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    earlier = render_time(NOW - timedelta(minutes=11))
    cluster.gives("GET", PATH, task(None, [{"id": f"a{n}", "time": earlier} for n in range(200)]))
    cluster.gives("PATCH", PATH, {})

    assert (await trigger(web))[0] == 202


async def test_a_task_that_is_being_deleted_starts_nothing(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task(deletionTimestamp="2026-01-31T12:00:00Z"))

    status, problem = await trigger(web)

    assert (status, problem["type"]) == (409, "https://cronwright.dev/problems/task-deleting")


async def test_a_task_that_was_replaced_meanwhile_starts_nothing(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())
    cluster.refuses("PATCH", PATH, 409, "Conflict", message="Precondition failed: UID")

    status, problem = await trigger(web)

    assert (status, problem["type"]) == (409, "https://cronwright.dev/problems/changed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "a/b"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "-a"}, "id"),
        ({"id": "a" * 64}, "id"),
        ({"id": 5}, "id"),
        ({"ID": "a"}, "ID"),
    ],
)
async def test_a_request_that_is_wrong_is_named_and_nothing_is_done(
    web: aiohttp.ClientSession, cluster: FakeCluster, body: object, field: str
) -> None:
    status, problem = await trigger(web, body)

    assert (status, problem["field"]) == (422, field)
    assert not cluster.asked[f"GET {PATH}"]


PARAMETERS = [
    {"name": "region", "type": "string", "enum": ["eu", "us"], "required": True},
    {"name": "limit", "type": "integer", "maximum": 500, "default": 10, "required": False},
]


async def test_parameters_are_left_with_the_request(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, {**task(), "spec": {"parameters": PARAMETERS}})
    cluster.gives("PATCH", PATH, {})

    status, _ = await trigger(web, {"id": "a", "parameters": {"region": "eu", "limit": 500}})

    assert status == 202
    (value,) = cluster.bodies[-1][1]["metadata"]["annotations"].values()
    assert json.loads(value)["parameters"] == {"region": "eu", "limit": 500}


async def test_every_value_that_is_wrong_is_named_with_a_remedy(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, {**task(), "spec": {"parameters": PARAMETERS}})

    status, problem = await trigger(web, {"parameters": {"limit": 501, "lmit": 1}})

    assert status == 422
    assert (problem["field"], problem["value"]) == ("parameters.lmit", 1)
    assert {each["field"]: each["detail"] for each in problem["errors"]} == {
        "parameters.lmit": "parameters.lmit: no such parameter",
        "parameters.region": "parameters.region: not given",
        "parameters.limit": "parameters.limit: above 500",
    }
    remedies = [each["remedy"] for each in problem["errors"]]
    assert remedies == [
        "the task has region, limit",
        'write one of "eu", "us"',
        "write an integer, such as 10, at most 500",
    ]
    assert not cluster.asked[f"PATCH {PATH}"]


async def test_a_task_without_parameters_takes_none(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())

    status, problem = await trigger(web, {"parameters": {"region": "eu"}})

    assert (status, problem["field"]) == (422, "parameters.region")
