"""A container's environment and command line, by the kubelet's rules.

https://kubernetes.io/docs/tasks/inject-data-application/ names the sources; `$(NAME)` refers to
what stands before it, `$$` is a dollar sign, and what is not known stays as written.
"""

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

JSONObject = dict[str, Any]

# Reads a ConfigMap or Secret as text: (kind, name) -> data, None where there is none.
Reader = Callable[[str, str], Awaitable[Mapping[str, str] | None]]

_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


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
        return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items()))
    raise ConfigError(f"unsupported fieldPath: {path}")


def resource(container: JSONObject, reference: JSONObject) -> str:
    """Read a resource limit or request of a container; without one, all the machine has."""
    kind, _, name = reference["resource"].partition(".")
    quantity = container.get("resources", {}).get(kind, {}).get(name)
    if quantity is None:
        quantity = os.cpu_count() if name == "cpu" else 0
    return str(quantity)


async def resolve(pod: JSONObject, container: JSONObject, read: Reader) -> dict[str, str]:
    """Make a container's environment; ConfigError where a source is missing."""
    known: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        known.update(await _all_of(source, read))
    for entry in container.get("env", ()):
        if "valueFrom" in entry:
            value = await _value(pod, container, entry["valueFrom"], read)
            if value is not None:
                known[entry["name"]] = value
        else:
            known[entry["name"]] = expand(entry.get("value", ""), known)
    return known


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
                missing = f'{kind[:-1]} "{reference["name"]}"'
                if data is not None:
                    missing = f"key {reference['key']} in {missing}"
                raise ConfigError(f"{missing} not found")
            return value
    raise ConfigError(f"unsupported valueFrom: {sorted(source)}")
