"""Init containers on the local node: in order, and sidecars beside the others.

https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
"""

from typing import Any

import pytest

from tests.dev.pods import STAYS, Pods, conditions, container, main_state

pytestmark = pytest.mark.cluster

SHARED: dict[str, Any] = {"volumes": [{"name": "v", "emptyDir": {}}]}
LOG = "/v/log"


def step(script: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return container(script, name, volumeMounts=[{"name": "v", "mountPath": "/v"}], **more)


def states(status: dict[str, Any]) -> dict[str, str]:
    return {
        each["name"]: next(iter(each["state"]))
        for each in (*status["initContainerStatuses"], *status["containerStatuses"])
    }


async def test_one_after_another(pods: Pods) -> None:
    inits = [step(f"sleep 0.1; echo {name} >> {LOG}", name) for name in ("one", "two", "three")]
    await pods.start("pod", step(f"cat {LOG}"), initContainers=inits, **SHARED)
    assert await pods.outputs("pod") == ["one\ntwo\nthree\n"]
    status = (await pods.get("pod"))["status"]
    assert [each["ready"] for each in status["initContainerStatuses"]] == [True] * 3


async def test_the_others_wait_meanwhile(pods: Pods) -> None:
    await pods.start("pod", STAYS, initContainers=[container(STAYS, "init")])
    body = await pods.until(
        "pod", lambda status: "running" in status["initContainerStatuses"][0]["state"]
    )
    status = body["status"]
    assert status["phase"] == "Pending"
    assert main_state(status)["waiting"]["reason"] == "PodInitializing"
    assert conditions(status)["Initialized"] == "ContainersNotInitialized"
    assert await pods.output("pod", "init") == ""


async def test_a_failing_one(pods: Pods) -> None:
    inits = [container("echo said; exit 5", "bad"), container("true", "after")]
    await pods.start("never", "true", initContainers=inits)
    await pods.start("again", "true", initContainers=inits, restartPolicy="OnFailure")

    (never,) = await pods.ended("never")
    assert never["phase"] == "Failed"
    assert states(never) == {"bad": "terminated", "after": "waiting", "main": "waiting"}
    assert main_state(never)["waiting"]["reason"] == "PodInitializing"
    assert await pods.output("never", "bad") == "said\n"

    again = await pods.until(
        "again",
        lambda status: (
            status["initContainerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        ),
    )
    assert again["status"]["phase"] == "Pending"
    assert again["status"]["initContainerStatuses"][0]["restartCount"] == 1


async def test_a_sidecar_is_up_before_the_others_and_ends_after_them(pods: Pods) -> None:
    always = {"restartPolicy": "Always"}
    says = "trap 'echo {0} ends >> " + LOG + "; exit 0' TERM; {1} while :; do sleep 0.05; done"
    probe = {"exec": {"command": ["test", "-e", "/v/up"]}, "periodSeconds": 1}
    inits = [
        step(says.format("first", f"touch /v/up; echo first >> {LOG};"), "first",
             startupProbe=probe, **always),
        step(f"echo init >> {LOG}", "init"),
        step(says.format("second", "touch /v/second;"), "second", **always),
    ]  # fmt: skip
    reader = step(f"while ! test -e /v/second; do sleep 0.05; done; echo main >> {LOG}; cat {LOG}")
    await pods.start("pod", reader, initContainers=inits, **SHARED)
    await pods.start("held", STAYS, initContainers=inits, **SHARED)

    assert await pods.outputs("pod") == ["first\ninit\nmain\n"]
    ended = (await pods.get("pod"))["status"]
    assert states(ended) == dict.fromkeys(("first", "init", "second", "main"), "terminated")
    assert [each["restartCount"] for each in ended["initContainerStatuses"]] == [0, 0, 0]
    main, last = ended["containerStatuses"][0], ended["initContainerStatuses"][2]
    first = ended["initContainerStatuses"][0]
    ends = [each["state"]["terminated"]["finishedAt"] for each in (main, last, first)]
    assert ends == sorted(ends)

    (held,) = await pods.running("held")
    assert held["status"]["phase"] == "Running"
    assert conditions(held["status"])["Initialized"] == "True"
    assert conditions(held["status"])["Ready"] == "True"


async def test_a_failing_sidecar_is_restarted(pods: Pods) -> None:
    once = step(
        f"test -e /v/x || {{ touch /v/x; exit 1; }}; {STAYS}", "side", restartPolicy="Always"
    )
    await pods.start("pod", STAYS, initContainers=[once], **SHARED)
    await pods.until("pod", lambda status: status["initContainerStatuses"][0]["restartCount"] == 1)
    (body,) = await pods.running("pod")
    assert body["status"]["phase"] == "Running"


async def test_a_sidecar_ends_where_the_initialization_fails(pods: Pods) -> None:
    side = container(STAYS, "side", restartPolicy="Always")
    grace: dict[str, Any] = {"terminationGracePeriodSeconds": 1}
    await pods.start("pod", "true", initContainers=[side, container("exit 1", "bad")], **grace)
    (status,) = await pods.ended("pod")
    assert status["phase"] == "Failed"
    assert states(status) == {"side": "terminated", "bad": "terminated", "main": "waiting"}
