"""The runs of `record`, as the audit log shows them: their ends, their records, their Jobs' own."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.bench.audit import Entry


class Runs:
    """Find, for each run, when its pod had ended, its record stood and its Job was decided."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._complete: set[str] = set()
        self.ended: dict[str, float] = {}
        self.recorded: dict[str, float] = {}
        self.decided: dict[str, float] = {}

    @property
    def complete(self) -> int:
        """How many records have an exit code, a log tail and say that nothing is missing."""
        return len(self._complete)

    def take(self, entries: Iterable[Entry]) -> None:
        """Take in what happened, in order."""
        for entry in entries:
            if entry.is_done({"patch", "update"}, "pods/status"):
                job = entry.name.rpartition("-")[0]
                if job in self._names and _terminated(entry.body):
                    self.ended.setdefault(job, entry.time)
            elif entry.is_done({"update"}, "scheduledtasks/status"):
                self._take_records(entry)
            elif entry.is_done({"patch", "update"}, "jobs/status"):
                self._take_decision(entry)

    def delays(self, times: Mapping[str, float]) -> list[float]:
        """Give the seconds from each run's end to one of those times."""
        return [time - self.ended[name] for name, time in times.items()]

    def pace(self) -> float:
        """Give how many runs ended in a second."""
        ends = self.ended.values()
        return (len(ends) - 1) / (max(ends) - min(ends)) if len(ends) > 1 else 0.0

    def _take_decision(self, entry: Entry) -> None:
        if entry.name in self._names and _decided(entry.body):
            self.decided.setdefault(entry.name, entry.time)

    def _take_records(self, entry: Entry) -> None:
        status = entry.body["status"]
        for record in status.get("history", ()):
            name = record.get("name")
            if name in self._names and name not in self.recorded:
                self.recorded[name] = entry.time
                whole = record.get("captured") == "Full" and "exitCode" in record
                if whole and self._has_tail(status, name):
                    self._complete.add(name)

    def _has_tail(self, status: Mapping[str, Any], name: str) -> bool:
        # Of two runs that are recorded by one write, only the later is `lastRun`.
        last: Mapping[str, Any] = status.get("lastRun", {})
        return last.get("name") != name or "done" in last.get("logTail", "").splitlines()


def manual_job(cronjob: dict[str, Any], index: int) -> dict[str, Any]:
    """Make a Job as `kubectl create job --from=cronjob/NAME` does."""
    metadata, template = cronjob["metadata"], cronjob["spec"]["jobTemplate"]
    own = template.get("metadata", {})
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{metadata['name']}-run-{index:05d}",
            "labels": own.get("labels", {}),
            "annotations": {
                **own.get("annotations", {}),
                "cronjob.kubernetes.io/instantiate": "manual",
            },
            "ownerReferences": [{**owner, "name": metadata["name"], "uid": metadata["uid"]}],
        },
        "spec": template["spec"],
    }


def _terminated(body: Any) -> bool:
    return body is not None and '"terminated"' in json.dumps(body)


def _decided(body: Any) -> bool:
    conditions = (body or {}).get("status", {}).get("conditions") or ()
    return any(
        each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions
    )
