"""The environment of a run's containers: which run it is, and the values of its parameters.

`template` puts it into each container; `job` names the run.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from cronwright.core import identity
from cronwright.model.parameter import Parameter
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunNames:
    """What a run's environment calls it; `slot` is RFC 3339, or empty."""

    id: str
    trace: str
    span: str
    slot: str = ""
    attempt: int = 1

    @classmethod
    def of(cls, run_id: str, slot: str = "") -> Self:
        """Name a run by its id."""
        trace = identity.trace_id(run_id)
        return cls(run_id, trace, trace[:16], slot)


def run_entries(task: ScheduledTask, run: RunNames | None) -> list[JSONObject]:
    """List what a run finds in its environment, its parameters apart.

    Of a run that the CronJob controller starts, the id is the Job's UID, which a pod can only
    read from the label that the Job controller sets (Kubernetes 1.27).
    """
    label = f"metadata.labels['{identity.CONTROLLER_UID}']"
    entries: list[JSONObject] = [
        {"name": "CRONWRIGHT_RUN_ID", "value": run.id}
        if run
        else {"name": "CRONWRIGHT_RUN_ID", "valueFrom": {"fieldRef": {"fieldPath": label}}},
        {"name": "CRONWRIGHT_TASK", "value": task.name},
        {"name": "CRONWRIGHT_NAMESPACE", "value": task.namespace},
    ]
    if task.spec.version is not None:
        entries.append({"name": "CRONWRIGHT_VERSION", "value": task.spec.version})
    if task.spec.extensions:
        text = json.dumps(task.spec.extensions, separators=(",", ":"), sort_keys=True)
        entries.append({"name": "CRONWRIGHT_EXTENSIONS", "value": literal(text)})
    if run and run.slot:
        entries.append({"name": "CRONWRIGHT_SLOT", "value": run.slot})
    if run and task.spec.checkpoint and task.status.checkpoint:
        text = task.status.checkpoint
        entries.append({"name": "CRONWRIGHT_CHECKPOINT", "value": literal(text)})
    if task.spec.job_an_attempt:
        number = run.attempt if run else 1
        entries.append({"name": "CRONWRIGHT_ATTEMPT", "value": str(number)})
    if run:
        entries.append({"name": "TRACEPARENT", "value": f"00-{run.trace}-{run.span}-01"})
    return entries


def parameter_entries(
    parameters: Iterable[Parameter], chosen: Mapping[str, str]
) -> list[JSONObject]:
    """List the values of parameters, each under its variable."""
    return [
        {"name": each.variable, "value": literal(chosen[each.name])}
        for each in parameters
        if each.name in chosen
    ]


def set_environment(
    container: JSONObject, run: Iterable[JSONObject], parameters: Iterable[JSONObject]
) -> None:
    """Add entries to a container's environment.

    Those of the run come last, and not under a name that it sets itself. Those of parameters come
    first, in place of its own: what it sets itself may then refer to them.
    """
    own, first = container.get("env") or [], list(parameters)
    taken, replaced = ({each.get("name") for each in entries} for entries in (own, first))
    whole = [*own, *(each for each in run if each["name"] not in taken)]
    container["env"] = [*first, *(each for each in whole if each.get("name") not in replaced)]


def literal(text: str) -> str:
    """Write a value that Kubernetes doesn't interpret: there $(NAME) is a reference, and $$ a $."""
    return text.replace("$", "$$")
