"""The command line of backfills: which task it asks; the rest is tested on a cluster."""

import asyncio
from pathlib import Path

import pytest
import yaml

from cronwright.backfill import main
from cronwright.errors import FieldError
from tests.kube.server import Server, gives, refuses

PATH = "/apis/cronwright.dev/v1alpha1/namespaces/{}/scheduledtasks/report"


def kubeconfig(path: Path, server: str, **context: str) -> str:
    content = {
        "clusters": [{"name": "local", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "local", "user": "me", **context}}],
        "current-context": "here",
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize(
    ("context", "flags", "namespace"),
    [
        ({}, (), "default"),
        ({"namespace": "shop"}, (), "shop"),
        ({"namespace": "shop"}, ("-n", "team"), "team"),
    ],
)
async def test_the_namespace_is_the_contexts_unless_it_is_given(
    tmp_path: Path, context: dict[str, str], flags: tuple[str, ...], namespace: str
) -> None:
    metadata = {
        "name": "report", "namespace": namespace, "uid": "1", "resourceVersion": "1",
        "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    async with Server() as server:
        server.will(gives({"metadata": metadata, "spec": {"schedule": "0 * * * *"}}))
        file = kubeconfig(tmp_path / "config", server.url, **context)
        asked = ["report", *flags, "--from", "2026-01-31T00:00:00Z", "--dry-run"]

        code = await asyncio.to_thread(main, [*asked, "--kubeconfig", file])

    assert code == 0
    assert [(each.method, each.path) for each in server.seen] == [("GET", PATH.format(namespace))]


async def test_the_remedy_names_the_namespace_in_which_the_task_is_not(tmp_path: Path) -> None:
    async with Server() as server:
        server.will(refuses(404, "NotFound"))
        file = kubeconfig(tmp_path / "config", server.url, namespace="shop")
        asked = ["report", "--from", "2026-01-31T00:00:00Z", "--kubeconfig", file]

        with pytest.raises(FieldError, match="kubectl get stask -n shop"):
            await asyncio.to_thread(main, asked)
