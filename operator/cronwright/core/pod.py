"""What the operator keeps of each Pod, and which of its containers counts.

A pod may have init containers, sidecars, and containers that others have put into it. The
informer projects every pod through `pod_facts`; `verdict`, `run` and `capture` ask here whose end
is the run's, and whose output is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.facts import JSONObject, created_at, owner_of, parse_time
from cronwright.core.waiting import Waiting, waiting_of

# The log of one run of one container: the pod's UID, the container's name and its restart count.
LogKey = tuple[str, str, int]

# What the kubelet says of a container whose end it has not seen.
_UNSEEN: Final = "ContainerStatusUnknown"


class Role(Enum):
    """What a container is to its pod."""

    MAIN = "main"
    INIT = "init"
    SIDECAR = "sidecar"  # a native one: an init container that runs beside the others


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container of a Pod; times and codes are of its latest end."""

    name: str
    role: Role
    restarts: int
    running: bool
    started: datetime | None
    ended: datetime | None
    exit_code: int | None
    reason: str | None
    message: str | None
    waiting: str | None
    message_from_file: bool  # terminationMessagePolicy File: the container wrote `message` itself

    @property
    def begun(self) -> bool:
        """Whether it has ever run."""
        return self.started is not None or self.restarts > 0


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A Pod as the operator needs it."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    created: datetime
    deleting: bool
    grace_seconds: int
    task: str
    job_uid: str | None
    phase: str
    reason: str | None
    message: str | None
    restarts_failed: bool  # a container that fails is started again in place
    containers: tuple[ContainerFacts, ...]  # in the order in which they start
    default_container: str | None
    waiting: Waiting | None
    disrupted: bool = False  # it was lost to its node: eviction, preemption, drain

    @property
    def ended(self) -> bool:
        """Whether no container of it will run any more."""
        return self.phase in {"Succeeded", "Failed"}

    def log_key(self, container: ContainerFacts) -> LogKey:
        """Identify the log of a container's present or latest run."""
        return self.uid, container.name, container.restarts

    def counting(self, *names: str | None) -> ContainerFacts | None:
        """Find the container whose end is the run's.

        The first of `names` that is a main container, else the pod's default one, else its first;
        where an init container failed, none of them has run, and it is that one.
        """
        return self._failed_init() or self._main(names)

    def heard(self, named: str | None, *others: str | None) -> ContainerFacts | None:
        """Find the container whose output is kept: the named one, whatever its role.

        Without a name it is the one that counts, and until that has begun, the init container
        that runs. An init container that failed goes before all: it says why nothing else ran.
        """
        if (failed := self._failed_init()) is not None:
            return failed
        chosen = [each for each in self.containers if each.name == named]
        main = chosen[0] if chosen else self._main((named, *others))
        if main is None or main.begun:
            return main
        return next((each for each in self._with_role(Role.INIT) if each.running), main)

    def _main(self, names: Iterable[str | None]) -> ContainerFacts | None:
        mains = list(self._with_role(Role.MAIN))
        by_name = {each.name: each for each in mains}
        for name in (*names, self.default_container):
            if name in by_name:
                return by_name[name]
        return mains[0] if mains else None

    def _failed_init(self) -> ContainerFacts | None:
        if any(each.begun for each in self._with_role(Role.MAIN)):
            return None
        return next((each for each in self._with_role(Role.INIT) if each.exit_code), None)

    def _with_role(self, role: Role) -> Iterable[ContainerFacts]:
        return (each for each in self.containers if each.role is role)


def pod_facts(body: JSONObject) -> PodFacts:
    """Keep what matters of a Pod's JSON."""
    metadata, spec, status = body["metadata"], body["spec"], body.get("status", {})
    return PodFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        created=created_at(metadata),
        deleting="deletionTimestamp" in metadata,
        grace_seconds=_grace_seconds(metadata, spec),
        task=metadata.get("labels", {}).get(identity.TASK_LABEL, ""),
        job_uid=owner_of(metadata, "Job")[0],
        phase=status.get("phase", "Pending"),
        reason=status.get("reason"),
        message=status.get("message"),
        restarts_failed=spec.get("restartPolicy") == "OnFailure",
        containers=_containers(spec, status),
        default_container=metadata.get("annotations", {}).get(identity.DEFAULT_CONTAINER),
        waiting=waiting_of(metadata, status),
        disrupted=_is_disrupted(status),
    )


def _is_disrupted(status: JSONObject) -> bool:
    return any(
        each["type"] == "DisruptionTarget" and each["status"] == "True"
        for each in status.get("conditions", ())
    )


def _grace_seconds(metadata: JSONObject, spec: JSONObject) -> int:
    """Say how long its containers have from SIGTERM to SIGKILL, now or once it is deleted."""
    given: int | None = metadata.get("deletionGracePeriodSeconds")
    usual: int = spec.get("terminationGracePeriodSeconds", 30)
    return usual if given is None else given


def _containers(spec: JSONObject, status: JSONObject) -> tuple[ContainerFacts, ...]:
    found: list[ContainerFacts] = []
    for kind, statuses in (
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
    ):
        # The kubelet lists statuses by name; the spec's order says which container is the first.
        told = {each["name"]: each for each in status.get(statuses, ())}
        found += [
            _container(told[each["name"]], each, _role(kind, each))
            for each in spec.get(kind, ())
            if each["name"] in told
        ]
    return tuple(found)


def _role(kind: str, container: JSONObject) -> Role:
    if kind == "containers":
        return Role.MAIN
    return Role.SIDECAR if container.get("restartPolicy") == "Always" else Role.INIT


def _container(status: JSONObject, spec: JSONObject, role: Role) -> ContainerFacts:
    state = status.get("state", {})
    # Between two attempts of a restarting container its latest end stands in lastState.
    end: Mapping[str, Any] = (
        state.get("terminated") or status.get("lastState", {}).get("terminated") or {}
    )
    if end.get("reason") == _UNSEEN:
        # The kubelet's own words, and a code that nothing exited with: so it reports what had
        # not begun when the pod was ended, such as an image that was never pulled.
        end = {key: value for key, value in end.items() if key not in {"exitCode", "message"}}
    running = state.get("running")
    return ContainerFacts(
        name=status["name"],
        role=role,
        restarts=status.get("restartCount", 0),
        running=running is not None,
        started=parse_time((running or end).get("startedAt")),
        ended=parse_time(end.get("finishedAt")),
        exit_code=end.get("exitCode"),
        reason=end.get("reason"),
        message=end.get("message"),
        waiting=state.get("waiting", {}).get("reason"),
        message_from_file=spec.get("terminationMessagePolicy", "File") == "File",
    )
