"""Whose a CronJob is: taken names, adoption, and drift that is put right."""

from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import SELDOM, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

ADOPT = "cronwright.dev/adopt"
OWN_LABELS = {"app.kubernetes.io/name": "reports"}
TRACKING_LABELS = {"app.kubernetes.io/instance": "shop", "kustomize.toolkit.fluxcd.io/name": "shop"}
TRACKING_ANNOTATIONS = {"argocd.argoproj.io/tracking-id": "shop:batch/CronJob:ns/report"}


def cronjob(name: str, script: str = "exit 0") -> dict[str, Any]:
    """Make a CronJob such as Argo CD or Flux would have left it."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": name,
            "labels": {**OWN_LABELS, **TRACKING_LABELS},
            "annotations": {**TRACKING_ANNOTATIONS, "team": "data"},
        },
        "spec": {"schedule": SELDOM, "jobTemplate": job_template(script)},
    }


async def test_a_cronjob_of_somebody_else_is_left_alone(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    theirs = await client.create(paths.cronjobs(tasks.namespace), cronjob("taken"))
    await tasks.create("taken")
    condition = await tasks.refused("taken")

    assert condition["reason"] == "NameTaken"
    assert condition["message"] == (
        'a CronJob named "taken" stands that is not this task\'s; delete or rename it, or set '
        'the annotation cronwright.dev/adopt: "true" to take it over'
    )
    found = await tasks.cronjob("taken")
    assert found["metadata"]["resourceVersion"] == theirs["metadata"]["resourceVersion"]


async def test_a_taken_name_becomes_free(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await client.create(paths.cronjobs(tasks.namespace), cronjob("freed"))
    await tasks.create("freed")
    await tasks.refused("freed")
    await client.delete(paths.cronjobs(tasks.namespace, "freed"))

    await tasks.ready("freed", timeout=45.0)


async def test_a_cronjob_is_adopted_with_its_running_job(
    tasks: Tasks, operator: OperatorProcess, client: Client, kubectl: Kubectl
) -> None:
    script = "echo from before; sleep 4; echo the end"
    theirs = await client.create(paths.cronjobs(tasks.namespace), cronjob("adopted", script))
    await kubectl("create", "job", "already-running", "--from=cronjob/adopted")

    async def started() -> bool:
        (job,) = await tasks.jobs()
        return bool(job["status"].get("active"))

    await until(started)
    await tasks.create("adopted", annotations={ADOPT: "true"}, jobTemplate=job_template(script))
    await tasks.ready("adopted")
    ours = await tasks.cronjob("adopted")

    metadata = ours["metadata"]
    assert metadata["uid"] == theirs["metadata"]["uid"]
    assert metadata["labels"] == {
        **OWN_LABELS,
        "cronwright.dev/task": "adopted",
        "app.kubernetes.io/managed-by": "cronwright",
    }
    assert metadata["annotations"].keys() == {"team", "cronwright.dev/template-hash"}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("ScheduledTask", "adopted", True)
    record = (await tasks.ended("adopted"))["lastRun"]
    assert (record["name"], record["verdict"]) == ("already-running", "Succeeded")
    assert (record["captured"], record["logTail"]) == ("Full", "from before\nthe end\n")


async def test_the_annotation_may_come_after_the_refusal(
    tasks: Tasks, operator: OperatorProcess, client: Client, kubectl: Kubectl
) -> None:
    await client.create(paths.cronjobs(tasks.namespace), cronjob("later"))
    await tasks.create("later")
    await tasks.refused("later")
    await kubectl("annotate", "scheduledtask", "later", f"{ADOPT}=true")

    await tasks.ready("later")


async def test_a_cronjob_of_another_controller_is_not_even_adopted(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("other")
    other = await tasks.get("other")
    owner = {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "name": "other",
        "uid": other["metadata"]["uid"],
        "controller": True,
    }
    theirs = cronjob("controlled")
    theirs["metadata"]["ownerReferences"] = [owner]
    await client.create(paths.cronjobs(tasks.namespace), theirs)
    await tasks.create("controlled", annotations={ADOPT: "true"})

    assert (await tasks.refused("controlled"))["reason"] == "NameTaken"


async def test_drift_is_put_right(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl, client: Client
) -> None:
    await tasks.create("drifts", container=shell("exit 0"))
    await tasks.ready("drifts")
    before = await tasks.cronjob("drifts")
    patch = '{"spec": {"suspend": true, "schedule": "* * * * *", "concurrencyPolicy": "Replace"}}'
    await kubectl("patch", "cronjob", "drifts", "--type=merge", "-p", patch)

    async def restored() -> bool:
        found = await tasks.cronjob("drifts")
        assert found["spec"] == before["spec"]
        assert found["metadata"]["generation"] > before["metadata"]["generation"]
        return True

    await until(restored)
    # Metadata is shared: what others write there stays.
    await kubectl("annotate", "cronjob", "drifts", "team=data")
    await tasks.edit("drifts", timeout="60s")
    await tasks.ready("drifts")
    found = await tasks.cronjob("drifts")
    assert found["metadata"]["annotations"]["team"] == "data"
    assert await tasks.jobs() == []


async def test_a_foreign_container_does_not_stay(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("intruded")
    await tasks.ready("intruded")
    path = "/spec/jobTemplate/spec/template/spec/containers/-"
    intruder = {"name": "intruder", **shell("exit 0")}
    await client.json_patch(
        paths.cronjobs(tasks.namespace, "intruded"),
        [{"op": "add", "path": path, "value": intruder}],
    )

    async def removed() -> bool:
        spec = (await tasks.cronjob("intruded"))["spec"]
        pod = spec["jobTemplate"]["spec"]["template"]["spec"]
        return [each["name"] for each in pod["containers"]] == ["task"]

    await until(removed)


async def test_a_deleted_cronjob_is_made_anew(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("remade")
    await tasks.ready("remade")
    before = await tasks.cronjob("remade")
    await tasks.client.delete(paths.cronjobs(tasks.namespace, "remade"))

    async def remade() -> bool:
        cronjobs = await tasks.client.get(paths.cronjobs(tasks.namespace))
        found = cronjobs["items"][0]
        return bool(found["metadata"]["uid"] != before["metadata"]["uid"])

    await until(remade)
    await tasks.ready("remade")
    assert (await tasks.run("remade"))["verdict"] == "Succeeded"


async def test_a_cronjob_whose_labels_were_taken_off_is_found_again(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("unlabelled")
    await tasks.ready("unlabelled")
    bare = {"metadata": {"labels": None, "annotations": None}}
    await client.merge_patch(paths.cronjobs(tasks.namespace, "unlabelled"), bare)

    async def labelled() -> bool:
        metadata = (await tasks.cronjob("unlabelled"))["metadata"]
        return bool(metadata.get("labels", {}).get("cronwright.dev/task") == "unlabelled")

    await until(labelled)


async def test_a_deleted_task_takes_its_children_along(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("goes", container=shell("exec sleep 300"))
    await tasks.ready("goes")
    await tasks.start_job("goes", "goes-by-hand")
    await tasks.running("goes")
    await tasks.delete("goes")

    async def gone() -> bool:
        for path in (paths.cronjobs, paths.jobs, paths.pods):
            assert (await client.get(path(tasks.namespace)))["items"] == []
        return True

    await until(gone, 45.0)


async def test_a_task_made_anew_waits_for_the_old_ones_cronjob_to_go(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("again", schedule=SELDOM)
    await tasks.ready("again")
    path = paths.cronjobs(tasks.namespace, "again")
    await client.merge_patch(path, {"metadata": {"finalizers": ["tests.example/hold"]}})
    await tasks.delete("again")
    new = await tasks.create("again", schedule="0 0 2 2 *")
    assert (await tasks.refused("again"))["reason"] == "NameTaken"
    await client.merge_patch(path, {"metadata": {"finalizers": None}})

    await tasks.ready("again", timeout=10.0)
    cronjob = await tasks.cronjob("again")
    assert cronjob["metadata"]["ownerReferences"][0]["uid"] == new["metadata"]["uid"]
