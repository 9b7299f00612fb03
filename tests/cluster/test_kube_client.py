"""The raw client against a real API server: what its tests elsewhere take for granted."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cronwright.core.tail import encoded_size
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.kube.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthorized,
)
from tests.cluster.cluster import Cluster
from tests.cluster.tasks import SELDOM, job_template

pytestmark = pytest.mark.cluster

STRICT = {"fieldValidation": "Strict"}


def cronjob(name: str, **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"schedule": SELDOM, "suspend": True, "jobTemplate": job_template("exit 0")},
    }


def at_version(version: str, *ops: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *ops]


async def test_an_object_from_its_creation_to_its_end(client: Client, namespace: str) -> None:
    path = paths.cronjobs(namespace, "a")
    body = await client.create(paths.cronjobs(namespace), cronjob("a"), STRICT)
    first = body["metadata"]["resourceVersion"]
    rename = {"op": "add", "path": "/spec/timeZone", "value": "Europe/Paris"}

    patched = await client.json_patch(path, at_version(first, rename), STRICT)
    merged = await client.merge_patch(path, {"spec": {"timeZone": None}})
    merged["spec"]["suspend"] = False
    replaced = await client.replace(path, merged)
    listed = [
        item
        async for page in client.list_pages(paths.cronjobs(namespace))
        for item in page["items"]
    ]
    await client.delete(path, {"propagationPolicy": "Background"})

    assert patched["spec"]["timeZone"] == "Europe/Paris"
    assert "timeZone" not in merged["spec"]
    assert [item["spec"] for item in listed] == [replaced["spec"]]
    with pytest.raises(NotFound, match='"a" not found'):
        await client.get(path)


async def test_refusals(client: Client, namespace: str) -> None:
    path = paths.cronjobs(namespace, "a")
    body = await client.create(paths.cronjobs(namespace), cronjob("a"))
    version = body["metadata"]["resourceVersion"]
    resume = {"op": "replace", "path": "/spec/suspend", "value": False}
    nonsense = {"op": "replace", "path": "/spec/schedule", "value": "x"}
    unknown = {"op": "add", "path": "/spec/foo", "value": "x"}

    with pytest.raises(AlreadyExists):
        await client.create(paths.cronjobs(namespace), cronjob("a"))
    with pytest.raises(BadRequest, match=r'unknown field "spec\.foo"'):
        await client.create(paths.cronjobs(namespace), {**cronjob("b"), "spec": {"foo": 1}}, STRICT)
    with pytest.raises(Conflict):
        await client.json_patch(path, at_version("1", resume))
    body["metadata"]["resourceVersion"] = "1"
    with pytest.raises(Conflict):
        await client.replace(path, body)
    with pytest.raises(Invalid, match=r"spec\.schedule: Invalid value") as caught:
        await client.json_patch(path, at_version(version, nonsense))
    assert [cause["field"] for cause in caught.value.details["causes"]] == ["spec.schedule"]
    with pytest.raises(Invalid) as caught:
        await client.json_patch(path, at_version(version, unknown), STRICT)
    assert str(caught.value) == 'strict decoding error: unknown field "spec.foo"'


async def test_pages_and_metadata_alone(client: Client, namespace: str) -> None:
    for name in "abcde":
        await client.create(paths.cronjobs(namespace), cronjob(name))
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    pages = [page async for page in client.list_pages(paths.cronjobs(namespace), limit=2)]
    names = [[item["metadata"]["name"] for item in page["items"]] for page in pages]
    metadata = [page async for page in client.list_pages(paths.cronjobs(namespace), accept=accept)]
    nothing = [page async for page in client.list_pages(paths.jobs(namespace), accept=accept)]

    assert names == [["a", "b"], ["c", "d"], ["e"]]
    assert [item["metadata"]["name"] for item in metadata[0]["items"]] == list("abcde")
    assert all("spec" not in item for item in metadata[0]["items"])
    assert [page["items"] for page in nothing] == [[]]


async def test_a_watch_from_long_ago(client: Client, namespace: str) -> None:
    # Of a resource that the API server has not served from its first moment on: there may be one
    # that it remembers as long.
    path = paths.scheduledtasks(namespace)
    with pytest.raises(Gone, match="too old"):
        async with client.watch(path, {"resourceVersion": "1"}) as events:
            [event async for event in events]


async def test_a_token_of_a_file_takes_the_kubeconfigs_place(
    cluster: Cluster, client: Client, namespace: str, tmp_path: Path
) -> None:
    path = paths.service_account_token(namespace, "default")
    answer = await client.create(path, {"spec": {"expirationSeconds": 600}})
    file = tmp_path / "token"
    file.write_text(answer["status"]["token"])
    credentials = await load_credentials(str(cluster.kubeconfig), file)
    review = {"spec": {"token": answer["status"]["token"]}}
    user = f"system:serviceaccount:{namespace}:default"

    async with Client(credentials) as weaker:
        with pytest.raises(Forbidden, match=user):
            await weaker.get(paths.cronjobs(namespace))
        file.write_text("nonsense")
        with pytest.raises(Unauthorized):
            await weaker.get(paths.cronjobs(namespace))
    status = (await client.create(paths.token_reviews(), review))["status"]
    assert (status["authenticated"], status["user"]["username"]) == (True, user)


async def test_nobody_is_told_anything(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"] = [{"name": each["name"], "user": {}} for each in config["users"]]
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    async with Client(await load_credentials(str(file))) as nobody:
        with pytest.raises(ApiError) as caught:
            await nobody.get(paths.cronjobs(namespace))
    assert isinstance(caught.value, (Unauthorized, Forbidden))


async def test_text_is_measured_as_it_is_stored(client: Client, namespace: str) -> None:
    text = '<&>\u2028\u2029\u0001\x7f\ufffd"\\\n\t aé漢🙂'
    await client.create(paths.cronjobs(namespace), cronjob("a", text=text))

    async with client.stream(paths.cronjobs(namespace, "a")) as content:
        raw = await content.read()
    stored = raw.partition(b'"text":"')[2].partition(b'"},"')[0]

    assert encoded_size(text) == len(stored)
