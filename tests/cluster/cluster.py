"""The cluster under test: where it is, how to reach it, and fresh namespaces in it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.kube.errors import AlreadyExists, NotFound
from cronwright.model.crd import crd
from tests.cluster.waiting import until

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's administrator's kubeconfig, and the folder of its programs and logs."""

    kubeconfig: Path
    directory: Path

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        """Open a client that may do everything; it belongs to the running event loop."""
        credentials = await load_credentials(str(self.kubeconfig))
        async with Client(credentials, max_connections=32, component="tests") as client:
            yield client

    async def install_crd(self) -> None:
        """Install the resource's definition, or bring it up to date, and wait until it serves."""
        definition = crd()
        async with self.connect() as client:
            try:
                await client.create(_DEFINITIONS, definition)
            except AlreadyExists:
                path = f"{_DEFINITIONS}/{definition['metadata']['name']}"
                await client.merge_patch(path, {"spec": definition["spec"]})
            await until(lambda: exists(client, "/apis/cronwright.dev/v1alpha1/scheduledtasks"))


async def exists(client: Client, path: str) -> bool:
    """Tell whether a path of the API leads anywhere."""
    try:
        await client.get(path)
    except NotFound:
        return False
    return True


async def make_namespace(client: Client, purpose: str) -> str:
    """Create a namespace with a name of its own, and wait until pods may run in it."""
    words = re.sub("[^a-z0-9]+", "-", purpose.lower()).strip("-")
    name = f"{words[:40].strip('-')}-{token_hex(3)}"
    await client.create("/api/v1/namespaces", {"metadata": {"name": name}})
    await until(lambda: exists(client, f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    return name
