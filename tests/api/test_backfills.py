"""How backfills are asked for and listed; what comes of them is tested on a cluster."""

import json
from typing import Any

import aiohttp
import pytest

from cronwright.core.identity import backfill_run_id
from cronwright.kube import paths
from tests.api.fake_cluster import CALLER, FakeCluster, JSONObject

PATH = paths.scheduledtasks("default", "report")
UID = "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10"
SPAN = {"from": "2026-01-30T00:00:00Z", "to": "2026-01-31T00:00:00Z", "limit": 3}
# It is noon of 2026-01-31.


def task(spec: JSONObject | None = None, annotations: dict[str, str] | None = None) -> JSONObject:
    return {
        "metadata": {
            "name": "report",
            "namespace": "default",
            "uid": UID,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": annotations or {},
        },
        "spec": {"schedule": "0 */6 * * *"} if spec is None else spec,
    }


async def ask(web: aiohttp.ClientSession, body: object, query: str = "") -> tuple[int, JSONObject]:
    async with web.post(f"/tasks/report/backfills{query}", json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_backfill_is_left_as_an_annotation_and_its_runs_are_listed(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())
    cluster.gives("PATCH", PATH, {})

    status, answer = await ask(web, {"id": "january", **SPAN, "order": "NewestFirst"})

    assert status == 202
    assert [each["slot"] for each in answer["runs"]] == [
        "2026-01-31T00:00:00Z", "2026-01-30T18:00:00Z", "2026-01-30T12:00:00Z",
    ]  # fmt: skip
    assert answer["dryRun"] is False
    patch = cluster.bodies[-1][1]["metadata"]
    assert patch["uid"] == UID
    ((key, value),) = patch["annotations"].items()
    assert key == "backfill.cronwright.dev/january"
    assert json.loads(value) == {
        "requestedAt": "2026-01-31T12:00:00.000Z", "by": CALLER, "order": "NewestFirst", **SPAN,
    }  # fmt: skip


async def test_a_dry_run_lists_the_same_runs_and_asks_for_none(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())

    status, answer = await ask(web, {"id": "january", **SPAN}, "?dryRun=All")

    assert (status, answer["dryRun"]) == (200, True)
    slots = ["2026-01-30T00:00:00Z", "2026-01-30T06:00:00Z", "2026-01-30T12:00:00Z"]
    assert [each["slot"] for each in answer["runs"]] == slots
    assert answer["runs"][0]["runId"].count("-") == 4
    assert len({each["runId"] for each in answer["runs"]}) == 3
    assert not [body for body in cluster.bodies if "annotations" in str(body)]


async def test_the_same_id_is_not_written_twice(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    note = {"backfill.cronwright.dev/january": '{"requestedAt": "2026-01-31T11:59:00Z"}'}
    cluster.gives("GET", PATH, task(annotations=note))

    status, answer = await ask(web, {"id": "january", **SPAN})

    assert (status, answer["requestedAt"]) == (202, "2026-01-31T11:59:00Z")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-30T00:00:00"}, "from"),
        ({**SPAN, "to": "2026-01-29T00:00:00Z"}, "from"),
        ({**SPAN, "limit": 0}, "limit"),
        ({**SPAN, "limit": 101}, "limit"),
        ({**SPAN, "order": "Random"}, "order"),
        ({**SPAN, "form": 1}, "form"),
        ({"from": "2026-01-30T00:00:01Z", "to": "2026-01-30T00:00:02Z"}, "from"),
    ],
)
async def test_what_is_wrong_is_named(
    web: aiohttp.ClientSession, cluster: FakeCluster, wish: dict[str, Any], field: str
) -> None:
    cluster.gives("GET", PATH, task())

    status, problem = await ask(web, wish)

    assert status == 422
    assert field in json.dumps(problem), problem


async def test_a_task_without_a_schedule_has_no_slots(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task({}))

    status, problem = await ask(web, SPAN)

    assert status == 422
    assert "no schedule" in json.dumps(problem)


def test_the_runs_of_a_backfill_have_ids_of_their_own() -> None:
    from datetime import UTC, datetime

    slot = datetime(2026, 1, 30, tzinfo=UTC)
    assert backfill_run_id(UID, "a", slot) != backfill_run_id(UID, "b", slot)
