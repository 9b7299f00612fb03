"""The API server's audit policy: tests and benchmarks count writes in the log that it makes."""

from pathlib import Path

import yaml

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    # A line a request, written when it has been answered, with the moment it came in inside.
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Request",
            "resources": [
                {"group": "cronwright.dev"},
                {
                    "group": "batch",
                    "resources": ["cronjobs", "cronjobs/status", "jobs", "jobs/status"],
                },
            ],
        },
        {"level": "Metadata"},
    ],
}


def write(path: Path) -> None:
    """Write the policy."""
    path.write_text(yaml.safe_dump(POLICY, sort_keys=False))
