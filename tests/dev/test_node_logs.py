"""Logs of containers on the local node, as the API server and kubectl give them."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.errors import BadRequest
from tests.cluster.kubectl import CommandError, Kubectl
from tests.cluster.waiting import until
from tests.dev.pods import IMAGE, STAYS, Pods, container, main_state

pytestmark = pytest.mark.cluster

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


async def test_parts_of_a_log(pods: Pods, kubectl: Kubectl) -> None:
    await pods.start("pod", "seq 9; echo wrong >&2; printf end")
    (whole,) = await pods.outputs("pod")
    lines = [*"123456789", "wrong", "end"]
    assert whole == "\n".join(lines)

    async def part(**query: Any) -> str:
        return await pods.output("pod", **query)

    assert await part(tailLines=3) == "9\nwrong\nend"
    assert await part(tailLines=0) == ""
    assert await part(tailLines=99) == whole
    assert await part(limitBytes=5) == "1\n2\n3"
    # The first bytes of the last lines, not the last.
    assert await part(tailLines=2, limitBytes=4) == "wron"
    assert await part(follow="true") == whole
    stamped = await part(timestamps="true", tailLines=2)
    assert re.fullmatch(f"{STAMP} wrong\n{STAMP} end", stamped)
    assert await kubectl("logs", "pod", "--tail=2") == "wrong\nend"
    assert re.match(f"{STAMP} 1\n", await kubectl("logs", "pod", "--timestamps"))


async def test_since(pods: Pods) -> None:
    await pods.start("pod", f"echo early; sleep 2; echo late; {STAYS}")
    await pods.running("pod")

    async def both() -> bool:
        return "late" in await pods.output("pod")

    await until(both)
    _, late = (await pods.output("pod", timestamps="true")).splitlines()
    moment = datetime.fromisoformat(late.split()[0])

    assert await pods.output("pod", sinceTime=f"{moment:%Y-%m-%dT%H:%M:%SZ}") == "late\n"
    after = moment + timedelta(seconds=5)
    assert await pods.output("pod", sinceTime=f"{after:%Y-%m-%dT%H:%M:%SZ}") == ""
    assert await pods.output("pod", sinceSeconds=3600) == "early\nlate\n"
    age = (datetime.now(UTC) - moment).total_seconds()
    assert await pods.output("pod", sinceSeconds=int(age + 1.5)) == "late\n"


async def test_following(pods: Pods, kubectl: Kubectl) -> None:
    slow = "for word in one two three; do echo $word; sleep 0.2; done"
    await pods.start("pod", slow)
    await pods.until("pod", lambda status: "waiting" not in main_state(status))
    follow = pods.output("pod", follow="true", tailLines=1)
    followed, said = await asyncio.gather(follow, kubectl("logs", "-f", "pod"))
    assert followed.endswith("three\n")
    assert said == "one\ntwo\nthree"


async def test_the_run_before(pods: Pods, kubectl: Kubectl) -> None:
    once = container(
        f"test -e /v/x || {{ touch /v/x; echo first; exit 1; }}; echo second; {STAYS}",
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
    )
    volumes = [{"name": "v", "emptyDir": {}}]
    await pods.start("pod", once, restartPolicy="OnFailure", volumes=volumes)
    await pods.start("new", STAYS)
    await pods.until("pod", lambda status: status["containerStatuses"][0]["restartCount"] == 1)
    await pods.running("pod", "new")

    assert await pods.output("pod", previous="true") == "first\n"
    assert await pods.output("pod") == "second\n"
    assert await kubectl("logs", "pod", "--previous") == "first"
    with pytest.raises(BadRequest, match='previous terminated container "main" in pod "new"'):
        await pods.output("new", previous="true")


async def test_what_has_not_begun(pods: Pods, kubectl: Kubectl) -> None:
    await pods.start("pod", {"name": "main", "image": IMAGE})
    await pods.until("pod", lambda status: "message" in main_state(status)["waiting"])
    with pytest.raises(BadRequest, match='"main" in pod "pod" is waiting to start'):
        await pods.output("pod")
    with pytest.raises(CommandError, match="container other is not valid for pod pod"):
        await kubectl("logs", "pod", "-c", "other")
