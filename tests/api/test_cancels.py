"""How cancelling is asked for; what comes of it is tested on a cluster."""

import json

import aiohttp
import pytest

from cronwright.core.identity import request_run_id
from cronwright.kube import paths
from tests.api.fake_cluster import CALLER, FakeCluster, JSONObject

PATH = paths.scheduledtasks("default", "report")
UID = "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10"
RUN = "09a48c4f-317a-5177-a09d-12773b0cc07e"


def task(**annotations: str) -> JSONObject:
    status = {"active": [{"id": RUN}], "pending": [{"id": "waits"}], "history": [{"id": "over"}]}
    return {
        "metadata": {"name": "report", "uid": UID, "annotations": annotations},
        "status": status,
    }


async def ask(web: aiohttp.ClientSession, run_id: str) -> tuple[int, JSONObject]:
    async with web.post(f"/tasks/report/runs/{run_id}/cancel") as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize("run_id", [RUN, "waits", "all", request_run_id(UID, "mine")])
async def test_it_is_left_as_an_annotation_of_this_very_task(
    web: aiohttp.ClientSession, cluster: FakeCluster, run_id: str
) -> None:
    cluster.gives("GET", PATH, task(**{"run.cronwright.dev/mine": "{}"}))
    cluster.gives("PATCH", PATH, {})

    status, answer = await ask(web, run_id)

    since = "2026-01-31T12:00:00.000Z"
    expected = {"runId": run_id, "task": "report", "namespace": "default", "requestedAt": since}
    assert (status, answer) == (202, expected)
    patch = cluster.bodies[-1][1]["metadata"]
    assert patch["uid"] == UID
    assert {key: json.loads(value) for key, value in patch["annotations"].items()} == {
        f"cancel.cronwright.dev/{run_id}": {"requestedAt": since, "by": CALLER}
    }


@pytest.mark.parametrize("run_id", ["over", "nobody", "a%2Fb"])
async def test_a_run_that_does_not_go_on_is_not_found(
    web: aiohttp.ClientSession, cluster: FakeCluster, run_id: str
) -> None:
    cluster.gives("GET", PATH, task())

    status, problem = await ask(web, run_id)

    assert status == 404
    assert not [body for body in cluster.bodies if "annotations" in str(body)]
    assert problem["type"].endswith(("run-not-found", "route-not-found"))
