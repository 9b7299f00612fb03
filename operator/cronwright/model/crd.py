"""The CustomResourceDefinition, made from the models; crds/ and the chart hold its YAML.

`cronwright crd` prints it. A test holds the committed file against it, another applies it to
an API server.
"""

from typing import Any

import yaml

from cronwright.model import GROUP, KIND, PLURAL, VERSION
from cronwright.model.cel import NAME_RULES
from cronwright.model.openapi import structural_schema, without_defaults
from cronwright.model.spec import TaskSpec
from cronwright.model.status import TaskStatus

SHORT_NAME = "stask"
CATEGORY = "cronwright"

_HEADER = "# Made from operator/cronwright/model/ by `make crds`; edit the models, not this file.\n"


def crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition of ScheduledTask."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": [SHORT_NAME],
                "categories": [CATEGORY],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": _root_schema()},
                }
            ],
        },
    }


def crd_yaml() -> str:
    """Return the CRD as the YAML that is committed."""
    return _HEADER + yaml.dump(crd(), Dumper=_PlainDumper, sort_keys=False, width=100)


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Write each value out where it stands: anchors are hard to read and to diff."""
        return True


def _columns() -> list[dict[str, Any]]:
    wide = {"priority": 1}
    return [
        # As it is followed: an interval, a one-shot and several expressions show here too.
        _column("Schedule", ".status.schedule"),
        _column("Time zone", ".spec.timeZone") | wide,
        _column("Mode", ".status.mode") | wide,
        _column("Suspend", ".spec.suspend", "boolean"),
        _column("Active", ".status.activeCount", "integer"),
        _column("Last run", ".status.lastRunTime", "date"),
        _column("Last result", ".status.lastRun.verdict"),
        # A date column shows an age, and "<invalid>" for a time to come.
        _column("Next run", ".status.nextRunTime"),
        _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        _column("Age", ".metadata.creationTimestamp", "date"),
    ]


def _column(name: str, path: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path}


def _root_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A task that runs on a schedule: one CronJob, and what came of its runs.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(TaskSpec),
            "status": without_defaults(structural_schema(TaskStatus)),
        },
        "x-kubernetes-validations": NAME_RULES,
    }
