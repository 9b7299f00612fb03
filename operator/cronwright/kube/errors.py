"""What a call to Kubernetes may end in: one class for each answer that callers tell apart.

`client` raises them. The words are the API server's own, out of the Status object that it
answers with; https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""
# ruff: noqa: N818 - the classes are named as the API names its reasons

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from cronwright.errors import CronwrightError

_LONGEST_TEXT: Final = 300
_LONGEST_MESSAGE: Final = 1000
_PATCH: Final = "patch"
# A patch whose result is refused by the strict check is refused with that whole result, secrets
# and all, as one quoted value; what is wrong with it comes after.
_WHOLE_OBJECT: Final = re.compile(r'^Invalid value: "(?:[^"\\]|\\.)*": ', re.DOTALL)


class CredentialsError(CronwrightError):
    """Nothing says where the API server is, or what says it can't be read."""


class ApiError(CronwrightError):
    """A request that was not granted.

    `status` is the HTTP status, 0 where there was no answer. `details` is the Status object's,
    with the single causes of a refused object under `causes`.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}


class BadRequest(ApiError):
    """The request could not be understood; a strict check of unknown fields ends so, too."""


class Unauthorized(ApiError):
    """The credentials were not accepted, nor were fresh ones."""


class Forbidden(ApiError):
    """RBAC, an admission webhook or a quota is against it."""


class NotFound(ApiError):
    """The object, its namespace or its kind is not there."""


class AlreadyExists(ApiError):
    """An object of that name is there already."""


class Conflict(ApiError):
    """The object is not, or no longer, the version that the request was made for."""


class Gone(ApiError):
    """The asked resourceVersion or page is too old: list anew."""


class Invalid(ApiError):
    """The object was understood and breaks a rule."""


class Unavailable(ApiError):
    """The API server can't be reached or can't answer now; later it may.

    `sent` is False where the request surely had no effect. `retry_after` is in seconds, None
    where the server didn't say.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        retry_after: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(status, reason, message, details)
        self.retry_after = retry_after
        self.sent = sent


class Fenced(ApiError):
    """The request was not sent: only the leader may write, and this process does not lead."""

    def __init__(self) -> None:
        super().__init__(0, "NotLeading", "not written: this process does not lead, or no longer")


_CLASSES: Final[Mapping[int, type[ApiError]]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.GONE: Gone,
    HTTPStatus.UNPROCESSABLE_ENTITY: Invalid,
}


def error_from_status(
    status: int, body: Mapping[str, Any], retry_after: float | None = None
) -> ApiError:
    """Make the error that a Status object describes.

    `status` is the answer's own HTTP status; a Status inside a watch has only the one it names.
    """
    code = status if status >= HTTPStatus.BAD_REQUEST else int(body.get("code") or 0)
    reason = str(body.get("reason") or _phrase(code))
    message = str(body.get("message") or f"the API server answered {code} {reason}")
    details = dict(body.get("details") or {})
    details["causes"] = [_without_object(cause) for cause in details.get("causes") or ()]
    for cause in details["causes"]:
        if cause.get("field") == _PATCH:
            message = cause["message"]
    message = _shortened(message)
    if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if retry_after is None and details.get("retryAfterSeconds"):
            retry_after = float(details["retryAfterSeconds"])
        # Such answers come before the request is worked on: from flow control, or from a server
        # that is only starting. One without a time to wait may come from anywhere.
        refused = code == HTTPStatus.TOO_MANY_REQUESTS or (
            code == HTTPStatus.SERVICE_UNAVAILABLE and retry_after is not None
        )
        return Unavailable(
            code, reason, message, details, retry_after=retry_after, sent=not refused
        )
    kind = _CLASSES.get(code, ApiError)
    if kind is Conflict and reason == "AlreadyExists":
        kind = AlreadyExists
    return kind(code, reason, message, details)


def error_from_answer(status: int, body: bytes, retry_after: float | None = None) -> ApiError:
    """Make the error that an answer describes: a Status object, or a proxy's or kubelet's text."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or parsed.get("kind") != "Status":
        parsed = {"message": body.decode(errors="replace").strip()[:_LONGEST_TEXT]}
    return error_from_status(status, parsed, retry_after)


def _without_object(cause: Mapping[str, Any]) -> dict[str, Any]:
    if cause.get("field") != _PATCH:
        return dict(cause)
    return {**cause, "message": _WHOLE_OBJECT.sub("", str(cause.get("message")))}


def _shortened(message: str) -> str:
    # The object is named at the beginning, what is wrong with it said at the end.
    if len(message) <= _LONGEST_MESSAGE:
        return message
    half = _LONGEST_MESSAGE // 2
    return f"{message[:half]} … {message[-half:]}"


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase.replace(" ", "")
    except ValueError:
        return "Unknown"
