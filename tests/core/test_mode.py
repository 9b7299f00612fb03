"""Native or managed: who fires, and the CronJob that stands for it."""

from typing import Any

import pytest

from cronwright.core.cronjob import NEVER, render
from cronwright.core.mode import choose
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask
from cronwright.schedule import read
from tests.core.world import cronjob, job, task


def mode_of(of: ScheduledTask, *running: Any, active: tuple[str, ...] = ()) -> tuple[Mode, str]:
    timetable = read(of.terms) if of.spec.scheduled else None
    firing = choose(of, timetable, cronjob(task(), active=active), running)
    return firing.mode, firing.reason


@pytest.mark.parametrize(
    ("spec", "mode", "reason"),
    [
        pytest.param({}, Mode.NATIVE, "FiveFields", id="five fields"),
        pytest.param({"schedule": "0 */5 * * * *"}, Mode.NATIVE, "FiveFields", id="six, the same"),
        pytest.param({"schedule": None}, Mode.NATIVE, "NoSchedule", id="on demand"),
        pytest.param({"schedule": "*/5 * * * * *"}, Mode.MANAGED, "Seconds", id="seconds"),
        pytest.param({"jitter": "5m"}, Mode.MANAGED, "Jitter", id="jitter"),
        pytest.param({"timeZone": "Africa/Cairo"}, Mode.MANAGED, "ZoneNotSafe", id="Cairo"),
        pytest.param({"schedule": None, "every": "1h"}, Mode.MANAGED, "Interval", id="interval"),
    ],
)
def test_who_fires(spec: dict[str, Any], mode: Mode, reason: str) -> None:
    assert mode_of(task(spec)) == (mode, reason)


def test_a_task_stays_managed_while_a_run_is_active_that_the_cronjob_does_not_know() -> None:
    managed = task(status={"mode": "Managed"})
    run = job()

    assert mode_of(managed, run) == (Mode.MANAGED, "RunsActive")
    assert mode_of(managed, run, active=(run.uid,)) == (Mode.NATIVE, "FiveFields")
    assert mode_of(managed) == (Mode.NATIVE, "FiveFields")
    assert mode_of(task(status={"mode": "Native"}), run) == (Mode.NATIVE, "FiveFields")


def test_the_cronjob_of_a_managed_task_is_never_due() -> None:
    rendered = render(task(), None, "*/5 * * * * *")

    assert rendered.spec["suspend"]
    assert rendered.spec["schedule"] == NEVER
    assert rendered.manifest["metadata"]["annotations"]["cronwright.dev/schedule"] == (
        "*/5 * * * * *"
    )


def test_what_it_stands_for_is_part_of_its_hash() -> None:
    assert render(task(), None, "*/5 * * * * *").hash != render(task(), None, "*/6 * * * * *").hash
