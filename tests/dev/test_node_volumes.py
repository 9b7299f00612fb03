"""The volumes of pods on the local node."""

import asyncio
import os
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.waiting import until
from tests.dev.pods import STAYS, Pods, container, main_state

pytestmark = pytest.mark.cluster

LIST = "cd /v; for f in $(find . -type f | sort); do echo $f $(stat -c %a $f): $(cat $f); done"


def mounted(script: str = LIST, **more: Any) -> dict[str, Any]:
    return container(script, volumeMounts=[{"name": "v", "mountPath": "/v", **more}])


@pytest.fixture
async def sources(pods: Pods, client: Client) -> None:
    core = f"/api/v1/namespaces/{pods.namespace}"
    data = {"metadata": {"name": "files"}, "data": {"a": "one", "b": "two"}}
    secret = {"metadata": {"name": "login"}, "stringData": {"password": "secret"}}
    await asyncio.gather(
        client.create(f"{core}/configmaps", {**data, "binaryData": {"c": "dGhyZWU="}}),
        client.create(f"{core}/secrets", secret),
    )


async def start(pods: Pods, name: str, volume: dict[str, Any], **spec: Any) -> None:
    await pods.start(name, spec.pop("main", mounted()), volumes=[{"name": "v", **volume}], **spec)


@pytest.mark.usefixtures("sources")
async def test_configmaps_and_secrets(pods: Pods) -> None:
    chosen = [{"key": "a", "path": "deep/er", "mode": 0o600}, {"key": "b", "path": "bee"}]
    missing = {"name": "missing", "optional": True}
    volumes: dict[str, dict[str, Any]] = {
        "all": {"configMap": {"name": "files"}},
        "items": {"configMap": {"name": "files", "items": chosen, "defaultMode": 0o640}},
        "none": {"configMap": missing},
        "secret": {"secret": {"secretName": "login", "defaultMode": 0o400}},
        "no-secret": {"secret": {"secretName": "missing", "optional": True}},
        "projected": {
            "projected": {
                "sources": [
                    {"configMap": {"name": "files", "items": chosen[:1]}},
                    {"secret": {"name": "login"}},
                    {"secret": missing},
                ]
            }
        },
    }
    for name, volume in volumes.items():
        await start(pods, name, volume)
    assert dict(zip(volumes, await pods.outputs(*volumes), strict=True)) == {
        "all": "./a 644: one\n./b 644: two\n./c 644: three\n",
        "items": "./bee 640: two\n./deep/er 600: one\n",
        "none": "",
        "secret": "./password 400: secret\n",
        "no-secret": "",
        "projected": "./deep/er 600: one\n./password 644: secret\n",
    }


@pytest.mark.usefixtures("sources")
async def test_what_shows_the_api_is_read_only(pods: Pods) -> None:
    await start(pods, "pod", {"configMap": {"name": "files"}}, main=mounted("echo x > /v/a"))
    (status,) = await pods.ended("pod")
    assert status["phase"] == "Failed"
    assert "Read-only file system" in await pods.output("pod")


@pytest.mark.usefixtures("sources")
async def test_a_part_of_a_volume(pods: Pods) -> None:
    main = container(
        "cat /one; echo; echo deep > /dir/x; cat /v/here/x",
        env=[{"name": "PLACE", "value": "here"}],
        volumeMounts=[
            {"name": "files", "mountPath": "/one", "subPath": "a"},
            {"name": "v", "mountPath": "/dir", "subPathExpr": "$(PLACE)"},
            {"name": "v", "mountPath": "/v", "readOnly": True},
        ],
    )
    files = {"name": "files", "configMap": {"name": "files"}}
    await pods.start("pod", main, volumes=[files, {"name": "v", "emptyDir": {}}])
    assert await pods.outputs("pod") == ["one\ndeep\n"]


async def test_an_emptydir_is_shared_by_its_pod_and_by_no_other(pods: Pods) -> None:
    mount = [{"name": "v", "mountPath": "/v"}]
    writer = container("echo of $HOSTNAME > /v/file", "writer", volumeMounts=mount)
    for name in ("one", "two"):
        await start(pods, name, {"emptyDir": {}}, initContainers=[writer])
    assert await pods.outputs("one", "two") == [
        "./file 644: of one\n",
        "./file 644: of two\n",
    ]


