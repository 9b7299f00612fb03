"""Asks the operator for runs: the annotation that it answers, written once for each id.

`run_routes` comes here. The operator alone decides what becomes of a request
(`core.requests`); the run's id is known before the run is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.tasks import Tasks, refuse_deleting
from cronwright.core.identity import BACKFILL_PREFIX, RUN_REQUEST_PREFIX, request_run_id
from cronwright.core.parameters import faults
from cronwright.core.request_time import REMEMBERED
from cronwright.core.requests import AT_ONCE
from cronwright.model.depth import read_json
from cronwright.model.parameter import Parameter

_RETRY_SECONDS: Final = 60
_PREFIXES: Final = (RUN_REQUEST_PREFIX, BACKFILL_PREFIX)


@dataclass(frozen=True, slots=True)
class Wish:
    """A caller's wish for a run of a task."""

    id: str
    namespace: str
    task: str
    caller: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class RequestedRun(BaseModel):
    """The answer to a request for a run: the run itself follows, if the policy lets it."""

    id: str = Field(description="The request's id; the same id asks for the same run.")
    run_id: str = Field(alias="runId", description="The id of the run, as its record has it.")
    task: str = Field(description="The task's id.")
    namespace: str = Field(description="The task's namespace.")
    requested_at: datetime = Field(
        alias="requestedAt",
        description="When it was asked for; once it is answered, when that was.",
    )


class Runs:
    """The requests for runs, as annotations on their tasks."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def request(self, wish: Wish, now: datetime) -> dict[str, Any]:
        """Ask for a run and give the answer; the same for an id that was asked before."""
        body = await self._tasks.find(wish.namespace, wish.task)
        refuse_deleting(body)
        note = RUN_REQUEST_PREFIX + wish.id
        since = asked_before(body, note, wish.id)
        if since is None:
            refuse_too_many(body, now)
            _refuse_values(body, wish.parameters)
            since = written(now)
            asked: dict[str, Any] = {"requestedAt": since, "by": wish.caller}
            if wish.parameters:
                asked["parameters"] = wish.parameters
            value = json.dumps(asked, ensure_ascii=False)
            uid = body["metadata"]["uid"]
            await self._tasks.annotate(wish.namespace, wish.task, uid, {note: value})
        return {
            "id": wish.id,
            "runId": request_run_id(body["metadata"]["uid"], wish.id),
            "task": wish.task,
            "namespace": wish.namespace,
            "requestedAt": since,
        }


def asked_before(body: Mapping[str, Any], note: str, remembered: str) -> str | None:
    """Say when a request came, or was answered; None where none is known.

    `note` is the annotation that carries it, `remembered` the id that the status has of it.
    """
    waiting = _annotations(body).get(note)
    if waiting is not None:
        try:
            return str(read_json(waiting)["requestedAt"])
        except (ValueError, TypeError, KeyError):
            return None  # written by hand, and wrong; the operator refuses it: overwrite it
    answered = (body.get("status") or {}).get("requests") or ()
    return next((str(each["time"]) for each in answered if each["id"] == remembered), None)


def _refuse_values(body: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse values that the operator would not take for the task's parameters, all of them."""
    declared = (body.get("spec") or {}).get("parameters") or ()
    found = faults([Parameter.model_validate(each) for each in declared], given)
    if found:
        raise Problem(
            Kind.INVALID,
            *(
                Fault(f"{each.field}: {each.problem}", each.field, each.value, each.remedy)
                for each in found
            ),
        )


def refuse_too_many(body: Mapping[str, Any], now: datetime) -> None:
    """Refuse what the operator would not come to before it counts the request as too old."""
    answered = (body.get("status") or {}).get("requests") or ()
    recent = [each for each in answered if datetime.fromisoformat(each["time"]) > now - REMEMBERED]
    waiting = [each for each in _annotations(body) if each.startswith(_PREFIXES)]
    if len(recent) + len(waiting) < AT_ONCE:
        return
    minutes = REMEMBERED.total_seconds() / 60
    fault = Fault(
        f"{AT_ONCE} requests for this task came within {minutes:.0f} minutes",
        remedy=f"try again in {_RETRY_SECONDS} seconds",
    )
    raise Problem(Kind.TOO_MANY, fault, headers={"Retry-After": str(_RETRY_SECONDS)})


def _annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    return body["metadata"].get("annotations") or {}


def written(now: datetime) -> str:
    # To the millisecond: the operator takes requests in the order in which they were made.
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
