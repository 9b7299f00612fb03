"""Which container of a pod counts, which one is heard, and what a pod waits for."""

from datetime import timedelta
from typing import Any

import pytest

from cronwright.core.pod import PodFacts, Role, pod_facts
from cronwright.core.waiting import Waiting
from cronwright.model.base import render_time
from tests.core.world import NOON

JSONObject = dict[str, Any]

WAITING = {"waiting": {"reason": "PodInitializing"}}
RUNNING = {"running": {"startedAt": render_time(NOON)}}


def over(code: int) -> JSONObject:
    times = {"startedAt": render_time(NOON), "finishedAt": render_time(NOON + timedelta(seconds=9))}
    return {"terminated": {"exitCode": code, **times}}


def pod(
    containers: dict[str, JSONObject],
    inits: dict[str, JSONObject] | None = None,
    *,
    sidecars: tuple[str, ...] = (),
    default: str | None = None,
    **status: Any,
) -> PodFacts:
    """Make a pod; of each container its name and its state."""
    annotations = {"kubectl.kubernetes.io/default-container": default} if default else {}
    inits = inits or {}
    return pod_facts(
        {
            "metadata": {
                "name": "pod",
                "namespace": "team",
                "uid": "pod",
                "resourceVersion": "1",
                "creationTimestamp": render_time(NOON),
                "annotations": annotations,
                **status.pop("metadata", {}),
            },
            "spec": {
                "initContainers": [
                    {"name": name, **({"restartPolicy": "Always"} if name in sidecars else {})}
                    for name in inits
                ],
                "containers": [{"name": name} for name in containers],
                **status.pop("spec", {}),
            },
            "status": {
                "initContainerStatuses": [{"name": n, "state": s} for n, s in inits.items()],
                # The kubelet lists them by name.
                "containerStatuses": [
                    {"name": name, "state": containers[name]} for name in sorted(containers)
                ],
                **status,
            },
        }
    )


TWO = {"work": over(0), "agent": over(3)}


@pytest.mark.parametrize(
    ("of", "names", "counting", "heard"),
    [
        pytest.param(pod(TWO), (None, None), "work", "work", id="the first of the spec"),
        pytest.param(pod(TWO, default="agent"), (None, None), "agent", "agent", id="the default"),
        pytest.param(pod(TWO, default="agent"), (None, "work"), "work", "work", id="the Job's own"),
        pytest.param(pod(TWO), ("agent", "work"), "agent", "agent", id="the one that is named"),
        pytest.param(pod(TWO), ("gone", "other"), "work", "work", id="no name that is not there"),
        pytest.param(
            pod({"work": over(0)}, {"proxy": over(143)}, sidecars=("proxy",)),
            ("proxy", "work"),
            "work",
            "proxy",
            id="a sidecar may be heard, and counts for nothing",
        ),
        pytest.param(
            pod({"work": WAITING}, {"fetch": over(0), "check": over(4)}),
            (None, "work"),
            "check",
            "check",
            id="an init container that failed",
        ),
        pytest.param(
            pod({"work": WAITING}, {"proxy": RUNNING, "check": over(4)}, sidecars=("proxy",)),
            ("proxy", "work"),
            "check",
            "check",
            id="it goes before the named one: it is the cause",
        ),
        pytest.param(
            pod({"work": over(1)}, {"check": over(0)}), (None, "work"), "work", "work",
            id="one that did not",
        ),
        pytest.param(
            pod({"work": WAITING}, {"check": RUNNING}), (None, "work"), "work", "check",
            id="one that runs is heard until then",
        ),
        pytest.param(
            pod({"work": WAITING}, {"check": over(0)}), (None, "work"), "work", "work",
            id="and no longer",
        ),
    ],
)  # fmt: skip
def test_who_counts_and_who_is_heard(
    of: PodFacts, names: tuple[str | None, str | None], counting: str, heard: str
) -> None:
    found = of.counting(*names), of.heard(*names)
    assert [each.name if each else None for each in found] == [counting, heard]


def test_roles_are_told_apart() -> None:
    of = pod({"work": RUNNING}, {"fetch": over(0), "proxy": RUNNING}, sidecars=("proxy",))
    assert [each.role for each in of.containers] == [Role.INIT, Role.SIDECAR, Role.MAIN]


def test_a_pod_without_statuses_has_nobody_to_hear() -> None:
    nobody = pod({})
    assert (nobody.counting(None), nobody.heard(None)) == (None, None)


def test_the_grace_period_is_that_of_the_deletion_else_of_the_spec() -> None:
    spec = {"terminationGracePeriodSeconds": 300}
    assert pod({}).grace_seconds == 30
    assert pod({}, spec=spec).grace_seconds == 300
    told = {"deletionGracePeriodSeconds": 0}
    assert pod({}, spec=spec, metadata=told).grace_seconds == 0


SCHEDULED = {
    "type": "PodScheduled",
    "status": "True",
    "lastTransitionTime": render_time(NOON + timedelta(seconds=20)),
}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: insufficient cpu",
}
PULLED_NOT = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(pod({"work": RUNNING}), None, id="nothing, while it runs"),
        pytest.param(pod({"work": over(0)}, phase="Succeeded"), None, id="nor once it has ended"),
        pytest.param(
            pod({}, metadata={"deletionTimestamp": "x"}), None, id="nor when it is to go"
        ),
        pytest.param(pod({}), Waiting("NotScheduled", "", NOON), id="a node"),
        pytest.param(
            pod({}, conditions=[UNSCHEDULABLE]),
            Waiting("Unschedulable", "0/3 nodes are available: insufficient cpu", NOON),
            id="a node, in the scheduler's words",
        ),
        pytest.param(
            pod({"work": PULLED_NOT}, conditions=[SCHEDULED]),
            Waiting("ImagePullBackOff", "no such image", NOON, broken=True),
            id="an image",
        ),
        pytest.param(
            pod({"work": WAITING}, {"fetch": PULLED_NOT}),
            Waiting("ImagePullBackOff", "no such image", NOON, broken=True),
            id="an init container's image",
        ),
        pytest.param(
            pod({"work": CREATING}, conditions=[SCHEDULED]),
            Waiting("ContainerCreating", "", NOON + timedelta(seconds=20)),
            id="its volumes, since it has a node",
        ),
        pytest.param(
            pod({}, conditions=[SCHEDULED]),
            Waiting("Pending", "", NOON + timedelta(seconds=20)),
            id="a node that says nothing",
        ),
        pytest.param(
            pod({"work": WAITING}, {"fetch": over(0)}),
            Waiting("PodInitializing", "", NOON + timedelta(seconds=9)),
            id="its main image, since the init container's end",
        ),
        pytest.param(
            pod({"work": WAITING}, {"fetch": RUNNING}), None, id="nothing, while an init one runs"
        ),
        pytest.param(
            pod({"work": {"waiting": {"reason": "CrashLoopBackOff"}}}), None, id="nor when it fails"
        ),
    ],
)  # fmt: skip
def test_what_a_pod_waits_for(of: PodFacts, expected: Waiting | None) -> None:
    assert of.waiting == expected
