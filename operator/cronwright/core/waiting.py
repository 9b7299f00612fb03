"""What a Pod that does not go on is waiting for, as far as the Pod itself says.

`pod` keeps it of each pod; `stall` decides when it is worth telling.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cronwright.core.facts import JSONObject, created_at, parse_time

# Waiting reasons of the kubelet that somebody has to do something about.
_BROKEN: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
# How a container ends that was never running: of containerd, of Docker.
_NOT_STARTED: Final = frozenset({"StartError", "ContainerCannotRun"})
# It has a node, whose kubelet has not said anything of it.
UNHEARD: Final = "Pending"
# What every pod waits for a moment.
PREPARING: Final = frozenset({UNHEARD, "ContainerCreating", "PodInitializing"})
_LONGEST_MESSAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a pod waits for, since when, and in whose words; `broken` will not pass by itself."""

    reason: str
    message: str
    since: datetime
    broken: bool = False


def waiting_of(metadata: JSONObject, status: JSONObject) -> Waiting | None:
    """Say what a pod waits for; None where it runs, has ended or is about to go."""
    if "deletionTimestamp" in metadata or status.get("phase") in {"Succeeded", "Failed"}:
        return None
    states = list(_states(status))
    waiting = [each["waiting"] for each in states if "waiting" in each]
    never_ran = _never_ran(status)
    if never_ran is not None:
        return _waiting("RunContainerError", never_ran, created_at(metadata), broken=True)
    for each in waiting:
        if each.get("reason") in _BROKEN:
            # The kubelet goes to and fro between the two: to a user they are one.
            reason = each["reason"]
            reason = "ImagePullBackOff" if reason == "ErrImagePull" else reason
            return _waiting(reason, each.get("message"), created_at(metadata), broken=True)
    scheduled = _condition(status, "PodScheduled")
    if not states and scheduled.get("status") != "True":
        reason = scheduled.get("reason") or "NotScheduled"
        return _waiting(reason, scheduled.get("message"), created_at(metadata))
    if any("running" in each for each in states):
        return None
    times = [parse_time(scheduled.get("lastTransitionTime")), *_ends(states)]
    since = max([created_at(metadata), *(each for each in times if each)])
    if not states:
        return _waiting(UNHEARD, None, since)
    if waiting and all(each.get("reason") in PREPARING for each in waiting):
        return _waiting(waiting[0]["reason"], waiting[0].get("message"), since)
    return None


def _waiting(reason: str, message: str | None, since: datetime, *, broken: bool = False) -> Waiting:
    return Waiting(reason, (message or "")[:_LONGEST_MESSAGE], since, broken)


def _never_ran(status: JSONObject) -> str | None:
    """Say why a container that is to be started again could not be started the last time.

    Between two tries the kubelet says CrashLoopBackOff, as of one that ran and failed.
    """
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind, ()):
            last: JSONObject = (each.get("lastState") or {}).get("terminated") or {}
            if "waiting" in each.get("state", {}) and last.get("reason") in _NOT_STARTED:
                return str(last.get("message") or "the container could not be started")
    return None


def _states(status: JSONObject) -> Iterator[JSONObject]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        for each in status.get(kind, ()):
            yield each.get("state", {})


def _ends(states: Iterable[JSONObject]) -> Iterator[datetime | None]:
    for each in states:
        yield parse_time(each.get("terminated", {}).get("finishedAt"))


def _condition(status: JSONObject, kind: str) -> JSONObject:
    conditions: Iterable[dict[str, Any]] = status.get("conditions", ())
    return next((each for each in conditions if each["type"] == kind), {})
