"""The baseline: the same job as Kopf's documentation teaches it.

Handlers of creation, resumption and change; the kubernetes client for the CronJob, which belongs
to the task by an owner reference; the outcome through the patch that Kopf sends. It does less
than Cronwright (no drift, no runs, no records), nothing of it is slowed down, and Kopf's settings
are its defaults.

Run it with `kopf run --standalone --namespace NAMESPACE tests/bench/textbook.py`.
"""

from datetime import UTC, datetime
from typing import Any

import kopf
import kubernetes

GROUP, VERSION, PLURAL = "cronwright.dev", "v1alpha1", "scheduledtasks"


@kopf.on.startup()
def configure(**_: Any) -> None:
    """Load the credentials once; every call shares the client and its connections."""
    kubernetes.config.load_kube_config()  # type: ignore[no-untyped-call]


def cronjob(name: str, spec: kopf.Spec) -> Any:
    """Make the CronJob of a task."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {
            "schedule": spec["schedule"],
            "timeZone": spec.get("timeZone", "Etc/UTC"),
            "concurrencyPolicy": spec.get("concurrencyPolicy", "Allow"),
            "suspend": spec.get("suspend", False),
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 0,
                    "template": {
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{"name": "task", **spec["container"]}],
                        }
                    },
                }
            },
        },
    }


def accept(patch: kopf.Patch, meta: kopf.Meta) -> None:
    """Say in the status that the task is taken in."""
    patch.status["observedGeneration"] = meta["generation"]
    patch.status["conditions"] = [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Reconciled",
            "message": "the CronJob stands",
            "lastTransitionTime": datetime.now(UTC).isoformat(timespec="seconds"),
            "observedGeneration": meta["generation"],
        }
    ]


@kopf.on.create(GROUP, VERSION, PLURAL)
def create(
    name: str, namespace: Any, spec: kopf.Spec, meta: kopf.Meta, patch: kopf.Patch, **_: Any
) -> None:
    """Create the CronJob of a new task."""
    body = cronjob(name, spec)
    kopf.adopt(body)
    try:
        kubernetes.client.BatchV1Api().create_namespaced_cron_job(namespace, body)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
    accept(patch, meta)


@kopf.on.update(GROUP, VERSION, PLURAL, field="spec")
@kopf.on.resume(GROUP, VERSION, PLURAL)
def update(
    name: str, namespace: Any, spec: kopf.Spec, meta: kopf.Meta, patch: kopf.Patch, **_: Any
) -> None:
    """Bring the CronJob of a known task up to date."""
    body = cronjob(name, spec)
    kopf.adopt(body)
    kubernetes.client.BatchV1Api().patch_namespaced_cron_job(name, namespace, body)
    accept(patch, meta)
