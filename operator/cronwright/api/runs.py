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
from cronwright.api.refusals import task_not_found
from cronwright.api.tasks import Tasks, refuse_deleting
from cronwright.core.identity import RUN_REQUEST_PREFIX, request_run_id
from cronwright.core.parameters import faults
from cronwright.core.requests import AT_ONCE, REMEMBERED
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound
from cronwright.model.parameter import Parameter

_RETRY_SECONDS: Final = 60


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

    def __init__(self, client: Client, tasks: Tasks) -> None:
        self._client = client
        self._tasks = tasks

    async def request(self, wish: Wish, now: datetime) -> dict[str, Any]:
        """Ask for a run and give the answer; the same for an id that was asked before."""
        body = await self._tasks.find(wish.namespace, wish.task)
        refuse_deleting(body)
        since = _asked_before(body, wish.id)
        if since is None:
            _refuse_too_many(body, now)
            _refuse_values(body, wish.parameters)
            since = _written(now)
            await self._annotate(wish, body["metadata"]["uid"], since)
        return {
            "id": wish.id,
            "runId": request_run_id(body["metadata"]["uid"], wish.id),
            "task": wish.task,
            "namespace": wish.namespace,
            "requestedAt": since,
        }

    async def _annotate(self, wish: Wish, uid: str, since: str) -> None:
        asked: dict[str, Any] = {"requestedAt": since, "by": wish.caller}
        if wish.parameters:
            asked["parameters"] = wish.parameters
        value = json.dumps(asked, ensure_ascii=False)
        # With the UID the patch is refused where another task of that name has come.
        patch = {"metadata": {"uid": uid, "annotations": {RUN_REQUEST_PREFIX + wish.id: value}}}
        try:
            await self._client.merge_patch(paths.scheduledtasks(wish.namespace, wish.task), patch)
        except NotFound as error:
            raise task_not_found(wish.task, wish.namespace) from error


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


def _asked_before(body: Mapping[str, Any], request_id: str) -> str | None:
    """Say when a request of this id came, or was answered; None where none is known."""
    waiting = _waiting(body).get(request_id)
    if waiting is not None:
        try:
            return str(json.loads(waiting)["requestedAt"])
        except (ValueError, TypeError, KeyError):
            return None  # written by hand, and wrong; the operator refuses it: overwrite it
    answered = (body.get("status") or {}).get("requests") or ()
    return next((str(each["time"]) for each in answered if each["id"] == request_id), None)


def _refuse_too_many(body: Mapping[str, Any], now: datetime) -> None:
    """Refuse what the operator would not come to before it counts the request as too old."""
    answered = (body.get("status") or {}).get("requests") or ()
    recent = [each for each in answered if datetime.fromisoformat(each["time"]) > now - REMEMBERED]
    if len(recent) + len(_waiting(body)) < AT_ONCE:
        return
    minutes = REMEMBERED.total_seconds() / 60
    fault = Fault(
        f"{AT_ONCE} runs of this task were asked for within {minutes:.0f} minutes",
        remedy=f"try again in {_RETRY_SECONDS} seconds",
    )
    raise Problem(Kind.TOO_MANY, fault, headers={"Retry-After": str(_RETRY_SECONDS)})


def _waiting(body: Mapping[str, Any]) -> dict[str, str]:
    annotations = body["metadata"].get("annotations") or {}
    return {
        key.removeprefix(RUN_REQUEST_PREFIX): value
        for key, value in annotations.items()
        if key.startswith(RUN_REQUEST_PREFIX)
    }


def _written(now: datetime) -> str:
    # To the millisecond: the operator takes requests in the order in which they were made.
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
