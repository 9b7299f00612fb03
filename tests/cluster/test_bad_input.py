"""Bad input, and the very words that a user gets for it; tasks beside it go on unharmed."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.kubectl import CommandError, Kubectl
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import SELDOM, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


def manifest(name: str, **spec: Any) -> str:
    """Write a manifest of a task as `kubectl apply -f -` takes it."""
    return json.dumps(
        {
            "apiVersion": "cronwright.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {"name": name},
            "spec": spec,
        }
    )


# What the API server adds where a schema is broken, and so CEL was not asked.
NOT_CHECKED = (
    "* <nil>: Invalid value: null: some validation rules were not checked because the object was "
    "invalid; correct the existing errors to complete validation"
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A spec that `kubectl apply` refuses at once, and its words."""

    spec: dict[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class NotReady:
    """A spec that the operator finds wrong; `message` is what Ready=False says."""

    spec: dict[str, Any]
    reason: str
    message: str


REFUSED = {
    "two-schedules": Refused(
        {"container": shell("exit 0"), "schedule": SELDOM, "every": "1h"},
        'The ScheduledTask "two-schedules" is invalid: spec: Invalid value: more than one of '
        "schedule, schedules, every and at is given; remove all but one",
    ),
    "both-templates": Refused(
        {"container": shell("exit 0"), "jobTemplate": job_template("exit 0")},
        'The ScheduledTask "both-templates" is invalid: spec: Invalid value: both container and '
        "jobTemplate are given; remove one of them",
    ),
    "no-template": Refused(
        {"schedule": SELDOM},
        'The ScheduledTask "no-template" is invalid: spec: Invalid value: neither container nor '
        "jobTemplate is given; write container (image and command) or a CronJob's jobTemplate",
    ),
    "unknown-field": Refused(
        {"container": shell("exit 0"), "shedule": SELDOM},
        'Error from server (BadRequest): error when creating "STDIN": ScheduledTask in version '
        '"v1alpha1" cannot be handled as a ScheduledTask: strict decoding error: unknown field '
        '"spec.shedule"',
    ),
    "unknown-policy": Refused(
        {"container": shell("exit 0"), "concurrencyPolicy": "Wait"},
        'The ScheduledTask "unknown-policy" is invalid: \n* spec.concurrencyPolicy: Unsupported '
        'value: "Wait": supported values: "Allow", "Forbid", "Replace", "Queue"\n' + NOT_CHECKED,
    ),
    "no-duration": Refused(
        {"container": shell("exit 0"), "timeout": "soon"},
        'The ScheduledTask "no-duration" is invalid: \n* spec.timeout: Invalid value: "soon": '
        "spec.timeout in body should match '^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$'\n"
        '* spec.timeout: Invalid value: "soon": a timeout must be longer than zero; write one '
        "such as 90s or 1h30m, or remove it",
    ),
    "never-ending": Refused(
        {"jobTemplate": job_template("exit 0", restart="Always")},
        'The ScheduledTask "never-ending" is invalid: spec.jobTemplate.spec.template.spec: '
        "Invalid value: a run's Pod must end; write restartPolicy: Never or OnFailure",
    ),
}

NOT_READY = {
    "too-few-fields": NotReady(
        {"schedule": "0 2 * *"},
        "InvalidSchedule",
        'spec.schedule "0 2 * *": 4 fields where 5, 6 or 7 are due; write minute, hour, day of '
        "month, month and day of week, such as 30 2 * * MON-FRI; seconds go before them, a year "
        "after them",
    ),
    "no-such-minute": NotReady(
        {"schedule": "61 2 * * *"},
        "InvalidSchedule",
        'spec.schedule "61 2 * * *": minute "61" at character 1 is above 59; write 0-59',
    ),
    "a-sentence": NotReady(
        {"schedule": "every day at two in the morning"},
        "InvalidSchedule",
        'spec.schedule "every day at two in the morning": reads like a sentence; write an '
        "interval in spec.every, such as 5m, or fields, such as */5 * * * *",
    ),
    "of-another-dialect": NotReady(
        {"schedule": "0 0 2 15 * 1"},
        "InvalidSchedule",
        'spec.schedule "0 0 2 15 * 1": day of month "15" and day of week "1" both restrict the '
        "days; put ? in place of one of them, or set scheduleDialect: Kubernetes (one is enough) "
        "or Spring (both must match)",
    ),
    "no-date-time": NotReady(
        {"startAt": "tomorrow"},
        "InvalidSchedule",
        'spec.startAt "tomorrow": no date-time; write a date-time such as 2026-12-24T18:00:00 in '
        "spec.timeZone, or with Z or +01:00",
    ),
    "no-such-day": NotReady(
        {"exclude": ["2026-02-30"]},
        "InvalidSchedule",
        'spec.exclude[0] "2026-02-30": no date: day is out of range for month; '
        "write a day such as 2026-12-25, days such as 2026-12-24/2027-01-01, times such as "
        "2026-12-24T12:00/2026-12-24T18:00, or a cron expression such as * * 25 12 *",
    ),
    "zone-in-schedule": NotReady(
        {"schedule": "TZ=Europe/Berlin 0 2 * * *"},
        "InvalidSchedule",
        'spec.schedule "TZ=Europe/Berlin 0 2 * * *": a time zone in the schedule; write '
        "Europe/Berlin in spec.timeZone, and the fields alone here",
    ),
    "unknown-zone": NotReady(
        {"timeZone": "Europe/Berln"},
        "InvalidTimeZone",
        'spec.timeZone "Europe/Berln": no such time zone; write an IANA name, such as '
        "Europe/Berlin",
    ),
    "typo-in-template": NotReady(
        {"container": shell("exit 0", imagePulPolicy="Always")},
        "TemplateInvalid",
        "the API server refuses the CronJob made from this task: unknown field "
        '"spec.jobTemplate.spec.template.spec.containers[0].imagePulPolicy"',
    ),
    "nameless-variable": NotReady(
        {"container": shell("exit 0", env=[{"name": "", "value": "nameless"}])},
        "TemplateInvalid",
        "the API server refuses the CronJob made from this task: CronJob.batch "
        '"nameless-variable" is invalid: '
        "spec.jobTemplate.spec.template.spec.containers[0].env[0].name: Required value",
    ),
    "negative-limit": NotReady(
        {"jobTemplate": job_template("exit 0", backoffLimit=-1)},
        "TemplateInvalid",
        'the API server refuses the CronJob made from this task: CronJob.batch "negative-limit" '
        "is invalid: spec.jobTemplate.spec.backoffLimit: Invalid value: -1: must be greater than "
        "or equal to 0",
    ),
    "too-much": NotReady(
        {"extensions": {"text": "x" * 9000}},
        "InvalidSpec",
        'spec.extensions "{text}": 9011 bytes as JSON, more than 8192; keep the data in a '
        "ConfigMap and name that here",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_apply_refuses(kubectl: Kubectl, tasks: Tasks, name: str) -> None:
    case = REFUSED[name]
    with pytest.raises(CommandError) as refusal:
        await kubectl("apply", "-f", "-", stdin=manifest(name, **case.spec))

    assert str(refusal.value) == case.words
    assert await tasks.all() == {}


async def test_the_operator_says_what_is_wrong_and_serves_the_others(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl, client: Client
) -> None:
    await tasks.create("good", container=shell("echo fine"))
    for name, case in NOT_READY.items():
        whole = {"schedule": SELDOM, **case.spec}
        if "jobTemplate" not in whole:
            whole.setdefault("container", shell("exit 0"))
        await kubectl("apply", "-f", "-", stdin=manifest(name, **whole))

    for name, case in NOT_READY.items():
        condition = await tasks.refused(name)
        assert condition["reason"] == case.reason, condition
        assert condition["message"] == case.message
    cronjobs = await client.get(paths.cronjobs(tasks.namespace))
    assert [each["metadata"]["name"] for each in cronjobs["items"]] == ["good"]
    await tasks.ready("good")
    assert (await tasks.run("good"))["logTail"] == "fine\n"


async def test_a_task_is_mended_by_an_edit_and_the_next_bad_one_breaks_nothing(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("mended", schedule="0 25 * * *")
    assert (await tasks.refused("mended"))["reason"] == "InvalidSchedule"
    await tasks.edit("mended", schedule="0 2 * * *")
    status = await tasks.ready("mended")
    assert status["schedule"] == "0 2 * * *"
    await tasks.edit("mended", timeZone="Mars/Olympus")
    assert (await tasks.refused("mended"))["reason"] == "InvalidTimeZone"

    # The CronJob goes on as it last was right, and still says when it is due.
    cronjob = await tasks.cronjob("mended")
    assert (cronjob["spec"]["schedule"], cronjob["spec"]["timeZone"]) == ("0 2 * * *", "Etc/UTC")
    assert (await tasks.status("mended"))["nextRunTime"] == status["nextRunTime"]


@pytest.mark.soak  # others read the audit log, with less room for what is nested
@pytest.mark.parametrize("levels", [300, 1100, 9000])
async def test_a_task_that_is_nested_too_deeply_disturbs_no_other(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl, levels: int
) -> None:
    text = manifest("deep", schedule=SELDOM, container=shell("exit 0"), extensions={"a": "DEEP"})
    nested = "[" * levels + "]" * levels
    await kubectl("create", "-f", "-", stdin=text.replace('"DEEP"', nested))

    async def refused() -> bool:
        path = "jsonpath={.status.conditions[?(@.type=='Ready')].message}"
        said = await kubectl("get", "scheduledtask", "deep", "-o", path)
        words = "spec.extensions: nested deeper than 100 levels; write it flatter, or as a text"
        assert said == words
        return True

    await until(refused)
    await tasks.create("beside", container=shell("exit 0"))
    await tasks.ready("beside")
    operator.kill()
    operator.start()
    await operator.ready()
    await tasks.create("after", container=shell("exit 0"))
    await tasks.ready("after")
