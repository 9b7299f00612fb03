"""Registers, reads and deletes ScheduledTasks, with the sidecar's own rights.

`task_routes` calls these once the gate has let the caller pass. Objects stay the JSON that the
API server serves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cronwright.api.compare import Difference, differences
from cronwright.api.problem import Fault, Kind, Problem, shortened
from cronwright.api.refusals import problem_from, task_not_found
from cronwright.api.submission import Submission
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, ApiError, BadRequest, NotFound

JSONObject = dict[str, Any]

# Fields that the CRD doesn't know are refused, where the API server would else drop them.
_STRICT: Final = {"fieldValidation": "Strict"}
_BACKGROUND: Final = {
    "apiVersion": "v1",
    "kind": "DeleteOptions",
    "propagationPolicy": "Background",
}
# A task may have a megabyte; so many at a time are held in memory.
_CHUNK: Final = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `token` leads to the next one, None where this is the last."""

    tasks: list[JSONObject]
    token: str | None


class Tasks:
    """The tasks of the cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, namespace: str, submission: Submission) -> JSONObject | None:
        """Create a task and give it as stored; None where its id is taken."""
        path = paths.scheduledtasks(namespace)
        try:
            body: JSONObject = await self._client.create(
                path, submission.manifest(namespace), _STRICT
            )
        except AlreadyExists:
            return None
        except ApiError as error:
            raise problem_from(error).retold(submission.told) from error
        return body

    async def find_same(self, namespace: str, submission: Submission) -> JSONObject:
        """Give the task that has the id already; a problem where its content is another."""
        try:
            body = await self.find(namespace, submission.id)
        except Problem as problem:
            if problem.kind is not Kind.TASK_NOT_FOUND:
                raise
            fault = Fault("the task of this id was deleted just now", remedy="ask again")
            raise Problem(Kind.CHANGED, fault) from problem
        refuse_deleting(body)
        found = differences(submission, body)
        if found:
            raise Problem(Kind.CONFLICT, *(_conflict(submission, each) for each in found))
        return body

    async def find(self, namespace: str, name: str) -> JSONObject:
        """Give a task; a problem where there is none."""
        try:
            body: JSONObject = await self._client.get(paths.scheduledtasks(namespace, name))
        except NotFound as error:
            raise _absent(error, namespace, name) from error
        return body

    async def list(self, namespace: str, selector: str, limit: int, token: str) -> Page:
        """Give up to `limit` tasks, from where the token of an earlier page leads."""
        found: list[JSONObject] = []
        while len(found) < limit:
            params = {"limit": str(min(_CHUNK, limit - len(found)))}
            params |= {"labelSelector": selector} if selector else {}
            params |= {"continue": token} if token else {}
            try:
                page = await self._client.get(paths.scheduledtasks(namespace), params)
            except BadRequest as error:
                raise _bad_query(error, selector, token) from error
            found += page["items"]
            token = page["metadata"].get("continue", "")
            if not token:
                break
        return Page(found, token or None)

    async def delete(self, namespace: str, name: str) -> None:
        """Delete a task, and with it, in the background, its CronJob and Jobs."""
        try:
            await self._client.delete(paths.scheduledtasks(namespace, name), _BACKGROUND)
        except NotFound as error:
            raise _absent(error, namespace, name) from error

    async def annotate(self, namespace: str, name: str, uid: str, notes: Mapping[str, str]) -> None:
        """Write annotations on a task; a problem where it is gone, or another has its name."""
        # With the UID the patch is refused where another task of that name has come.
        patch = {"metadata": {"uid": uid, "annotations": dict(notes)}}
        try:
            await self._client.merge_patch(paths.scheduledtasks(namespace, name), patch)
        except NotFound as error:
            raise task_not_found(name, namespace) from error


def refuse_deleting(body: Mapping[str, Any]) -> None:
    """Refuse to go on with a task that is about to be gone."""
    if "deletionTimestamp" in body["metadata"]:
        fault = Fault("the task of this id is being deleted", remedy="ask again once it is gone")
        raise Problem(Kind.TASK_DELETING, fault)


def _absent(error: NotFound, namespace: str, name: str) -> Problem:
    # Without a name in its details the answer is about the kind: the CRD is not there.
    return task_not_found(name, namespace) if error.details.get("name") else problem_from(error)


def _conflict(submission: Submission, difference: Difference) -> Fault:
    field = submission.written(difference.field)
    stands = "absent" if difference.standing is None else shortened(difference.standing)
    return Fault(
        f"{field} of the task that has this id is {stands}",
        field,
        difference.wanted,
        "register this one under another id, or delete that one first",
    )


def _bad_query(error: BadRequest, selector: str, token: str) -> Problem:
    if token and "continue" in error.message:
        remedy = "write what the page before answered as continue, or leave it out"
        return Problem(Kind.INVALID, Fault(error.message, "continue", token, remedy))
    remedy = "write labels as kubectl takes them, such as team=shop,tier!=test"
    return Problem(Kind.INVALID, Fault(error.message, "labelSelector", selector, remedy))
