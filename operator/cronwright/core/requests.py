"""Requests for a run: annotations on the task, each answered once.

The HTTP API and people write `run.cronwright.dev/<id>`; `plan` takes the answers from here,
`controller/request` makes the Jobs, `status` remembers the ids, and only then does the operator
take the annotation off. So whatever crashes in between, the same id starts one run.
"""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.parameters import faults
from cronwright.core.run import cut
from cronwright.model.task import ConcurrencyPolicy, ScheduledTask

REMEMBERED: Final = timedelta(minutes=10)
AT_ONCE: Final = 100
_MESSAGE_BYTES: Final = 900  # an Event takes 1024
_AHEAD: Final = timedelta(minutes=1)  # how far a caller's clock may be ahead of ours


class Act(Enum):
    """How a request is answered."""

    START = "start"
    SKIP = "skip"  # Forbid, and a run is active
    REFUSE = "refuse"
    FORGET = "forget"  # acted on before: only the annotation is left


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one request."""

    id: str
    act: Act
    run_id: str
    message: str = ""
    replaces: tuple[JobFacts, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)  # values of the task's parameters

    @property
    def annotation(self) -> str:
        """Name the annotation that carried it."""
        return identity.RUN_REQUEST_PREFIX + self.id


def answer(
    task: ScheduledTask, running: Sequence[JobFacts], recorded: Set[str], now: datetime
) -> tuple[Answer, ...]:
    """Answer each request of a task, the earliest first; `recorded` has ids of runs that ended."""
    known = {each.id for each in task.status.requests}
    begun = {job.run_id for job in running}
    room = AT_ONCE - len([each for each in task.status.requests if each.time > now - REMEMBERED])
    waiting: list[tuple[datetime, str]] = []
    answers: list[Answer] = []
    for key, text in task.annotations.items():
        if not key.startswith(identity.RUN_REQUEST_PREFIX):
            continue
        request_id = key.removeprefix(identity.RUN_REQUEST_PREFIX)
        run_id = identity.request_run_id(task.uid, request_id)
        if request_id in known or run_id in recorded:
            answers.append(Answer(request_id, Act.FORGET, run_id))
            continue
        time = _requested_at(text)
        # What a crash interrupted is brought to its end, however long ago that was.
        refusal = "" if run_id in begun else _refusal(time, now) or _refused_values(task, text)
        if time is None or refusal:
            answers.append(Answer(request_id, Act.REFUSE, run_id, refusal))
        else:
            waiting.append((time, request_id))
    started = _start(task, sorted(waiting)[: max(room, 0)], running)
    return (*answers, *(_with_values(task, each) for each in started))


def _with_values(task: ScheduledTask, answered: Answer) -> Answer:
    """Give an answer the values that its request gives for parameters."""
    given = _given(task.annotations[answered.annotation])
    return replace(answered, given=given) if isinstance(given, dict) else answered


def _refused_values(task: ScheduledTask, text: str) -> str:
    """Say which values of a request are wrong, each with its remedy; empty where none is."""
    found = faults(task.spec.parameters or (), _given(text))
    return cut("; ".join(map(str, found)), _MESSAGE_BYTES) if found else ""


def _given(text: str) -> object:
    value = json.loads(text).get("parameters")
    return {} if value is None else value


def _start(
    task: ScheduledTask, waiting: Sequence[tuple[datetime, str]], running: Sequence[JobFacts]
) -> list[Answer]:
    policy = task.spec.concurrency_policy
    answers: list[Answer] = []
    # A run that this very request started before a crash is not in its own way.
    for _, request_id in waiting:
        run_id = identity.request_run_id(task.uid, request_id)
        others = tuple(job for job in running if job.run_id != run_id)
        earlier = any(each.act is Act.START for each in answers)
        if policy is ConcurrencyPolicy.FORBID and (others or earlier):
            message = "concurrencyPolicy is Forbid and a run is active"
            answers.append(Answer(request_id, Act.SKIP, run_id, message))
        elif policy is ConcurrencyPolicy.REPLACE and earlier:
            break  # one replacement a round: the next sees the Job of this one
        else:
            replaces = others if policy is ConcurrencyPolicy.REPLACE else ()
            answers.append(Answer(request_id, Act.START, run_id, replaces=replaces))
    return answers


def _requested_at(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(json.loads(text)["requestedAt"])
    except (ValueError, TypeError, KeyError):
        return None
    return time.astimezone(UTC) if time.tzinfo else None


def _refusal(time: datetime | None, now: datetime) -> str:
    """Say why a request is refused; empty where it is not.

    Ids are remembered for ten minutes. An older request may have been acted on and forgotten,
    such as one that a Git repository brings back at each synchronisation.
    """
    if time is None:
        return (
            'its value names no time; write {"requestedAt": "2026-01-31T12:00:00Z"} '
            "with the present time in UTC"
        )
    if time < now - REMEMBERED:
        return "it is older than 10 minutes; ask again under a new id"
    if time > now + _AHEAD:
        return "requestedAt lies in the future; set the caller's clock"
    return ""
