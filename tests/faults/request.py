"""A request to the API server as faults are chosen for it: its verb and what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlsplit

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
WRITES = frozenset(_VERBS.values())


@dataclass(frozen=True, slots=True)
class Request:
    """A request in the words of the API server's audit log."""

    verb: str
    resource: str
    subresource: str
    name: str
    target: str  # path and query, as they came
    query: Mapping[str, str]

    @property
    def what(self) -> str:
        """Name verb and kind, such as `update scheduledtasks/status`."""
        kind = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {kind}"

    @classmethod
    def of(cls, method: str, target: str) -> Self:
        """Read the first line of a request."""
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        resource, name, subresource = _place(url.path)
        verb = _VERBS.get(method)
        if verb is None:
            watches = query.get("watch") in {"1", "true"}
            verb = "watch" if watches else "get" if name or not resource else "list"
        return cls(verb, resource, subresource, name, target, query)


def _place(path: str) -> tuple[str, str, str]:
    """Find resource, name and subresource in a path; all empty where it is none of an object."""
    parts = path.strip("/").split("/")
    rest = {"api": parts[2:], "apis": parts[3:]}.get(parts[0], [])
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    resource, name, subresource, *_ = [*rest, "", "", ""]
    return resource, name, subresource
