"""How pods on the local node are ended: signals, grace periods, hooks, deadlines, deletions.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.waiting import until
from tests.dev.pods import STAYS, STUBBORN, Pods, container, end_of, main_state, waits_for

pytestmark = pytest.mark.cluster

# They say that they are up when they are ready for a signal.
POLITE = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"
FAILS = POLITE.replace("exit 0", "exit 143")
RUDE = f"echo up; {STUBBORN}"


async def up(pods: Pods, *names: str) -> None:
    """Wait until pods have said so."""

    async def said() -> bool:
        return all([await pods.output(name) == "up\n" for name in names])

    await pods.running(*names)
    await until(said, every=0.05)


class Watcher:
    """What a watcher of a namespace's pods has seen."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self.seen: dict[str, list[dict[str, Any]]] = {}
        self.deleted: dict[str, datetime] = {}

    async def watch(self) -> None:
        """Follow the pods until cancelled."""
        path = paths.pods(self._namespace)
        async with self._client.watch(path, {"resourceVersion": "0"}) as events:
            async for event in events:
                name = event["object"]["metadata"].get("name")
                if event["type"] == "DELETED":
                    self.deleted[name] = datetime.now().astimezone()
                elif name:
                    self.seen.setdefault(name, []).append(event["object"]["status"])

    async def last(self, name: str) -> dict[str, Any]:
        """Wait until a pod is gone; give the last status that was seen."""

        async def gone() -> bool:
            return name in self.deleted

        await until(gone, 20.0, every=0.05)
        return self.seen[name][-1]


@pytest.fixture
async def watcher(pods: Pods) -> Any:
    made = Watcher(pods.client, pods.namespace)
    task = asyncio.create_task(made.watch())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_deleted_pod_is_seen_terminated_before_it_is_gone(
    pods: Pods, watcher: Watcher
) -> None:
    grace: dict[str, Any] = {"terminationGracePeriodSeconds": 1}
    await pods.start("polite", POLITE)
    await pods.start("rude", RUDE, **grace)
    await pods.start("fails", FAILS)
    # Whatever the policy: nothing is started again.
    await pods.start("always", POLITE, restartPolicy="Always")
    names = ("polite", "rude", "fails", "always")
    await up(pods, *names)
    for name in names:
        await pods.delete(name)

    ends = {}
    for name in names:
        status = await watcher.last(name)
        ends[name] = (status["phase"], end_of(status)["exitCode"], end_of(status).get("signal"))
    assert ends == {
        "polite": ("Succeeded", 0, None),
        "rude": ("Failed", 137, 9),
        "fails": ("Failed", 143, None),
        "always": ("Succeeded", 0, None),
    }
    assert watcher.deleted["polite"] < watcher.deleted["rude"]


async def test_a_pod_that_has_never_begun_is_accounted_for(pods: Pods, watcher: Watcher) -> None:
    await pods.start("pod", {**container("true"), "image": "registry.invalid/x"})
    inits = [{**container("true", "init"), "image": "registry.invalid/x"}]
    await pods.start("early", "true", initContainers=inits)
    await pods.until("pod", waits_for("ErrImagePull"))
    await pods.until(
        "early", lambda status: status["initContainerStatuses"][0]["state"]["waiting"]["message"]
    )
    for name in ("pod", "early"):
        await pods.delete(name)
    lost = ("ContainerStatusUnknown", 137)
    pod, early = [await watcher.last(name) for name in ("pod", "early")]
    assert (pod["phase"], early["phase"]) == ("Failed", "Failed")
    assert (end_of(pod)["reason"], end_of(pod)["exitCode"]) == lost
    init = early["initContainerStatuses"][0]["state"]["terminated"]
    assert (init["reason"], init["exitCode"]) == lost
    # It never came to that one.
    assert main_state(early)["waiting"]["reason"] == "PodInitializing"


async def test_less_patience_than_before(pods: Pods, watcher: Watcher) -> None:
    await pods.start("shortened", STUBBORN)
    await pods.start("forced", f"echo up; {STUBBORN}")
    await pods.running("shortened", "forced")
    for name, seconds in (("shortened", 1), ("forced", 0)):
        await pods.delete(name)
        await pods.delete(name, gracePeriodSeconds=seconds)
    assert end_of(await watcher.last("shortened"))["exitCode"] == 137
    # A forced deletion waits for nothing.
    assert "running" in (await watcher.last("forced"))["containerStatuses"][0]["state"]


async def test_deadlines(pods: Pods) -> None:
    await pods.start("polite", STAYS, activeDeadlineSeconds=2)
    short: dict[str, Any] = {"activeDeadlineSeconds": 1, "terminationGracePeriodSeconds": 1}
    await pods.start("rude", STUBBORN, restartPolicy="Always", **short)
    late = container("true", envFrom=[{"configMapRef": {"name": "missing"}}])
    await pods.start("waiting", late, **short)
    volume = [{"name": "v", "configMap": {"name": "missing"}}]
    await pods.start("unmade", "true", volumes=volume, **short)
    await pods.start("edited", STAYS)
    await pods.running("edited")
    await pods.client.merge_patch(
        paths.pods(pods.namespace, "edited"), {"spec": {"activeDeadlineSeconds": 1}}
    )
    names = ("polite", "rude", "waiting", "unmade", "edited")
    statuses = await pods.ended(*names)
    for status in statuses:
        assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
        message = "Pod was active on the node longer than the specified deadline"
        assert status["message"] == message
    codes = [end_of(status)["exitCode"] for status in statuses]
    assert codes == [0, 137, 137, 137, 0]


async def test_hooks(pods: Pods) -> None:
    def hooked(script: str, **hooks: str) -> dict[str, Any]:
        handlers = {name: {"exec": {"command": ["sh", "-c", text]}} for name, text in hooks.items()}
        mounts = [{"name": "v", "mountPath": "/v"}]
        return container(script, lifecycle=handlers, volumeMounts=mounts)

    shared: dict[str, Any] = {"volumes": [{"name": "v", "emptyDir": {}}]}
    wait = "while ! test -e /v/{0}; do sleep 0.05; done; echo {0}"
    await pods.start("start", hooked(wait.format("up"), postStart="echo > /v/up"), **shared)
    wait_up = "while ! test -e /v/up; do sleep 0.05; done; "
    fails = f"trap 'exit 5' TERM; touch /v/up; {STUBBORN}"
    await pods.start("bad", hooked(fails, postStart=wait_up + "exit 1"), **shared)
    goodbye = f"trap 'test -e /v/asked && exit 42' TERM; touch /v/up; {STUBBORN}"
    await pods.start("stop", hooked(goodbye, preStop=wait_up + "touch /v/asked"), **shared)
    slow = {"terminationGracePeriodSeconds": 1, **shared}
    await pods.start("slow", hooked(STUBBORN, preStop="sleep 60"), **slow)

    assert await pods.outputs("start") == ["up\n"]
    (bad,) = await pods.ended("bad")
    assert end_of(bad)["exitCode"] == 5

    await pods.running("stop", "slow")
    for name in ("stop", "slow"):
        path = paths.pods(pods.namespace, name)
        await pods.client.merge_patch(path, {"metadata": {"finalizers": ["a.b/c"]}})
        await pods.delete(name)
    ended = await pods.ended("stop", "slow")
    for name in ("stop", "slow"):
        path = paths.pods(pods.namespace, name)
        await pods.client.merge_patch(path, {"metadata": {"finalizers": None}})
    assert [end_of(status)["exitCode"] for status in ended] == [42, 137]
