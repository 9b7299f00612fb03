"""Looks at what the API depends on: `probes` answers with it.

Nobody has to show who they are to ask, so the answers hold nothing of the cluster, and many who
ask at once cost one look.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from cronwright.api.recent import Recent
from cronwright.kube import paths
from cronwright.kube.client import Client, Params
from cronwright.kube.errors import ApiError, NotFound, Unauthorized, Unavailable
from cronwright.model import GROUP, PLURAL

_SECONDS: Final = 1.0
_TIMEOUT: Final = 3.0
_OWN_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REVIEWS: Final = {
    "tokenreviews": "authentication.k8s.io",
    "subjectaccessreviews": "authorization.k8s.io",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """How one dependency was found: `problem` is empty where it does."""

    name: str
    problem: str
    milliseconds: float

    def render(self) -> dict[str, Any]:
        """Return it as JSON."""
        shown = {"status": "down", "problem": self.problem} if self.problem else {"status": "ok"}
        return {**shown, "latencyMs": round(self.milliseconds, 1)}


class Health:
    """The dependencies: the API server, our credentials, reviews of callers, the tasks."""

    def __init__(self, client: Client, namespace: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._namespace = namespace
        self._clock = clock
        self._whole = False
        self._recent: Recent[None, list[Finding]] = Recent(1, _SECONDS, clock)

    async def look(self) -> list[Finding]:
        """Look at every dependency; within a second, give what was found before."""
        return await self._recent.get(None, self._look)

    async def was_whole(self) -> bool:
        """Say whether every dependency was there at some time since the start.

        Once it was, an outage is told to each caller with its reason, rather than by taking us
        out of service.
        """
        if not self._whole:
            self._whole = not any(finding.problem for finding in await self.look())
        return self._whole

    async def _look(self) -> list[Finding]:
        findings = await asyncio.gather(
            self._try("kubernetes", self._reach),
            self._try("credentials", self._review_ourselves),
            self._try("reviews", self._may_review),
            self._try("scheduledTasks", self._list_one),
        )
        return list(findings)

    async def _try(self, name: str, look: Callable[[], Awaitable[str]]) -> Finding:
        begin = self._clock()
        try:
            problem = await look()
        except ApiError as error:
            problem = _reason(error)
        return Finding(name, problem, (self._clock() - begin) * 1000)

    async def _reach(self) -> str:
        try:
            await self._ask("GET", "/version")
        except Unavailable:
            raise
        except ApiError:
            return ""  # an answer is an answer: what it says is the next one's to judge
        return ""

    async def _review_ourselves(self) -> str:
        # Every account may ask what it may do; only an unknown one may not.
        await self._may("list", GROUP, PLURAL)
        return ""

    async def _may_review(self) -> str:
        missing = [
            resource
            for resource, group in _REVIEWS.items()
            if not await self._may("create", group, resource)
        ]
        return f"its account may not create {' and '.join(missing)}" if missing else ""

    async def _list_one(self) -> str:
        await self._ask("GET", paths.scheduledtasks(self._namespace), params={"limit": "1"})
        return ""

    async def _may(self, verb: str, group: str, resource: str) -> bool:
        attributes = {"verb": verb, "group": group, "resource": resource}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self._ask("POST", _OWN_REVIEWS, review)
        return bool(answer.get("status", {}).get("allowed"))

    async def _ask(
        self, method: str, path: str, body: object = None, params: Params | None = None
    ) -> Any:
        # Without retries: who asks wants to know how it is now.
        return await self._client.request(
            method, path, params=params, body=body, timeout=_TIMEOUT, retry=False
        )


def _reason(error: ApiError) -> str:
    if isinstance(error, Unauthorized):
        return "its credentials are not accepted"
    if isinstance(error, Unavailable):
        return "its token is not there yet" if error.reason == "NoToken" else "no answer"
    if isinstance(error, NotFound):
        return "the CustomResourceDefinition is not installed"
    return f"refused: {error.reason}"
