"""The rules that the API server checks itself, with messages that say what to write.

spec.py attaches them to its fields; openapi.py carries them into the CRD. A rule sees declared
properties only, so what a rule touches is declared here and the rest is preserved as it comes.
"""

from typing import Any, Final

# A CronJob's own limit: the name of each of its Jobs adds 11 characters, and 63 are all.
NAME_LENGTH: Final = 52

NAME_RULES: Final[list[dict[str, Any]]] = [
    {
        "rule": f"self.metadata.name.size() <= {NAME_LENGTH}",
        "message": f"metadata.name must be no more than {NAME_LENGTH} characters, because each "
        "run's Job adds 11 to it; write a shorter name",
    }
]

ONE_TEMPLATE: Final[list[dict[str, Any]]] = [
    {
        "rule": "has(self.container) || has(self.jobTemplate)",
        "message": "neither container nor jobTemplate is given; write container (image and "
        "command) or a CronJob's jobTemplate",
    },
    {
        "rule": "!(has(self.container) && has(self.jobTemplate))",
        "message": "both container and jobTemplate are given; remove one of them",
    },
]

ONE_SCHEDULE: Final[list[dict[str, Any]]] = [
    {
        "rule": "[has(self.schedule), has(self.schedules), has(self.every), has(self.at)]"
        ".filter(given, given).size() <= 1",
        "message": "more than one of schedule, schedules, every and at is given; remove all but "
        "one",
    }
]

TIMEOUT: Final[dict[str, Any]] = {
    "x-kubernetes-validations": [
        {
            "rule": "self.matches('[1-9]')",
            "message": "a timeout must be longer than zero; write one such as 90s or 1h30m, or "
            "remove it",
        }
    ]
}

# The pod's restart policy is Always unless it is given, and no Job may have that one.
_POD_SPEC: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["containers"],
    "properties": {
        "containers": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
        "restartPolicy": {"type": "string", "maxLength": 32},
    },
    "x-kubernetes-preserve-unknown-fields": True,
    "x-kubernetes-validations": [
        {
            "rule": "has(self.restartPolicy) && self.restartPolicy in ['Never', 'OnFailure']",
            "message": "a run's Pod must end; write restartPolicy: Never or OnFailure",
        }
    ],
}


def _inner(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: schema},
        "x-kubernetes-preserve-unknown-fields": True,
    }


JOB_TEMPLATE: Final[dict[str, Any]] = _inner("spec", _inner("template", _inner("spec", _POD_SPEC)))

CONTAINER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "name": {
            "type": "string",
            "maxLength": 63,
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "description": "The container's name; task where it is left out.",
        },
        "image": {"type": "string", "minLength": 1, "description": "The image to run."},
        "command": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What to run in place of the image's entry point.",
        },
        "args": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The arguments of the command, or of the image's entry point.",
        },
    },
    "x-kubernetes-preserve-unknown-fields": True,
}
