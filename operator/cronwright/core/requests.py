"""Requests for a run: annotations on the task, each answered once.

The HTTP API and people write `run.cronwright.dev/<id>`; `plan` takes the answers from here,
`controller/request` makes the Jobs, `status` remembers the ids, and only then does the operator
take the annotation off. So whatever crashes in between, the same id starts one run.
"""

import json
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Final

from cronwright.core import identity
from cronwright.core.answer import Act, Answer
from cronwright.core.backlog import PENDING_AT_MOST
from cronwright.core.facts import JobFacts
from cronwright.core.firing import ACTIVE_AT_MOST
from cronwright.core.parameters import faults, rendered
from cronwright.core.request_time import REMEMBERED, is_meant, refusal, requested_at, times_of
from cronwright.core.size import stored_size
from cronwright.core.tail import cut
from cronwright.model.reasons import QUEUE_FULL, TOO_MANY_ACTIVE
from cronwright.model.run import PendingReason, PendingRun
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask

AT_ONCE: Final = 100
WAITING_BYTES: Final = 8192  # of the values of all requests that wait, as they are stored
_MESSAGE_BYTES: Final = 900  # an Event takes 1024

Asked = Sequence[tuple[datetime, str]]  # when, and the id


def answer(
    task: ScheduledTask,
    running: Sequence[JobFacts],
    recorded: Set[str],
    pending: Sequence[PendingRun],
    now: datetime,
) -> tuple[Answer, ...]:
    """Answer each request of a task, the earliest first.

    `recorded` has ids of runs that ended, `pending` the runs that wait; those that wait for their
    next attempt are active, and have no Job among `running`.
    """
    known = {each.id for each in task.status.requests}
    over = {*recorded, *(each.id for each in pending)}
    begun = {job.run_id for job in running}
    waiting: list[tuple[datetime, str]] = []
    answers: list[Answer] = []
    for key, text in task.annotations.items():
        if not key.startswith(identity.RUN_REQUEST_PREFIX):
            continue
        request_id = key.removeprefix(identity.RUN_REQUEST_PREFIX)
        run_id = identity.request_run_id(task.uid, request_id)
        if request_id in known or run_id in over:
            answers.append(Answer(request_id, Act.FORGET, run_id))
            continue
        time = requested_at(text)
        # What a crash interrupted is brought to its end, however long ago that was.
        refused = "" if run_id in begun else refusal(time, now) or _refused_values(task, text)
        if time is None or refused:
            answers.append(Answer(request_id, Act.REFUSE, run_id, refused))
        else:
            waiting.append((time, request_id))
    waiting = sorted(waiting)[: room(task, now)]
    called_off = _called_off(task, [job for job in running if not job.halfway], waiting, now)
    answers += called_off
    waiting = [each for each in waiting if each[1] not in {a.id for a in called_off}]
    waits = task.spec.concurrency_policy is ConcurrencyPolicy.QUEUE or task.spec.concurrency_group
    decided = (_queue if waits else _start)(task, waiting, running, pending)
    return (*answers, *_with_values(task, decided, pending))


def _called_off(
    task: ScheduledTask, running: Sequence[JobFacts], waiting: Asked, now: datetime
) -> list[Answer]:
    """Answer the requests that were cancelled before anything of them ran."""
    asked = times_of(task, identity.CANCEL_PREFIX)
    cancels = {target: time for target, time in asked.items() if time and not refusal(time, now)}
    begun = {job.run_id for job in running}
    answers = []
    for time, request_id in waiting:
        run_id = identity.request_run_id(task.uid, request_id)
        meant = any(is_meant(run_id, time, *cancel) for cancel in cancels.items())
        if meant and run_id not in begun:
            answers.append(Answer(request_id, Act.CANCEL, run_id, due=time))
    return answers


