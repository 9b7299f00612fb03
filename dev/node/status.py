"""A pod's status from the states of its containers, as the kubelet computes it.

`pod` calls it at each change and sends what it gives.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dev.node.container import Container, render_time

JSONObject = dict[str, Any]


def phase(policy: str, inits: Sequence[Container], mains: Sequence[Container]) -> str:
    """Compute the phase: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/."""
    if any(each.exit_code not in (None, 0) for each in inits) and policy == "Never":
        return "Failed"
    codes = [each.exit_code for each in mains]
    if all(code is not None for code in codes):
        if all(code == 0 for code in codes) and policy != "Always":
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    if any(
        "running" in each.state or each.restarts or each.exit_code is not None for each in mains
    ):
        return "Running"
    return "Pending"


def conditions(
    old: Sequence[JSONObject],
    inits: Sequence[Container],
    mains: Sequence[Container],
    now_phase: str,
) -> list[JSONObject]:
    """Compute the conditions that a node sets; times of those that stay are kept."""
    over = now_phase in {"Succeeded", "Failed"}
    initialized = all(each.exit_code == 0 for each in inits)
    ready = not over and bool(mains) and all(each.ready for each in mains)
    reason = "PodCompleted" if now_phase == "Succeeded" else "ContainersNotReady"
    wanted = {
        "PodReadyToStartContainers": (not over, ""),
        "Initialized": (initialized, "" if initialized else "ContainersNotInitialized"),
        "Ready": (ready, "" if ready else reason),
        "ContainersReady": (ready, "" if ready else reason),
    }
    known = {each["type"]: each for each in old}
    now = render_time(datetime.now(UTC))
    made = []
    for kind, (true, why) in wanted.items():
        status = "True" if true else "False"
        before = known.get(kind, {})
        same = before.get("status") == status
        made.append(
            {
                "type": kind,
                "status": status,
                "lastProbeTime": None,
                "lastTransitionTime": before["lastTransitionTime"] if same else now,
                **({"reason": why} if why else {}),
            }
        )
    return made
