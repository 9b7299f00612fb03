"""Whether a task that stands has the content that a caller registers under its id again.

`tasks` asks where an id is taken. What the caller left out is taken as the server would store
it: with the CRD's defaults. Labels and annotations that others added are their business.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from cronwright.api.submission import Submission
from cronwright.model.spec import TaskSpec

_DEFAULTS: Final[Mapping[str, Any]] = TaskSpec().model_dump(
    mode="json", by_alias=True, exclude_none=True
)

_PARAMETER: Final = {"type": "string", "required": False}


class Difference(NamedTuple):
    """A field of the manifest that differs, and its value as it stands; None where absent."""

    field: str
    standing: object
    wanted: object


def differences(wanted: Submission, standing: Mapping[str, Any]) -> list[Difference]:
    """List the fields in which a stored task differs from what a caller wants."""
    metadata = standing["metadata"]
    return [
        *_differing("spec", _stored(wanted.spec), _stored(standing.get("spec") or {})),
        *_missing("metadata.labels", wanted.labels, metadata.get("labels") or {}),
        *_missing("metadata.annotations", wanted.annotations, metadata.get("annotations") or {}),
    ]


def _stored(spec: Mapping[str, Any]) -> dict[str, Any]:
    logs = {**_DEFAULTS["logs"], **(spec.get("logs") or {})}
    stored = {**_DEFAULTS, **spec, "logs": logs}
    if "parameters" in spec:
        stored["parameters"] = [{**_PARAMETER, **each} for each in spec["parameters"]]
    return stored


def _differing(
    path: str, wanted: Mapping[str, Any], standing: Mapping[str, Any]
) -> Iterator[Difference]:
    for key in sorted(wanted.keys() | standing.keys()):
        if wanted.get(key) != standing.get(key):
            yield Difference(f"{path}.{key}", standing.get(key), wanted.get(key))


def _missing(
    path: str, wanted: Mapping[str, Any], standing: Mapping[str, Any]
) -> Iterator[Difference]:
    for key in sorted(wanted):
        if wanted[key] != standing.get(key):
            yield Difference(f"{path}.{key}", standing.get(key), wanted[key])
