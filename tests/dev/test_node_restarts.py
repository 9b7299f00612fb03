"""How containers on the local node end and start again, and what their pod's status says of it.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from typing import Any

import pytest

from tests.dev.pods import STAYS, Pods, conditions, container, end_of, main_state, waits_for

pytestmark = pytest.mark.cluster

ENDED = {
    "PodScheduled": "True",
    "PodReadyToStartContainers": "False",
    "Initialized": "True",
}


async def test_exit_codes_signals_and_reasons(pods: Pods) -> None:
    await pods.start_all(
        good=container("exit 0"),
        bad=container("exit 7"),
        # `$$` is a dollar sign to Kubernetes, so it takes four to make two.
        killed=container("sh -c 'kill -TERM $$$$'; exit $?"),
        trapped=container("trap 'exit 9' USR1; kill -USR1 $$$$; sleep 5"),
    )
    good, bad, killed, trapped = await pods.ended("good", "bad", "killed", "trapped")
    assert (good["phase"], end_of(good)["exitCode"], end_of(good)["reason"]) == (
        "Succeeded",
        0,
        "Completed",
    )
    for status, code in ((bad, 7), (killed, 143), (trapped, 9)):
        assert status["phase"] == "Failed"
        assert (end_of(status)["exitCode"], end_of(status)["reason"]) == (code, "Error")
    assert conditions(good) == {
        **ENDED,
        "Initialized": "True",
        "Ready": "PodCompleted",
        "ContainersReady": "PodCompleted",
    }
    assert conditions(bad) == {**ENDED, "Ready": "PodFailed", "ContainersReady": "PodFailed"}
    assert good["containerStatuses"][0]["restartCount"] == 0
    assert end_of(good)["startedAt"] <= end_of(good)["finishedAt"]


async def test_a_running_pod(pods: Pods) -> None:
    await pods.start("pod", STAYS)
    (body,) = await pods.running("pod")
    status = body["status"]
    (main,) = status["containerStatuses"]
    assert status["phase"] == "Running"
    assert conditions(status) == dict.fromkeys(
        ("PodScheduled", "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"),
        "True",
    )
    assert (main["ready"], main["started"], main["restartCount"]) == (True, True, 0)
    assert main["lastState"] == {}
    assert main["containerID"].startswith("process://")
    assert status["startTime"]
    assert status["podIPs"] == [{"ip": status["podIP"]}]


async def test_a_failed_container_is_restarted_at_once_and_then_in_longer_steps(
    pods: Pods,
) -> None:
    fails: dict[str, Any] = {"main": container("echo run; exit 3")}
    for name, policy in (("on-failure", "OnFailure"), ("always", "Always")):
        await pods.start(name, fails["main"], restartPolicy=policy)
    for name in ("on-failure", "always"):
        body = await pods.until(name, waits_for("CrashLoopBackOff"))
        (main,) = body["status"]["containerStatuses"]
        assert body["status"]["phase"] == "Running"
        assert main["restartCount"] == 1
        assert main["lastState"]["terminated"]["exitCode"] == 3
        assert (
            "back-off 10s restarting failed container=main" in (main["state"]["waiting"]["message"])
        )
        assert conditions(body["status"])["Ready"] == "ContainersNotReady"
        assert await pods.output(name) == "run\n"


async def test_only_what_the_policy_names_is_restarted(pods: Pods) -> None:
    await pods.start("never", "exit 1", restartPolicy="Never")
    await pods.start("good", "exit 0", restartPolicy="OnFailure")
    await pods.start("always", "exit 0", restartPolicy="Always")
    # The second run finds what the first has left.
    once = container(
        "test -e /v/x && exit 0; touch /v/x; exit 1",
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
    )
    empty = [{"name": "v", "emptyDir": {}}]
    await pods.start("recovers", once, restartPolicy="OnFailure", volumes=empty)

    never, good, recovers = await pods.ended("never", "good", "recovers")
    assert [each["phase"] for each in (never, good, recovers)] == [
        "Failed",
        "Succeeded",
        "Succeeded",
    ]
    counts = [each["containerStatuses"][0]["restartCount"] for each in (never, good, recovers)]
    assert counts == [0, 0, 1]
    (main,) = recovers["containerStatuses"]
    assert main["lastState"]["terminated"]["exitCode"] == 1
    body = await pods.until("always", waits_for("CrashLoopBackOff"))
    assert body["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 0


async def test_several_containers(pods: Pods) -> None:
    await pods.start("mixed", containers=[container("exit 0", "a"), container("exit 4", "b")])
    await pods.start("half", containers=[container("exit 4", "a"), container(STAYS, "b")])
    broken = {**container("true", "a"), "image": "registry.invalid/x"}
    await pods.start("stuck", containers=[broken, container(STAYS, "b")])

    (mixed,) = await pods.ended("mixed")
    assert mixed["phase"] == "Failed"
    half = await pods.until(
        "half",
        lambda status: (
            "terminated" in main_state(status)
            and "running" in status["containerStatuses"][1]["state"]
        ),
    )
    assert half["status"]["phase"] == "Running"
    stuck = await pods.until(
        "stuck", lambda status: "running" in status["containerStatuses"][1]["state"]
    )
    # As long as one has never begun, the pod is pending.
    assert stuck["status"]["phase"] == "Pending"
    assert conditions(stuck["status"])["ContainersReady"] == "ContainersNotReady"


async def test_a_pod_deleted_in_its_back_off_ends_as_its_last_run_did(pods: Pods) -> None:
    await pods.start("pod", "exit 3", restartPolicy="Always", metadata={"finalizers": ["a.b/c"]})
    await pods.until("pod", waits_for("CrashLoopBackOff"))
    await pods.delete("pod")
    (status,) = await pods.ended("pod")
    await pods.client.merge_patch(
        f"/api/v1/namespaces/{pods.namespace}/pods/pod", {"metadata": {"finalizers": None}}
    )
    assert status["phase"] == "Failed"
    assert end_of(status)["exitCode"] == 3
    (main,) = status["containerStatuses"]
    assert (main["restartCount"], main["lastState"]["terminated"]["exitCode"]) == (1, 3)