async def test_the_downward_api_as_files(pods: Pods) -> None:
    items = [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}, "mode": 0o600},
        {
            "path": "cpu",
            "resourceFieldRef": {
                "containerName": "main",
                "resource": "limits.cpu",
                "divisor": "1m",
            },
        },
    ]
    labels = {"a": "1", "b": "2"}
    main = {**mounted(), "resources": {"limits": {"cpu": "0.25"}}}
    volume = {"downwardAPI": {"items": items}}
    await start(pods, "pod", volume, main=main, metadata={"labels": labels})
    assert await pods.outputs("pod") == [
        './cpu 644: 250\n./labels 644: a="1" b="2"\n./name 600: pod\n'
    ]


async def test_a_missing_source_holds_the_pod_until_it_comes(pods: Pods, client: Client) -> None:
    await start(pods, "pod", {"configMap": {"name": "late"}})
    body = await pods.until("pod", lambda status: "message" in main_state(status)["waiting"])
    assert main_state(body["status"])["waiting"] == {
        "reason": "ContainerCreating",
        "message": 'configmap "late" not found',
    }
    path = f"/api/v1/namespaces/{pods.namespace}/configmaps"
    await client.create(path, {"metadata": {"name": "late"}, "data": {"a": "here"}})
    assert await pods.outputs("pod") == ["./a 644: here\n"]


async def test_the_token_is_the_pods_own(pods: Pods, client: Client) -> None:
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    token = {"serviceAccountToken": {"path": "token", "audience": "vault"}}
    main = container(
        f"cat {place}/namespace; echo; grep -c BEGIN {place}/ca.crt; cat {place}/token; echo; "
        f"cat /v/token; echo; {STAYS}",
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
    )
    await start(pods, "pod", {"projected": {"sources": [token]}}, main=main)
    (body,) = await pods.running("pod")

    async def lines() -> list[str]:
        found = (await pods.output("pod")).splitlines()
        assert len(found) == 4
        return found

    namespace, certificates, own, other = await until(lines, every=0.05)
    assert (namespace, certificates) == (pods.namespace, "1")

    async def review(token: str, *audiences: str) -> dict[str, Any]:
        spec = {"token": token, **({"audiences": audiences} if audiences else {})}
        answer = await client.create(paths.token_reviews(), {"spec": spec})
        status: dict[str, Any] = answer["status"]
        return status

    accepted = await review(own)
    assert accepted["user"]["username"] == f"system:serviceaccount:{pods.namespace}:default"
    assert accepted["user"]["extra"]["authentication.kubernetes.io/pod-name"] == ["pod"]
    uid = accepted["user"]["extra"]["authentication.kubernetes.io/pod-uid"]
    assert uid == [body["metadata"]["uid"]]
    assert not (await review(other)).get("authenticated")
    assert (await review(other, "vault"))["authenticated"]


@pytest.mark.skipif(os.geteuid() != 0, reason="users and groups need a node that runs as root")
@pytest.mark.usefixtures("sources")
async def test_files_of_the_pods_group(pods: Pods) -> None:
    owners = (
        "exec 2> /dev/null; cd /v; stat -Lc '%u %g %a' . $(ls); "
        "touch x && stat -c '%u %g' x; exit 0"
    )
    token = {"serviceAccountToken": {"path": "token"}}
    group, user = {"fsGroup": 2000}, {"runAsUser": 1000}
    secret: dict[str, Any] = {"secret": {"secretName": "login", "defaultMode": 0o400}}
    main = mounted(owners)
    volumes: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
        "plain": (secret, user),
        "group": (secret, {**user, **group}),
        "empty": ({"emptyDir": {}}, {**user, **group}),
        "token": ({"projected": {"sources": [token]}}, user),
        "group-token": ({"projected": {"sources": [token]}}, {**user, **group}),
    }
    for name, (volume, security) in volumes.items():
        await start(pods, name, volume, main=main, securityContext=security)
    assert dict(zip(volumes, await pods.outputs(*volumes), strict=True)) == {
        "plain": "0 0 755\n0 0 400\n",
        "group": "0 2000 2755\n0 2000 440\n",
        "empty": "0 2000 2777\n1000 2000\n",
        "token": "0 0 755\n1000 0 600\n",
        "group-token": "0 2000 2755\n1000 2000 640\n",
    }
