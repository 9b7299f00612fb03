"""The shape of what users write in a template, as far as the operator reads or completes it.

`template` asks it first. All else of a template is the API server's to judge, which names what is
wrong better than anybody; but what is no mapping, or no list, never gets as far as there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cronwright.errors import FieldError
from cronwright.model.depth import check_depth

JSONObject = Mapping[str, Any]


def check_shape(template: JSONObject) -> None:
    """Check a Job template; FieldError names the first field that has the wrong shape."""
    check_depth("spec.jobTemplate", template)
    job, job_path = _mapping(template, "spec", "spec.jobTemplate")
    for key in ("activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        _check_seconds(job.get(key), f"{job_path}.{key}")
    pod, pod_path = _mapping(job, "template", job_path)
    for parent, path in ((template, "spec.jobTemplate"), (pod, pod_path)):
        metadata, metadata_path = _mapping(parent, "metadata", path)
        for key in ("labels", "annotations"):
            _mapping(metadata, key, metadata_path)
    spec, spec_path = _mapping(pod, "spec", pod_path)
    for key in ("initContainers", "containers"):
        for container, path in _items(spec, key, spec_path):
            check_container(container, path)


def check_container(container: JSONObject, path: str) -> None:
    """Check a container, as far as its environment is added to."""
    check_depth(path, container)
    for entry, entry_path in _items(container, "env", path):
        name = entry.get("name")
        if name is not None and not isinstance(name, str):
            raise FieldError(f"{entry_path}.name", name, "not a text", "write the variable's name")


def _check_seconds(value: object, path: str) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise FieldError(path, value, "not an integer", "write a number of seconds, such as 600")


def _mapping(parent: JSONObject, key: str, path: str) -> tuple[JSONObject, str]:
    value, path = parent.get(key), f"{path}.{key}"
    if value is None:
        return {}, path
    if not isinstance(value, dict):
        raise FieldError(path, value, "not an object", "write a mapping")
    return value, path


def _items(parent: JSONObject, key: str, path: str) -> Iterator[tuple[JSONObject, str]]:
    value, path = parent.get(key), f"{path}.{key}"
    if value is not None and not isinstance(value, list):
        raise FieldError(path, value, "not a list", "write a list")
    for place, item in enumerate(value or ()):
        if not isinstance(item, dict):
            raise FieldError(f"{path}[{place}]", item, "not an object", "write a mapping")
        yield item, f"{path}[{place}]"
