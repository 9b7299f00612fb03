"""A made-up day of one task, as the audit log, the API server and the pods would tell it.

The tests of the checker tell it right, and then with one thing wrong.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from tests.faults.account import Slots
from tests.faults.case import Expected
from tests.faults.evidence import REQUEST, RUN_ID, SLOT, TASK

UID = "7f7b3c1e-0f4b-4c51-9a53-1d2f6a5c0001"
BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STEP = 10
NAME = "ticks"
VERDICTS = {
    "end": frozenset({"Succeeded"}),
    "told": frozenset({"Replaced", "TimedOut"}),
    "": frozenset({"Replaced", "Unknown"}),
}
OPERATOR = "system:serviceaccount:a:operator"
JOB_CONTROLLER = "system:serviceaccount:kube-system:job-controller"

JSONObject = dict[str, Any]


def at(seconds: float) -> datetime:
    """Give a moment, counted from the beginning."""
    return BEGIN + timedelta(seconds=seconds)


def stamp(seconds: float) -> str:
    """Write a moment as Kubernetes does."""
    return at(seconds).isoformat().replace("+00:00", "Z")


def run_id(what: str) -> str:
    """Give the documented id of a run."""
    return str(uuid5(UUID(UID), what))


@dataclass
class Story:
    """The task's runs so far, each step of which leaves its traces."""

    events: list[JSONObject] = field(default_factory=list)
    printed: dict[str, str] = field(default_factory=dict)
    jobs: list[JSONObject] = field(default_factory=list)
    status: JSONObject = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)
    left_out: int | None = None
    ledger: bool = True

    def job(self, name: str, annotations: dict[str, str], uid: str, *, ran: bool = True) -> None:
        """Let a Job be created, and its controller speak of it."""
        metadata = {"name": name, "labels": {TASK: NAME}, "annotations": annotations}
        self._event("create", "jobs", "", {"metadata": metadata}, OPERATOR, 201)
        known = {**metadata, "uid": uid}
        status = {"startTime": stamp(0)} if ran else {}
        self._event("update", "jobs", "status", {"metadata": known, "status": status})
        ended = {**status, "conditions": [{"type": "Complete", "status": "True"}]}
        self.jobs.append({"metadata": known, "status": ended})

    def run_slot(self, number: int, **different: Any) -> JSONObject:
        """Let a slot run and be recorded."""
        identity = run_id(f"slot:{int(at(number * STEP).timestamp())}")
        self.job(
            f"{NAME}-{number}", {SLOT: stamp(number * STEP), RUN_ID: identity}, f"uid-{number}"
        )
        return self._end(f"{NAME}-{number}", identity, slot=stamp(number * STEP), **different)

    def run_request(self, request: str, **different: Any) -> JSONObject:
        """Let a request be made, run and be recorded."""
        self.requests.add(request)
        identity = run_id(f"request:{request}")
        self.job(f"{NAME}-{request}", {REQUEST: request, RUN_ID: identity}, f"uid-{request}")
        return self._end(f"{NAME}-{request}", identity, **different)

    def record(self, record: JSONObject, *, tail: str = "") -> None:
        """Put a record into the status, and write that."""
        self.status.setdefault("history", []).insert(0, record)
        self.status["lastRun"] = {**record, **({"logTail": tail} if tail else {})}
        self.count(record["verdict"], 1)
        self.write()

    def gap(self, first: int, last: int, verdict: str, count: int, *, grows: bool = False) -> None:
        """Leave slots without a run: a new range, or the newest one made longer."""
        gaps = self.status.setdefault("gaps", [])
        added = count - (gaps.pop(0)["count"] if grows else 0)
        ends = {"from": stamp(first * STEP), "to": stamp(last * STEP)}
        gaps.insert(0, {**ends, "verdict": verdict, "reason": "Because", "count": count})
        self.count(verdict, added)
        self.write()

    def count(self, verdict: str, number: int) -> None:
        """Count verdicts in the status."""
        counts = self.status.setdefault("counts", {})
        counts[verdict] = counts.get(verdict, 0) + number

    def write(self) -> None:
        """Write the status as it is."""
        body = {"status": deepcopy(self.status)}
        self._event("update", "scheduledtasks", "status", body, OPERATOR)

    def expected(self, until: int) -> Expected:
        """Say what is expected after so many slots: the last of them is in doubt."""
        begin = BEGIN.timestamp()
        end = begin + until * STEP
        slots = Slots(STEP, begin, end, begin, end - STEP, self.left_out)
        return Expected(UID, slots, VERDICTS, frozenset(self.requests), self.ledger)

    def task(self) -> JSONObject:
        """Give the task as it stands."""
        return {
            "metadata": {"name": NAME, "annotations": self.annotations},
            "status": deepcopy(self.status),
        }

    def leave(self, folder: Path) -> None:
        """Leave the log, and what the pods wrote down, in a folder."""
        (folder / "audit.log").write_text("".join(json.dumps(e) + "\n" for e in self.events))
        witness = folder / "witness"
        witness.mkdir()
        for name, text in self.printed.items():
            (witness / name).write_text(text)

    def _end(self, name: str, identity: str, **different: Any) -> JSONObject:
        printed = different.pop("printed", f"begin {identity}\nend {identity}\n")
        tail = different.pop("tail", printed)
        if printed:
            self.printed[f"{identity}.{name}-pod"] = printed
        record = {"name": name, "id": identity, "verdict": "Succeeded", "captured": "Full"}
        record |= different
        self.record(record, tail=tail)
        return record

    def _event(
        self,
        verb: str,
        resource: str,
        subresource: str,
        body: JSONObject,
        user: str = JOB_CONTROLLER,
        code: int = 200,
    ) -> None:
        target = {"resource": resource, "namespace": "shop", "name": NAME}
        if subresource:
            target["subresource"] = subresource
        self.events.append(
            {
                "kind": "Event",
                "apiVersion": "audit.k8s.io/v1",
                "stage": "ResponseComplete",
                "requestReceivedTimestamp": stamp(len(self.events) / 100 - 0.005),
                "stageTimestamp": stamp(len(self.events) / 100),
                "verb": verb,
                "user": {"username": user},
                "objectRef": target,
                "responseStatus": {"code": code},
                "requestObject": body,
            }
        )
