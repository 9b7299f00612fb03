"""Asks the cluster who a caller is and whether they may do what they ask; closed by default.

Every route but the probes goes through here: a TokenReview finds the caller, a
SubjectAccessReview asks the cluster's RBAC. Answers are believed for a few seconds; where the
cluster can't be asked, nobody gets in.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.recent import Recent
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.model import GROUP, PLURAL

_CACHED_CALLERS: Final = 1024
_CACHED_RIGHTS: Final = 4096
_LONGEST_TOKEN: Final = 16_384
# Seconds; a caller waits for two reviews before anything is done for them.
_REVIEW_TIMEOUT: Final = 5.0
# What RFC 6750 lets a bearer token be written with.
_BEARER: Final = re.compile(r"[-A-Za-z0-9._~+/]+=*")
_REMEDY: Final = (
    "send the header Authorization: Bearer TOKEN; `kubectl create token ACCOUNT` makes one"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the cluster knows them."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Action(NamedTuple):
    """What is asked for, as RBAC names it: a verb on a ScheduledTask or on a part of one."""

    verb: str
    namespace: str
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """Return the resource as a Role writes it, such as `scheduledtasks/run`."""
        return f"{PLURAL}/{self.subresource}" if self.subresource else PLURAL


class Gate:
    """Find callers and their rights.

    Without `audiences` a token must be for the API server itself, as `kubectl create token`
    makes them. `clock` is monotonic.
    """

    def __init__(
        self,
        client: Client,
        audiences: tuple[str, ...],
        cache_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._audiences = audiences
        self._callers: Recent[bytes, Caller | None] = Recent(_CACHED_CALLERS, cache_seconds, clock)
        self._rights: Recent[tuple[Caller, Action], bool] = Recent(
            _CACHED_RIGHTS, cache_seconds, clock
        )

    async def identify(self, authorization: str | None) -> Caller:
        """Return the caller that an Authorization header belongs to; a problem where none does."""
        token = _bearer(authorization)
        # Tokens themselves are not kept, here or anywhere.
        key = hashlib.sha256(token.encode()).digest()
        caller = await self._callers.get(key, lambda: self._review_token(token))
        if caller is None:
            _unauthenticated(
                "the cluster doesn't accept the token: it is wrong or has expired",
                ', error="invalid_token"',
            )
        return caller

    async def allow(self, caller: Caller, action: Action) -> None:
        """Let a caller pass who may do this; a problem for whoever may not."""
        if await self._rights.get((caller, action), lambda: self._review_access(caller, action)):
            return
        what = f"{action.verb} {action.resource}" + (f" {action.name}" if action.name else "")
        raise Problem(
            Kind.FORBIDDEN,
            Fault(
                f"{caller.name} may not {what} in namespace {action.namespace}",
                remedy=f"grant the verb {action.verb} on {action.resource} of {GROUP} in namespace "
                f"{action.namespace} with a Role and a RoleBinding",
            ),
        )

    async def _review_token(self, token: str) -> Caller | None:
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": list(self._audiences)},
        }
        status = await self._review(paths.token_reviews(), review)
        if not status.get("authenticated"):
            return None
        # An authenticator that knows no audiences names none: then the token was for the API
        # server, and not for us.
        if self._audiences and not set(self._audiences) & set(status.get("audiences") or ()):
            return None
        return _caller(status.get("user") or {})

    async def _review_access(self, caller: Caller, action: Action) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": caller.name,
                "uid": caller.uid,
                "groups": list(caller.groups),
                "extra": {key: list(values) for key, values in caller.extra},
                "resourceAttributes": {
                    "group": GROUP,
                    "resource": PLURAL,
                    **action._asdict(),
                },
            },
        }
        status = await self._review(paths.subject_access_reviews(), review)
        return bool(status.get("allowed")) and not status.get("denied")

    async def _review(self, path: str, review: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await self._client.request("POST", path, body=review, timeout=_REVIEW_TIMEOUT)
        return answer.get("status") or {}


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        _unauthenticated("the request carries no token")
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or len(token) > _LONGEST_TOKEN or not _BEARER.fullmatch(token):
        _unauthenticated("the Authorization header holds no bearer token")
    return token


def _caller(user: Mapping[str, Any]) -> Caller | None:
    if not user.get("username"):
        return None
    extra = user.get("extra") or {}
    return Caller(
        name=user["username"],
        uid=user.get("uid", ""),
        groups=tuple(user.get("groups") or ()),
        extra=tuple((key, tuple(extra[key])) for key in sorted(extra)),
    )


def _unauthenticated(detail: str, challenge: str = "") -> NoReturn:
    raise Problem(
        Kind.UNAUTHENTICATED,
        Fault(detail, remedy=_REMEDY),
        headers={"WWW-Authenticate": f'Bearer realm="cronwright"{challenge}'},
    )
