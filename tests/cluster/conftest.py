"""What the tests against a real cluster share.

The cluster is the one that CRONWRIGHT_TEST_KUBECONFIG or KUBECONFIG names, else the checkout's
own local one, which is brought up if it does not stand. Each test has a namespace of its own and,
where it asks for one, an operator of its own that serves that namespace alone.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from cronwright.kube.client import Client
from tests.cluster.account import (
    Account,
    grant,
    kubeconfig_with_token,
    render_chart,
    write_kubeconfig,
)
from tests.cluster.api_process import Api, Callers, Web, make_token, serving
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster, make_namespace
from tests.cluster.kubectl import Kubectl, program
from tests.cluster.operator_process import CHECKOUT, OperatorProcess, StartOperator
from tests.cluster.stage import Stage
from tests.cluster.tasks import Tasks


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Give the cluster; bring the local one up unless another is named."""
    directory = Path(os.environ.get("CLUSTER_DIR") or CHECKOUT / ".cluster").absolute()
    named = os.environ.get("CRONWRIGHT_TEST_KUBECONFIG") or os.environ.get("KUBECONFIG")
    if not named:
        subprocess.run([sys.executable, "-m", "dev.cluster", "up"], check=True, cwd=CHECKOUT)
    found = Cluster(Path(named) if named else directory / "kubeconfig", directory)
    asyncio.run(found.install_crd())
    return found


@pytest.fixture(scope="session")
def kubeconfig(cluster: Cluster) -> Path:
    """Give the administrator's kubeconfig."""
    return cluster.kubeconfig


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    """Give a client that may do everything."""
    async with cluster.connect() as opened:
        yield opened


@pytest.fixture
async def namespace(client: Client, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Give a fresh namespace; it is deleted afterwards, which nothing waits for."""
    name = await make_namespace(client, request.node.name)
    yield name
    await client.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def account(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Give the operator's account, with what the chart grants and nothing more."""
    release = f"cronwright-{token_hex(3)}"
    manifests = render_chart(program("helm", cluster.directory), release, release)
    file = tmp_path_factory.mktemp("account") / "kubeconfig"

    async def set_up() -> tuple[str, list[str]]:
        async with cluster.connect() as client:
            await client.create("/api/v1/namespaces", {"metadata": {"name": release}})
            name, made = await grant(client, manifests, release)
            config = await kubeconfig_with_token(client, cluster.kubeconfig, release, name)
            write_kubeconfig(file, config)
            return f"system:serviceaccount:{release}:{name}", made

    async def clean_up(made: list[str]) -> None:
        async with cluster.connect() as client:
            for path in (*made, f"/api/v1/namespaces/{release}"):
                await client.delete(path)

    user, made = asyncio.run(set_up())
    yield Account(user, file)
    asyncio.run(clean_up(made))


@pytest.fixture(scope="session")
def start_operator(
    account: Account, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartOperator]:
    """Give a function that starts an operator for a namespace."""
    started: list[OperatorProcess] = []

    def start(namespace: str, *flags: str) -> OperatorProcess:
        log = tmp_path_factory.mktemp("operator") / f"{namespace}.log"
        process = OperatorProcess(account.kubeconfig, namespace, log, account.user, *flags)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.end()


@pytest.fixture
async def operator(namespace: str, start_operator: StartOperator) -> AsyncIterator[OperatorProcess]:
    """Give a running operator that serves the test's namespace; it must log no error."""
    process = start_operator(namespace)
    await process.ready()
    yield process
    process.end()
    assert process.errors() == []


@pytest.fixture(scope="session")
def api(
    cluster: Cluster, account: Account, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Give the API, under the account that the chart has for it."""
    folder = tmp_path_factory.mktemp("api")
    user = account.user.removesuffix("operator") + "api"
    _, _, release, name = user.split(":")

    async def token() -> str:
        async with cluster.connect() as client:
            return await make_token(client, release, name)

    file = folder / "token"
    file.write_text(asyncio.run(token()))
    with serving(cluster.kubeconfig, user, file, folder / "log") as found:
        yield found


@pytest.fixture
def callers(client: Client, namespace: str, api: Api) -> Callers:
    """Give what makes accounts that call the API."""
    return Callers(client, namespace, api.url)


@pytest.fixture
async def web(callers: Callers) -> AsyncIterator[Web]:
    """Give a caller with the cluster's `edit` role, which is all that one needs."""
    async with callers.session(await callers.with_role("edit")) as session:
        yield session


@pytest.fixture
def audit(cluster: Cluster) -> AuditLog:
    """Give the audit log from now on; only the local cluster has one."""
    file = cluster.directory / "audit.log"
    if cluster.kubeconfig.parent != cluster.directory or not file.exists():
        pytest.skip("this cluster keeps no audit log that could be read here")
    return AuditLog(file)


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """Give kubectl for the test's namespace."""
    return Kubectl(program("kubectl", cluster.directory), cluster.kubeconfig, namespace)


@pytest.fixture
def tasks(client: Client, namespace: str) -> Tasks:
    """Give the tasks of the test's namespace."""
    return Tasks(client, namespace)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Show the last words of the operators that a failed test used."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if report.failed and isinstance(item, pytest.Function):
        for name, value in item.funcargs.items():
            process = value.operator if isinstance(value, Stage) else value
            if isinstance(process, OperatorProcess):
                lines = "\n".join(str(line) for line in process.log()[-40:])
                report.sections.append((f"log of {name}", lines))
    return report  # type: ignore[return-value]
