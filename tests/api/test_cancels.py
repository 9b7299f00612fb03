"""How requests to cancel are written; what comes of them is tested on a cluster."""

import json

import aiohttp

from cronwright.core.identity import request_run_id
from cronwright.kube import paths
from tests.api.fake_cluster import CALLER, FakeCluster, JSONObject

PATH = paths.scheduledtasks("default", "report")
UID = "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10"
STATUS = {
    "active": [{"id": "goes-on", "name": "report-1", "trigger": "Schedule"}],
    "pending": [{"id": "waits", "reason": "Retry", "trigger": "Schedule"}],
    "history": [{"id": "ended", "verdict": "Failed"}],
    "recorded": ["0123456789ab"],
}


def task(**metadata: object) -> JSONObject:
    return {"metadata": {"name": "report", "uid": UID, **metadata}, "status": STATUS}


async def cancel(web: aiohttp.ClientSession, run_id: str) -> tuple[int, JSONObject]:
    async with web.post(f"/tasks/report/runs/{run_id}/cancel") as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_request_to_cancel_is_left_as_an_annotation_of_this_very_task(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("PATCH", PATH, {})
    requested = request_run_id(UID, "mine")
    for run_id in ("goes-on", "waits", "all", requested):
        cluster.gives("GET", PATH, task(annotations={"run.cronwright.dev/mine": "{}"}))

        status, answer = await cancel(web, run_id)

        since = "2026-01-31T12:00:00.000Z"
        assert (status, answer["runId"], answer["requestedAt"]) == (202, run_id, since)
        patch = cluster.bodies[-1][1]["metadata"]
        assert patch["uid"] == UID
        assert {key: json.loads(value) for key, value in patch["annotations"].items()} == {
            f"cancel.cronwright.dev/{run_id}": {"requestedAt": since, "by": CALLER}
        }


async def test_a_run_that_does_not_go_on_is_not_cancelled(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.gives("GET", PATH, task())
    answers = {run_id: await cancel(web, run_id) for run_id in ("ended", "01234567-89ab", "never")}

    kinds = {run_id: (status, body["type"]) for run_id, (status, body) in answers.items()}
    assert kinds == {
        "ended": (409, "https://cronwright.dev/problems/run-ended"),
        "01234567-89ab": (409, "https://cronwright.dev/problems/run-ended"),
        "never": (404, "https://cronwright.dev/problems/run-not-found"),
    }
    assert answers["ended"][1]["detail"] == "this run has ended as Failed"
    assert not cluster.asked[f"PATCH {PATH}"]
