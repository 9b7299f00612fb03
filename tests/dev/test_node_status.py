"""Phases of pods from the states of their containers, without a cluster."""

from typing import Any

import pytest

from dev.node.container import Container
from dev.node.status import conditions, phase

RUNS: dict[str, Any] = {"state": {"running": {}}, "ready": True, "started": True}
WAITS: dict[str, Any] = {}
BACKS_OFF: dict[str, Any] = {"last_state": {"terminated": {"exitCode": 1}}}


def ended(code: int) -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code}}}


def main(**fields: Any) -> Container:
    return Container({"name": "main"}, **fields)


def init(**fields: Any) -> Container:
    return Container({"name": "init"}, init=True, **fields)


def sidecar(**fields: Any) -> Container:
    return Container({"name": "side", "restartPolicy": "Always"}, init=True, **fields)


@pytest.mark.parametrize(
    ("policy", "mains", "now", "at_the_end"),
    [
        ("Never", [WAITS], "Pending", "Pending"),
        ("Never", [RUNS], "Running", "Running"),
        ("Never", [RUNS, WAITS], "Pending", "Pending"),
        ("Never", [RUNS, ended(1)], "Running", "Running"),
        ("Never", [ended(0), ended(0)], "Succeeded", "Succeeded"),
        ("Never", [ended(0), ended(1)], "Failed", "Failed"),
        ("OnFailure", [ended(0)], "Succeeded", "Succeeded"),
        ("OnFailure", [ended(1)], "Running", "Failed"),
        ("OnFailure", [BACKS_OFF], "Running", "Failed"),
        ("Always", [ended(0)], "Running", "Succeeded"),
        ("Always", [ended(1)], "Running", "Failed"),
    ],
)
def test_phases(policy: str, mains: list[dict[str, Any]], now: str, at_the_end: str) -> None:
    made = [main(**each) for each in mains]
    assert phase(policy, [], made, over=False) == now
    assert phase(policy, [], made, over=True) == at_the_end


@pytest.mark.parametrize(
    ("policy", "inits", "mains", "expected"),
    [
        ("Never", [init(**RUNS)], [main()], "Pending"),
        ("Never", [init(**ended(1))], [main()], "Failed"),
        ("OnFailure", [init(**ended(1))], [main()], "Pending"),
        ("Never", [sidecar()], [main()], "Pending"),
        ("Never", [sidecar(**RUNS), init(**ended(0))], [main(**RUNS)], "Running"),
        # Sidecars hold the phase until they have ended, but what they end with does not count.
        ("Never", [sidecar(**RUNS)], [main(**ended(0))], "Running"),
        ("Never", [sidecar(**ended(1))], [main(**ended(0))], "Succeeded"),
        # One that is started again does not make a pod pending that has begun.
        ("Always", [sidecar(**BACKS_OFF)], [main(**RUNS)], "Running"),
    ],
)
def test_phases_with_init_containers(
    policy: str, inits: list[Container], mains: list[Container], expected: str
) -> None:
    assert phase(policy, inits, mains, over=False) == expected


def test_conditions_keep_the_time_of_their_last_change() -> None:
    old = [
        {"type": "Ready", "status": "False", "lastTransitionTime": "then"},
        {"type": "Initialized", "status": "True", "lastTransitionTime": "then"},
    ]
    body = {"metadata": {"generation": 3}, "status": {"conditions": old, "podIP": "127.0.1.2"}}
    found = {each["type"]: each for each in conditions(body, [], [main(**RUNS)], "Running")}
    assert {kind: each["status"] for kind, each in found.items()} == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
    }
    assert found["Initialized"]["lastTransitionTime"] == "then"
    assert found["Ready"]["lastTransitionTime"] != "then"
    assert found["Ready"]["observedGeneration"] == 3


def test_conditions_say_what_is_missing() -> None:
    inits, mains = [init(**ended(0)), sidecar()], [main()]
    found = {
        each["type"]: (each["status"], each["reason"], each["message"])
        for each in conditions({"metadata": {}}, inits, mains, "Pending")
    }
    unready = "containers with unready status: [side main]"
    assert found == {
        "PodReadyToStartContainers": ("False", None, None),
        "Initialized": (
            "False",
            "ContainersNotInitialized",
            "containers with incomplete status: [side]",
        ),
        "Ready": ("False", "ContainersNotReady", unready),
        "ContainersReady": ("False", "ContainersNotReady", unready),
    }
