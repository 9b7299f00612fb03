"""Which log is read when, by every situation that a run's containers can be in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.capture import Capture, capture_of
from cronwright.core.pod import PodFacts, Role
from cronwright.core.run import Run
from tests.core.world import NOON, job, pod

NOW = NOON + timedelta(seconds=4)
JOB = job()
GOING = pod(JOB, "Running")
ENDED = pod(JOB, "Failed")


def beside(of: PodFacts, role: Role = Role.SIDECAR, **changes: Any) -> PodFacts:
    """Give a pod one more container, which runs on."""
    other = replace(GOING.containers[0], name="proxy", role=role, **changes)
    return replace(of, containers=(other, *of.containers))


def chosen(run: Run, container: str | None = None, **how: bool) -> tuple[str, bool, bool] | None:
    """Give the container to be read, whether it is followed, and whether it is the one before."""
    options = {"ended": False, "late": False, **how}
    found = capture_of(run, container, NOW, **options)
    return (found.container, found.follow, found.previous) if isinstance(found, Capture) else None


def restarting(state: dict[str, Any] | None = None, **changes: Any) -> PodFacts:
    return pod(JOB, "Running", state, restarts_failed=True, **changes)


BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
OVER = {"terminated": {"exitCode": 3, "startedAt": "2026-03-02T12:00:00Z"}}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param(Run(JOB, ()), None, id="nothing ran"),
        pytest.param(Run(JOB, (GOING,)), None, id="it runs"),
        pytest.param(Run(JOB, (ENDED,)), ("task", False, False), id="it has ended"),
        pytest.param(
            Run(JOB, (replace(beside(ENDED), phase="Running"),)), ("task", False, False),
            id="it has ended, and a sidecar runs on",
        ),
        pytest.param(
            Run(JOB, (beside(replace(ENDED, phase="Running"), Role.MAIN),), ()),
            None,
            id="what others have put first runs on",
        ),
        pytest.param(
            Run(job(main_container="task"), (beside(replace(ENDED, phase="Running"), Role.MAIN),)),
            ("task", False, False),
            id="but the template knows which one is its own",
        ),
        pytest.param(
            Run(JOB, (replace(GOING, deleting=True),)), ("task", True, False), id="it is to go"
        ),
        pytest.param(Run(JOB, (GOING,), gone=True), ("task", True, False), id="its Job is gone"),
        pytest.param(
            Run(job(annotations={identity.ENDING: "cancel"}), (GOING,)), ("task", True, False),
            id="it is being ended",
        ),
        pytest.param(
            Run(job(deadline=5), (GOING,)), ("task", True, False), id="its deadline is near"
        ),
        pytest.param(Run(job(deadline=9), (GOING,)), None, id="its deadline is far"),
        pytest.param(
            Run(JOB, (restarting(OVER),)), None, id="it is started again at once: the next look"
        ),
        pytest.param(
            Run(JOB, (restarting({**BACK_OFF}, restarts=1),)), ("task", False, True),
            id="it was started again: what was before that",
        ),
        pytest.param(
            Run(JOB, (replace(GOING, deleting=True),), settled=frozenset({(GOING.uid, "task", 0)})),
            None,
            id="it was read",
        ),
        pytest.param(
            Run(JOB, (replace(ENDED, deleting=True),)), ("task", False, False),
            id="it has ended, and is to go",
        ),
    ],
)  # fmt: skip
def test_which_log_is_read(run: Run, expected: tuple[str, bool, bool] | None) -> None:
    assert chosen(run) == expected


def test_in_its_back_off_a_container_has_ended() -> None:
    ended = restarting(OVER)
    of = replace(ended, containers=(replace(ended.containers[0], waiting="CrashLoopBackOff"),))
    assert chosen(Run(JOB, (of,))) == ("task", False, False)


def test_the_named_sidecar_is_followed_to_its_end() -> None:
    of = replace(beside(ENDED), phase="Running", deleting=True)
    assert chosen(Run(JOB, (of,)), "proxy") == ("proxy", True, False)


def test_an_init_container_that_failed_is_read_whoever_is_named() -> None:
    waiting = {"waiting": {"reason": "PodInitializing"}}
    failed = replace(ENDED.containers[0], name="check", role=Role.INIT)
    main = pod(JOB, "Failed", waiting).containers[0]
    of = replace(ENDED, containers=(failed, main))
    assert chosen(Run(JOB, (of,)), "task") == ("check", False, False)
