"""A container's environment and command line, by the kubelet's rules.

https://kubernetes.io/docs/tasks/inject-data-application/ names the sources; `$(NAME)` refers to
what stands before it and to the variables of services, `$$` is a dollar sign, and what is not
known stays as written.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dev.node import quantity
from dev.node.host import ROOM

JSONObject = dict[str, Any]

# Reads a ConfigMap or Secret as text: (kind, name) -> data, None where there is none.
Reader = Callable[[str, str], Awaitable[Mapping[str, str] | None]]

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


class ConfigError(Exception):
    """What a container needs is not there: CreateContainerConfigError."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value and `$$` by a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return known.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def field(pod: JSONObject, path: str) -> str:
    """Read a field of a pod as the downward API does."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    subscript = re.fullmatch(r"metadata\.(labels|annotations)\['(.*)'\]", path)
    if subscript:
        return str(metadata.get(subscript[1], {}).get(subscript[2], ""))
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": status.get("podIP", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    if path in simple:
        return str(simple[path])
    if path in {"metadata.labels", "metadata.annotations"}:
        values = metadata.get(path.removeprefix("metadata."), {})
        # A quoted string of Go's is one of JSON's, as far as such values go.
        lines = (f"{key}={json.dumps(text)}" for key, text in sorted(values.items()))
        return "\n".join(lines)
    raise ConfigError(f"unsupported fieldPath: {path}")


def resource(container: JSONObject, reference: JSONObject) -> str:
    """Read a container's limit or request, in units of the divisor and rounded up.

    Without a limit it is all that the node offers, without a request nothing.
    """
    kind, _, name = reference["resource"].partition(".")
    found = container.get("resources", {}).get(kind, {}).get(name)
    if found is None:
        found = ROOM.get(name, "0") if kind == "limits" else "0"
    return str(quantity.count(str(found), str(reference.get("divisor", "1"))))


async def resolve(
    pod: JSONObject, container: JSONObject, read: Reader, service: Mapping[str, str]
) -> dict[str, str]:
    """Make a container's environment; ConfigError where a source is missing.

    `service` are the variables that say where the API server is; a container's own come first.
    """
    known: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        known.update(await _all_of(source, read))
    for entry in container.get("env", ()):
        if "valueFrom" in entry:
            value = await _value(pod, container, entry["valueFrom"], read)
            if value is not None:
                known[entry["name"]] = value
        else:
            known[entry["name"]] = expand(entry.get("value", ""), {**service, **known})
    return {**service, **known}


async def _all_of(source: JSONObject, read: Reader) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for key, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
        if key in source:
            data = await read(kind, source[key]["name"])
            if data is None and not source[key].get("optional"):
                raise ConfigError(f'{kind[:-1]} "{source[key]["name"]}" not found')
            return {prefix + name: value for name, value in (data or {}).items()}
    return {}


async def _value(
    pod: JSONObject, container: JSONObject, source: JSONObject, read: Reader
) -> str | None:
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return resource(container, source["resourceFieldRef"])
    for key, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if key in source:
            reference = source[key]
            data = await read(kind, reference["name"])
            value = None if data is None else data.get(reference["key"])
            if value is None and not reference.get("optional"):
                if data is None:
                    raise ConfigError(f'{kind[:-1]} "{reference["name"]}" not found')
                where = f"{'ConfigMap' if kind == 'configmaps' else 'Secret'} {reference['name']}"
                raise ConfigError(f"couldn't find key {reference['key']} in {where}")
            return value
    raise ConfigError(f"unsupported valueFrom: {sorted(source)}")
