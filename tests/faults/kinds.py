"""The tasks of a chaos run: a row for each kind of task that there is.

A new field of the resource joins the chaos by a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.cluster.tasks import SELDOM
from tests.faults import pods

JSONObject = dict[str, Any]
Verdicts = Mapping[str, frozenset[str]]

MINUTE: Final = 60

# What is true of a run, by the first word of its pod's last line; "" where no pod said anything.
_ENDS: Final[Verdicts] = {"end": frozenset({"Succeeded"})}
_FAILS: Final[Verdicts] = {"fail": frozenset({"Failed"})}
# What an ended pod says last. One that is deleted in the moment in which it begins may be killed
# at once: to the API server it is on no node yet, and such a pod has no grace period.
_ENDED: Final = ("", "begin", "told")
# One that nobody was there to end ends by itself, perhaps just when somebody is there again.
_TIMES_OUT: Final[Verdicts] = {
    **dict.fromkeys(_ENDED, frozenset({"TimedOut"})),
    "end": frozenset({"Succeeded", "TimedOut"}),
}
_ENDED_EARLY: Final = frozenset({"Cancelled", "TimedOut"})
_CANCELLED: Final[Verdicts] = {**_ENDS, **dict.fromkeys(_ENDED, _ENDED_EARLY)}
# Also while it waits for its next attempt, when its last word was another one.
_GIVEN_UP: Final[Verdicts] = {**_CANCELLED, "fail": frozenset({"Failed", "Cancelled"})}
# The operator ends a run that is replaced, and its Job tells of it.
_TAKEN: Final = frozenset({"Replaced"})
_REPLACED: Final[Verdicts] = {
    **dict.fromkeys(_ENDED, _TAKEN),
    "end": _TAKEN | {"Succeeded"},
}
# The CronJob controller deletes its Job, also while no operator runs.
_DELETED: Final[Verdicts] = {word: able | {"Unknown"} for word, able in _REPLACED.items()}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task. What its spec says in terms of its step is filled in when it is made."""

    name: str
    verdicts: Verdicts
    body: str = pods.SUCCEEDS
    lasts: float = 0.3  # seconds that a run takes
    steps_long: float = 0.0  # how many steps it takes, in addition
    spec: Mapping[str, Any] = field(default_factory=dict)
    job: Mapping[str, Any] = field(default_factory=dict)
    due: bool = True  # by itself; else only when it is asked to run
    native: bool = False
    requested: bool = False  # whether it is asked to run now and then
    cancelled: bool = False  # whether its runs are cancelled now and then
    left_out: int | None = None  # the second of the minute that its calendar takes out
    vanish: bool = False  # whether its Jobs may be deleted before anybody has seen them
    long: bool = False  # for runs of the full size only

    def step(self, chosen: int) -> int:
        """Give the seconds from slot to slot; 0 where it is never due."""
        return 0 if not self.due else MINUTE if self.native else chosen

    def make(self, chosen: int, witness: str) -> JSONObject:
        """Make a spec, with the step that was chosen for tasks that the operator fires."""
        step = self.step(chosen)
        seconds = self.lasts + self.steps_long * step
        spec: JSONObject = {
            "jobTemplate": pods.template(self.body, witness, seconds=seconds, **self.job),
            # As many as may end between two writes: each record is to be seen.
            "historyLimit": 50,
        }
        if not self.due:
            spec["schedule"] = SELDOM
        elif self.native:
            spec["schedule"] = "* * * * *"
        elif "every" not in self.spec:
            spec["schedule"] = f"*/{step} * * * * *"
        spec |= self.spec
        if spec.get("every"):
            spec["every"] = f"{step}s"
        return spec


