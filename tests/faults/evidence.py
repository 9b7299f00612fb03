"""What happened, from witnesses that are not the operator: the audit log, the objects, the pods.

The checker judges by it. Nothing here is taken from the operator's code: what its annotations
and its status mean is read from the documentation alone. The pods of the tasks under test write
down themselves what they print, each in a file `<run id>.<pod>`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

JSONObject = Mapping[str, Any]

TASK = "cronwright.dev/task"
RUN_ID = "cronwright.dev/run-id"
REQUEST = "cronwright.dev/request"
ATTEMPT = "cronwright.dev/attempt"
SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_BEGINNING = '{"kind":"Event","apiVersion":"audit.k8s.io/'


@dataclass(slots=True)
class JobSeen:
    """A Job that existed, whether it stands or not; two of one name are two."""

    name: str
    task: str
    seen: datetime  # the first time
    by: str = ""  # who created it; empty where that is not known
    uid: str = ""  # empty where nobody but its creator ever spoke of it
    annotations: Mapping[str, str] = field(default_factory=dict)
    ran: bool = False

    @property
    def run_id(self) -> str:
        """The id of its run; empty where that is not known."""
        return self.annotations.get(RUN_ID) or self.uid

    @property
    def slot(self) -> int | None:
        """Its slot, in seconds since the epoch; None for one without."""
        stamp = self.annotations.get(SLOT)
        return int(datetime.fromisoformat(stamp).timestamp()) if stamp else None

    def __str__(self) -> str:
        maker = f" by {self.by}" if self.by else ""
        return f'Job "{self.name}" ({self.uid or "uid unknown"}) of {self.seen:%H:%M:%S.%f}{maker}'


@dataclass(frozen=True, slots=True)
class Saying:
    """A status as it was written, or as it stands at the end."""

    time: datetime
    status: JSONObject


@dataclass(slots=True)
class Evidence:
    """All that is known of the tasks of a namespace."""

    jobs: list[JobSeen] = field(default_factory=list)
    sayings: defaultdict[str, list[Saying]] = field(default_factory=lambda: defaultdict(list))
    final: dict[str, JSONObject] = field(default_factory=dict)  # the tasks as they stand
    unfinished: list[str] = field(default_factory=list)  # Jobs that stand and have not ended
    printed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def gather(
    events: Iterable[JSONObject],
    tasks: Iterable[JSONObject],
    jobs: Iterable[JSONObject],
    now: datetime,
) -> Evidence:
    """Put together what the audit log tells of a namespace and what stands there in the end."""
    evidence = Evidence()
    known: dict[str, list[JobSeen]] = defaultdict(list)
    for event in events:
        target, body = event["objectRef"], event.get("requestObject")
        if not isinstance(body, dict):
            continue
        time = datetime.fromisoformat(event["stageTimestamp"])
        if target["resource"] == "jobs" and event["verb"] == "update":
            _see(known, body, time)
        elif target["resource"] == "jobs" and event["verb"] == "create":
            asked = datetime.fromisoformat(event["requestReceivedTimestamp"])
            _create(known, body, asked, event["user"]["username"])
        elif (target["resource"], target.get("subresource")) == ("scheduledtasks", "status"):
            evidence.sayings[target["name"]].append(Saying(time, body.get("status") or {}))
    for job in jobs:
        _see(known, job, now)
        ended = {"Complete", "Failed"}
        if not any(c["type"] in ended for c in job.get("status", {}).get("conditions", ())):
            evidence.unfinished.append(job["metadata"]["name"])
    for task in tasks:
        name = task["metadata"]["name"]
        evidence.final[name] = task
        evidence.sayings[name].append(Saying(now, task.get("status", {})))
    evidence.jobs = [job for same in known.values() for job in same]
    return evidence


def _create(known: dict[str, list[JobSeen]], body: JSONObject, asked: datetime, by: str) -> None:
    """Take in a Job's creation, which names no UID."""
    same = known[body["metadata"]["name"]]
    # Its controller may have spoken of it before the answer to who made it was logged.
    job = next((each for each in same if not each.by and each.seen >= asked), None)
    for made in [job] if job else _take(same, body, asked, None):
        made.by = by


def _see(known: dict[str, list[JobSeen]], body: JSONObject, time: datetime) -> None:
    """Take in a word of a Job that names its UID.

    It may be one whose creation is not in the log, as its writer was killed before.
    """
    same, uid = known[body["metadata"]["name"]], body["metadata"]["uid"]
    job = next((each for each in same if each.uid == uid), None)
    _take(same, body, time, job or next((each for each in reversed(same) if not each.uid), None))


def _take(
    same: list[JobSeen], body: JSONObject, time: datetime, job: JobSeen | None
) -> list[JobSeen]:
    """Take in what is said of a Job, a new one where it is none of the known; none of others'."""
    metadata = body["metadata"]
    task = (metadata.get("labels") or {}).get(TASK)
    if task is None:
        return []
    if job is None:
        job = JobSeen(metadata["name"], task, time)
        same.append(job)
    job.uid = metadata.get("uid") or job.uid
    job.annotations = metadata.get("annotations") or {}
    job.ran = job.ran or bool(body.get("status", {}).get("startTime"))
    return [job]


def read_audit(file: Path, namespace: str, position: int = 0) -> Iterator[JSONObject]:
    """Read from the audit log what was done in a namespace, from a position in the file on."""
    with file.open("rb") as lines:
        lines.seek(position)
        for line in lines:
            event = _parse(line.decode(errors="replace"))
            if event is None or event["stage"] != "ResponseComplete" or "objectRef" not in event:
                continue
            code = event.get("responseStatus", {}).get("code", 0)
            if event["objectRef"].get("namespace") == namespace and 0 < code < 300:
                yield event


def _parse(line: str) -> dict[str, Any] | None:
    """Read a line; of two, the first of which broke off as its writer was killed, the second."""
    try:
        event = json.loads(line[max(line.rfind(_BEGINNING), 0) :])
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def read_printed(folder: Path, evidence: Evidence) -> None:
    """Take in what the pods wrote down: for each run its attempts' output, the last one last."""
    for file in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime_ns):
        run_id, _, _ = file.name.partition(".")
        evidence.printed[run_id].append(file.read_text())
        for job in evidence.jobs:
            job.ran = job.ran or job.run_id == run_id
