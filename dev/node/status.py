"""A pod's status from the states of its containers, as the kubelet computes it.

`report` calls it at each change and sends what it gives.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dev.node.container import Container, render_time

JSONObject = dict[str, Any]

FINAL_PHASES: Final = frozenset({"Succeeded", "Failed"})


def phase(
    policy: str, inits: Sequence[Container], mains: Sequence[Container], *, over: bool
) -> str:
    """Compute the phase: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/.

    `over` says that nothing will be restarted any more, whatever the policy.
    """
    began = any(each.has_begun for each in mains)
    steps = [each for each in inits if not each.sidecar]
    if policy == "Never" and any(each.exit_code not in {None, 0} for each in steps):
        return "Failed"
    if not began and not all(_is_initialized(each) for each in inits):
        return "Pending"
    if not all(each.has_begun for each in mains):
        return "Pending"
    if any("running" in each.state for each in (*inits, *mains)):
        return "Running"
    good = all(each.exit_code == 0 for each in mains)
    if over or policy != "Always":
        if good:
            return "Succeeded"
        if over or policy == "Never":
            return "Failed"
    return "Running"  # those that have ended are started again


def conditions(
    body: JSONObject, inits: Sequence[Container], mains: Sequence[Container], now_phase: str
) -> list[JSONObject]:
    """Compute the conditions that a node sets; times of those that stay are kept."""
    over = now_phase in FINAL_PHASES
    ready = _ready([*(each for each in inits if each.sidecar), *mains], now_phase)
    wanted = {
        "PodReadyToStartContainers": (not over and "podIP" in body.get("status", {}), "", ""),
        "Initialized": _initialized(inits, mains, now_phase),
        "Ready": ready,
        "ContainersReady": ready,
    }
    known = {each["type"]: each for each in body.get("status", {}).get("conditions", ())}
    now = render_time(datetime.now(UTC))
    made = []
    for kind, (true, reason, message) in wanted.items():
        status = "True" if true else "False"
        before = known.get(kind, {})
        same = before.get("status") == status
        made.append(
            {
                "type": kind,
                "status": status,
                "observedGeneration": body["metadata"].get("generation"),
                "lastProbeTime": None,
                "lastTransitionTime": before["lastTransitionTime"] if same else now,
                # Sent when empty too: the patch would leave the words of before standing.
                "reason": reason or None,
                "message": message or None,
            }
        )
    return made


def _is_initialized(init: Container) -> bool:
    return init.started if init.sidecar else init.exit_code == 0


def _initialized(
    inits: Sequence[Container], mains: Sequence[Container], now_phase: str
) -> tuple[bool, str, str]:
    if now_phase == "Succeeded":
        return True, "PodCompleted", ""
    missing = [each.name for each in inits if not _is_initialized(each)]
    if not missing or any(each.has_begun for each in mains):
        return True, "", ""
    message = f"containers with incomplete status: [{' '.join(missing)}]"
    return False, "ContainersNotInitialized", message


def _ready(counted: Sequence[Container], now_phase: str) -> tuple[bool, str, str]:
    if now_phase in FINAL_PHASES:
        return False, "PodCompleted" if now_phase == "Succeeded" else "PodFailed", ""
    unready = [each.name for each in counted if not each.ready]
    if not unready:
        return True, "", ""
    return False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