_FORBID: Final = {"concurrencyPolicy": "Forbid"}
_REPLACE: Final = {"concurrencyPolicy": "Replace"}
_NO_HISTORY: Final = {"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0}
_CATCH_UP: Final = {"catchUp": {"policy": "All", "limit": 5}, "startingDeadlineSeconds": 2}
_RETRY: Final = {"retry": {"limit": 1, "backoff": {"initial": "1s"}}}
_LONG_RETRY: Final = {"retry": {"limit": 2, "backoff": {"initial": "4s"}}}
_AN_ATTEMPT: Final = {"backoffLimit": None}  # how often is said by `retry`
_ANCHORED: Final = {"every": "step", "startAt": "2026-01-01T00:00:00Z"}

KINDS: Final = (
    Kind("managed", _ENDS),
    Kind("managed-fails", _FAILS, pods.FAILS),
    Kind("managed-forbid", _ENDS, steps_long=1.4, spec=_FORBID),
    Kind("managed-replace", _REPLACED, steps_long=1.4, spec=_REPLACE),
    Kind("managed-timeout", _TIMES_OUT, lasts=60, spec={"timeout": "2s"}),
    Kind("managed-every", _ENDS, spec=_ANCHORED, requested=True),
    Kind("managed-deadline", _ENDS, spec={"startingDeadlineSeconds": 2}),
    Kind("managed-pruned", _ENDS, pods.RESULT, spec=_NO_HISTORY),
    Kind("managed-jitter", _ENDS, spec={"jitter": "4s", "priority": 5}),
    Kind("managed-calendar", _ENDS, spec={"exclude": ["30 * * * * *"]}, left_out=30),
    Kind("managed-attempts", _FAILS, pods.FAILS, job={"backoffLimit": 1}),
    Kind("managed-long", _ENDS, steps_long=1.4),
    Kind("managed-queue", _ENDS, steps_long=1.2, spec={"concurrencyPolicy": "Queue"}),
    Kind("managed-group", _ENDS, steps_long=0.5, spec={"concurrencyGroup": "few"}),
    Kind("managed-catch-up", _ENDS, spec=_CATCH_UP),
    Kind("managed-retry", _FAILS, pods.FAILS, spec=_RETRY, job=_AN_ATTEMPT),
    Kind("managed-checkpoint", _ENDS, pods.CHECKPOINT, spec={"checkpoint": True}, job=_AN_ATTEMPT),
    Kind(
        "managed-cancel", _CANCELLED, lasts=60, spec={**_FORBID, "timeout": "15s"}, cancelled=True
    ),
    Kind("native", _ENDS, native=True),
    Kind("native-fails", _FAILS, pods.FAILS, native=True, requested=True),
    Kind("native-timeout", _TIMES_OUT, lasts=90, spec={"timeout": "2s"}, native=True),
    Kind("native-pruned", _ENDS, spec=_NO_HISTORY, native=True),
    Kind("native-forbid", _ENDS, lasts=80, spec=_FORBID, native=True, long=True),
    Kind("native-replace", _DELETED, lasts=80, spec=_REPLACE, native=True, long=True, vanish=True),
    Kind("asked", _ENDS, due=False, requested=True),
    Kind(
        "asked-queue",
        _ENDS,
        lasts=2,
        spec={"concurrencyPolicy": "Queue"},
        due=False,
        requested=True,
    ),
    Kind("asked-fails", _FAILS, pods.FAILS, lasts=2, due=False, requested=True),
    Kind("asked-forbid", _ENDS, lasts=3, spec=_FORBID, due=False, requested=True),
    Kind("asked-replace", _REPLACED, lasts=3, spec=_REPLACE, due=False, requested=True, long=True),
    Kind(
        "asked-cancel",
        _CANCELLED,
        lasts=60,
        spec={"timeout": "15s"},
        due=False,
        requested=True,
        cancelled=True,
    ),
    Kind(
        "asked-retry",
        _GIVEN_UP,
        pods.FAILS,
        spec=_LONG_RETRY,
        job=_AN_ATTEMPT,
        due=False,
        requested=True,
        cancelled=True,
    ),
    Kind("asked-timeout", _TIMES_OUT, lasts=60, spec={"timeout": "2s"}, due=False, requested=True),
)
