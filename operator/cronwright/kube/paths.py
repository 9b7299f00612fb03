"""Where in the API each kind of object stands: the paths that `client` is called with.

Without a namespace a path means the whole cluster; without a name, all objects of the kind.
"""

from typing import Final
from urllib.parse import quote

from cronwright.errors import FieldError
from cronwright.model import GROUP, PLURAL, VERSION

_CORE: Final = "/api/v1"
_BATCH: Final = "/apis/batch/v1"
_TASKS: Final = f"/apis/{GROUP}/{VERSION}"


def scheduledtasks(
    namespace: str | None = None, name: str | None = None, sub: str | None = None
) -> str:
    """Give the path of ScheduledTasks, of one, or of a part of it such as `status`."""
    return _join(_TASKS, PLURAL, namespace, name, sub)


def cronjobs(namespace: str | None = None, name: str | None = None, sub: str | None = None) -> str:
    """Give the path of CronJobs, of one, or of a part of it."""
    return _join(_BATCH, "cronjobs", namespace, name, sub)


def jobs(namespace: str | None = None, name: str | None = None, sub: str | None = None) -> str:
    """Give the path of Jobs, of one, or of a part of it."""
    return _join(_BATCH, "jobs", namespace, name, sub)


def pods(namespace: str | None = None, name: str | None = None, sub: str | None = None) -> str:
    """Give the path of Pods, of one, or of a part of it."""
    return _join(_CORE, "pods", namespace, name, sub)


def pod_log(namespace: str, name: str) -> str:
    """Give the path of a pod's log."""
    return pods(namespace, name, "log")


def configmaps(namespace: str | None = None, name: str | None = None) -> str:
    """Give the path of ConfigMaps, or of one."""
    return _join(_CORE, "configmaps", namespace, name)


def events(namespace: str) -> str:
    """Give the path of a namespace's Events."""
    return _join(_CORE, "events", namespace)


def leases(namespace: str, name: str | None = None) -> str:
    """Give the path of a namespace's Leases, or of one."""
    return _join("/apis/coordination.k8s.io/v1", "leases", namespace, name)


def service_account_token(namespace: str, name: str) -> str:
    """Give the path at which a ServiceAccount's tokens are made."""
    return _join(_CORE, "serviceaccounts", namespace, name, "token")


def token_reviews() -> str:
    """Give the path at which a caller's token is reviewed."""
    return "/apis/authentication.k8s.io/v1/tokenreviews"


def subject_access_reviews() -> str:
    """Give the path at which a caller's rights are reviewed."""
    return "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def resource_of(path: str) -> tuple[str, bool]:
    """Say what a path leads to, such as `jobs` or `pods/log`, and whether to one of them or all.

    Of a path that is no kind's, such as /version, its first part.
    """
    parts = path.strip("/").split("/")
    places = {"api": 2, "apis": 3}  # what comes before are group and version
    if parts[0] not in places:
        return parts[0], False
    parts = parts[places[parts[0]] :]
    if parts[0] == "namespaces" and len(parts) > 2:
        parts = parts[2:]
    kind, *rest = parts
    return (f"{kind}/{rest[1]}" if len(rest) > 1 else kind), bool(rest)


def _join(
    base: str,
    plural: str,
    namespace: str | None = None,
    name: str | None = None,
    sub: str | None = None,
) -> str:
    parts = [base]
    if namespace:
        parts += ["namespaces", _segment(namespace)]
    parts.append(plural)
    parts += [_segment(part) for part in (name, sub) if part]
    return "/".join(parts)


def _segment(text: str) -> str:
    # Names may come from callers of the HTTP API: none may lead to another path.
    if text in {".", ".."}:
        raise FieldError("name", text, "no object can have this name", "write the object's name")
    return quote(text, safe="")