def _with_values(
    task: ScheduledTask, decided: Sequence[Answer], pending: Sequence[PendingRun]
) -> list[Answer]:
    """Give answers the values that their requests give for parameters.

    What is to wait stands in the status with its values, and for those there is room for so much;
    beyond that it waits as it is, in its annotation.
    """
    left = WAITING_BYTES - sum(stored_size(each.parameters) for each in pending if each.parameters)
    answers: list[Answer] = []
    for each in decided:
        values = _given(task.annotations[each.annotation])
        given = rendered(task.spec.parameters or (), values if isinstance(values, dict) else {})
        if each.act is Act.QUEUE and given:
            left -= stored_size(given)
            if left < 0:
                break
        answers.append(replace(each, given=given))
    return answers


def _refused_values(task: ScheduledTask, text: str) -> str:
    """Say which values of a request are wrong, each with its remedy; empty where none is."""
    found = faults(task.spec.parameters or (), _given(text))
    return cut("; ".join(map(str, found)), _MESSAGE_BYTES) if found else ""


def _given(text: str) -> object:
    value = json.loads(text).get("parameters")
    return {} if value is None else value


def room(task: ScheduledTask, now: datetime) -> int:
    """Say how many more ids can be remembered; what is more waits."""
    recent = [each for each in task.status.requests if each.time > now - REMEMBERED]
    return max(0, AT_ONCE - len(recent))


def _start(
    task: ScheduledTask, waiting: Asked, running: Sequence[JobFacts], pending: Sequence[PendingRun]
) -> list[Answer]:
    policy = task.spec.concurrency_policy
    orphans = {each.id for each in pending if each.reason is PendingReason.RETRY}
    answers: list[Answer] = []
    # A run that this very request started before a crash is not in its own way.
    begun = {job.run_id for job in running}
    for time, request_id in waiting:
        run_id = identity.request_run_id(task.uid, request_id)
        others = tuple(job for job in running if job.run_id != run_id)
        earlier = {each.run_id for each in answers if each.act is Act.START}
        full = len(begun | earlier | orphans) >= ACTIVE_AT_MOST
        if policy is ConcurrencyPolicy.FORBID and (others or earlier or orphans):
            answers.append(_skipped(request_id, run_id))
        elif policy is ConcurrencyPolicy.REPLACE and earlier:
            break  # one replacement a round: the next sees the Job of this one
        elif policy is ConcurrencyPolicy.ALLOW and full and run_id not in begun:
            message = f"{ACTIVE_AT_MOST} runs of the task are active"
            answers.append(Answer(request_id, Act.SKIP, run_id, message, TOO_MANY_ACTIVE))
        else:
            replaces = others if policy is ConcurrencyPolicy.REPLACE else ()
            answers.append(Answer(request_id, Act.START, run_id, replaces=replaces, due=time))
    return answers


def _queue(
    task: ScheduledTask, waiting: Asked, running: Sequence[JobFacts], pending: Sequence[PendingRun]
) -> list[Answer]:
    """Answer the requests of a task whose runs wait for one another or for a group."""
    policy, answers = task.spec.concurrency_policy, list[Answer]()
    begun = {job.run_id for job in running}
    count = sum(each.reason is PendingReason.QUEUED for each in pending)
    orphans = any(each.reason is PendingReason.RETRY for each in pending)
    full = count >= task.spec.max_queued
    for time, request_id in waiting:
        run_id = identity.request_run_id(task.uid, request_id)
        others = tuple(job for job in running if job.run_id != run_id)
        if policy is ConcurrencyPolicy.FORBID and (others or count or orphans):
            answers.append(_skipped(request_id, run_id))
        elif policy is ConcurrencyPolicy.REPLACE and others:
            return [*answers, Answer(request_id, Act.START, run_id, replaces=others, due=time)]
        elif full and run_id not in begun:
            message = f"{count} runs of the task wait, which is spec.maxQueued"
            answers.append(Answer(request_id, Act.SKIP, run_id, message, QUEUE_FULL))
        elif not full and count >= task.spec.max_queued:
            break  # the next look finds those that could start gone
        elif len(pending) + len(answers) >= PENDING_AT_MOST:
            break
        else:
            answers.append(Answer(request_id, Act.QUEUE, run_id, due=time))
            count += 1
    return answers


def _skipped(request_id: str, run_id: str) -> Answer:
    message = "concurrencyPolicy is Forbid and a run is active"
    return Answer(request_id, Act.SKIP, run_id, message)
