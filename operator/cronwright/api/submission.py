"""Reads a task out of what a caller sent, in any of the three forms, into a manifest.

The route of POST /tasks comes here with the body, and goes on to `tasks` with the manifest. The
spec is passed on as it was written; only what is null is left out, as Kubernetes has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from pydantic import ValidationError

from cronwright.api.faults import read_form
from cronwright.api.forms import (
    FlatTask,
    ManifestMetadata,
    TaskManifest,
    TaskMetadata,
    TaskWithSpec,
)
from cronwright.api.names import NAME_LABEL
from cronwright.api.problem import Fault
from cronwright.api.timing import ALTERNATIVES, timing_faults
from cronwright.core.parameters import check_declared
from cronwright.errors import FieldError
from cronwright.model import API_VERSION, KIND
from cronwright.model.spec import TaskSpec

_MANIFEST_KEYS: Final = {"apiVersion", "kind", "metadata"}


@dataclass(frozen=True, slots=True)
class Submission:
    """A task that a caller wants registered.

    `unwritten` are the prefixes of a manifest's fields that the caller's form doesn't have.
    """

    id: str
    namespace: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]
    unwritten: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any], new_id: Callable[[], str]) -> Self:
        """Read a body; a problem that names every field that is wrong."""
        body = _without_nulls(body)
        for part in ("metadata", "spec"):
            if isinstance(body.get(part), dict):
                body[part] = _without_nulls(body[part])
        if _MANIFEST_KEYS & body.keys():
            manifest = read_form(TaskManifest, body, _known(body.get("spec"), "spec."))
            return cls._of(manifest.metadata, None, body["spec"], (), new_id)
        if "spec" in body:
            task = read_form(TaskWithSpec, body, _known(body["spec"], "spec."))
            return cls._of(task, task.id, body["spec"], ("metadata.",), new_id)
        flat = read_form(FlatTask, body, _known(body, ""))
        spec = {key: value for key, value in body.items() if key not in TaskMetadata.model_fields}
        return cls._of(flat, flat.id, spec, ("metadata.", "spec."), new_id)

    @classmethod
    def _of(
        cls,
        metadata: ManifestMetadata,
        given_id: str | None,
        spec: Mapping[str, Any],
        unwritten: tuple[str, ...],
        new_id: Callable[[], str],
    ) -> Self:
        labels = dict(metadata.labels or {})
        if given_id and metadata.name:
            labels[NAME_LABEL] = metadata.name
        return cls(
            id=given_id or metadata.name or new_id(),
            namespace=metadata.namespace,
            labels=labels,
            annotations=metadata.annotations or {},
            spec=spec,
            unwritten=unwritten,
        )

    def manifest(self, namespace: str) -> dict[str, Any]:
        """Return the ScheduledTask to create."""
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {
                "name": self.id,
                "namespace": namespace,
                "labels": dict(self.labels),
                "annotations": dict(self.annotations),
            },
            "spec": dict(self.spec),
        }

    def written(self, field: str) -> str:
        """Return a manifest's field as the caller's form has it: `schedule`, `spec.schedule`."""
        for prefix in self.unwritten:
            field = field.removeprefix(prefix)
        return field

    def told(self, fault: Fault) -> Fault:
        """Return a fault of the manifest in the caller's form, with the value that they wrote."""
        if not fault.field:
            return fault
        field = self.written(fault.field)
        value: Any = {"spec": self.spec, "metadata": {"labels": self.labels}}
        for part in fault.field.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return replace(fault, field=field)
            value = value[part]
        return replace(fault, field=field, value=value)


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if each is not None}


def _known(spec: object, prefix: str) -> list[Fault]:
    """List what is wrong with a spec that its model doesn't see."""
    if not isinstance(spec, Mapping):
        return []
    return [*timing_faults(spec, prefix), *_parameter_faults(spec, prefix)]


def _parameter_faults(spec: Mapping[str, Any], prefix: str) -> list[Fault]:
    given = {key: spec[key] for key in ("parameters", *ALTERNATIVES) if key in spec}
    try:
        check_declared(TaskSpec.model_validate(given))
    except FieldError as error:
        field = prefix + error.field.removeprefix("spec.")
        return [Fault(f"{field}: {error.problem}", field, error.value, error.remedy)]
    except ValidationError:
        return []  # the model names it
    return []
