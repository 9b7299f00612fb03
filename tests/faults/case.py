"""One task before the checker: what is expected of it, and all that is known of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from tests.faults.account import Slots
from tests.faults.evidence import Evidence, JobSeen

JSONObject = Mapping[str, Any]


class Kind(StrEnum):
    """What can be wrong."""

    NO_VERDICT = "a due slot has no verdict"
    TWO_VERDICTS = "a slot or run has more than one verdict"
    NOT_DUE = "something was run, or judged, that was never due"
    RUN_TWICE = "a slot was run twice"
    REQUEST_TWICE = "a request was acted on twice"
    REQUEST_LOST = "a request was neither run nor skipped"
    NO_RECORD = "a Job that ran has no record"
    INVENTED = "a record names a Job that never was"
    REWRITTEN = "a record changed after it was made"
    COUNTS = "the counts are not those of the records"
    UNTRUE_CAPTURE = "captured is not true"
    UNTRUE_VERDICT = "the verdict is not what the pod did"
    TOO_LARGE = "the status is too large"
    UNSETTLED = "something is left undone"


Finding = tuple[Kind, str]
Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a task beforehand."""

    uid: str
    slots: Slots
    # Which verdicts are true of a run whose pod's last line began with that word; "" is of runs
    # that printed nothing.
    verdicts: Mapping[str, frozenset[str]]
    requests: frozenset[str] = frozenset()
    ledger: bool = True  # whether slots without a run are accounted for as well
    vanish: bool = False  # whether the CronJob controller may delete a Job that nobody has seen


@dataclass
class Case:
    """A task, and what is known of it."""

    name: str
    expected: Expected
    evidence: Evidence
    jobs: Sequence[JobSeen]
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def task(self) -> JSONObject:
        """Give the task as it stands in the end; nothing of one that is gone."""
        return self.evidence.final.get(self.name, {})

    @cached_property
    def statuses(self) -> list[JSONObject]:
        """List its statuses in the order in which they were written; the last one stands."""
        return [saying.status for saying in self.evidence.sayings[self.name]]

    @cached_property
    def records(self) -> dict[str, JSONObject]:
        """Give each run's record as it was first shown, by the run's id."""
        found: dict[str, JSONObject] = {}
        for status in self.statuses:
            for record in [*status.get("history", ()), *with_tails(status)]:
                found.setdefault(record["id"], record)
        return found

    def printed(self, run_id: str) -> str:
        """Give what the last attempt of a run printed."""
        attempts = self.evidence.printed.get(run_id)
        return attempts[-1] if attempts else ""


def with_tails(status: JSONObject) -> list[JSONObject]:
    """Give the records of a status that have the end of their run's output with them."""
    return [status[key] for key in ("lastRun", "lastFailure") if key in status]


def brief(record: JSONObject) -> str:
    """Write a record in a line."""
    keys = ("name", "id", "slot", "verdict", "reason", "captured")
    return " ".join(str(record[key]) for key in keys if key in record)


def listed(jobs: Sequence[JobSeen]) -> str:
    """Write Jobs in a line."""
    return "; ".join(map(str, jobs))
