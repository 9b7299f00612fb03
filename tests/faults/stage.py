"""A namespace, and an operator under its own account that reaches the API server by a proxy only.

What tests do themselves, creating tasks and looking at them, goes past the proxy.
"""

import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import yaml

from cronwright.kube.client import Client
from tests.cluster.account import grant, kubeconfig_with_token, render_chart, write_kubeconfig
from tests.cluster.cluster import Cluster, make_namespace
from tests.cluster.kubectl import program
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks
from tests.faults.proxy import Proxy
from tests.faults.script import Script
from tests.faults.upstream import Upstream
from tests.kube.authority import Authority


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that a test of faults has in its hands."""

    cluster: Cluster
    client: Client
    tasks: Tasks
    proxy: Proxy
    operator: OperatorProcess
    folder: Path

    @property
    def namespace(self) -> str:
        """Name the namespace."""
        return self.tasks.namespace


@asynccontextmanager
async def staged(
    cluster: Cluster,
    folder: Path,
    script: Script,
    purpose: str,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Set everything up but start no operator, and leave no process and no namespace behind."""
    authority = Authority(folder)
    upstream = _upstream(cluster.kubeconfig)
    async with (
        cluster.connect() as client,
        Proxy(upstream, script, authority.server_context()) as proxy,
    ):
        namespace = await make_namespace(client, purpose)
        release = f"cronwright-{token_hex(3)}"
        await client.create("/api/v1/namespaces", {"metadata": {"name": release}})
        manifests = render_chart(program("helm", cluster.directory), release, release)
        account, made = await grant(client, manifests, release)
        kubeconfig = folder / "operator.kubeconfig"
        config = await kubeconfig_with_token(client, cluster.kubeconfig, release, account)
        config["clusters"][0]["cluster"] = {
            "server": proxy.url,
            "certificate-authority-data": base64.b64encode(authority.file.read_bytes()).decode(),
        }
        write_kubeconfig(kubeconfig, config)
        user = f"system:serviceaccount:{release}:{account}"
        operator = OperatorProcess(
            kubeconfig, namespace, folder / "operator.log", user, environment=environment
        )
        try:
            yield Stage(cluster, client, Tasks(client, namespace), proxy, operator, folder)
        finally:
            operator.end()
            for path in (f"/api/v1/namespaces/{namespace}", *made, f"/api/v1/namespaces/{release}"):
                await client.delete(path)


def _upstream(kubeconfig: Path) -> Upstream:
    """Read from a kubeconfig where the API server is, and whose word to take for that."""
    config = yaml.safe_load(kubeconfig.read_text())
    named = {each["name"]: each["context"] for each in config["contexts"]}
    wanted = named[config["current-context"]]["cluster"]
    cluster = next(each["cluster"] for each in config["clusters"] if each["name"] == wanted)
    data = cluster.get("certificate-authority-data")
    if data is not None:
        return Upstream.trusting(cluster["server"], base64.b64decode(data).decode())
    file = kubeconfig.parent / cluster["certificate-authority"]
    return Upstream(cluster["server"], ssl.create_default_context(cafile=str(file)))
