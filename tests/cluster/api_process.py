"""The real HTTP API as a process, under the account that the chart gives it, and callers of it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from cronwright.kube.client import Client
from cronwright.model import GROUP
from tests.cluster.operator_process import CHECKOUT
from tests.cluster.waiting import until

JSONObject = dict[str, Any]
_ROLES = "/apis/rbac.authorization.k8s.io/v1"


async def make_token(
    client: Client, namespace: str, account: str, audiences: Sequence[str] = ()
) -> str:
    """Make a token of an account, as `kubectl create token` does."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    answer = await client.create(path, {"spec": {"audiences": list(audiences)}})
    token: str = answer["status"]["token"]
    return token


@dataclass(frozen=True, slots=True)
class Api:
    """The API under test, and the account that it works under."""

    url: str
    user: str
    metrics_url: str


@contextmanager
def serving(kubeconfig: Path, user: str, token_file: Path, log: Path) -> Iterator[Api]:
    """Run `cronwright api` for as long as it is used; it must end well and log no error."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        metrics_port = probe.getsockname()[1]
    flags = [
        *("--bind-address", "127.0.0.1", "--port", "0", "--metrics-port", str(metrics_port)),
        *("--kubeconfig", str(kubeconfig), "--token-file", str(token_file)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cronwright", "api", *flags],
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "operator")},
        )
    try:
        url = asyncio.run(until(lambda: _address(log), 20.0))
        yield Api(url, user, f"http://127.0.0.1:{metrics_port}/metrics")
    finally:
        process.terminate()
        code = process.wait(20.0)
    assert code == 0
    assert [line for line in _lines(log) if line["level"] in {"error", "critical"}] == []


async def _address(log: Path) -> str:
    line = next((each for each in _lines(log) if each["message"] == "state is Running"), None)
    return f"http://127.0.0.1:{line['port']}" if line else ""


def _lines(log: Path) -> list[JSONObject]:
    return [json.loads(line) for line in log.read_text().splitlines()]


class Web:
    """A caller of the API, who asks about one namespace unless a path names another."""

    def __init__(self, session: aiohttp.ClientSession, namespace: str) -> None:
        self._session = session
        self._namespace = namespace

    def send(
        self, method: str, path: str, **parts: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send a request; the parts are aiohttp's."""
        params = {} if "namespace=" in path else {"namespace": self._namespace}
        return self._session.request(method, path, params=params, **parts)

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, JSONObject]:
        """Send a request with JSON; give the status and the answer's JSON."""
        async with self.send(method, path, json=body) as answer:
            content: JSONObject = {}
            if answer.status != HTTPStatus.NO_CONTENT:
                content = await answer.json(content_type=None)
            return answer.status, content


class Callers:
    """Accounts of a namespace that call the API, with the rights that a test gives them."""

    def __init__(self, client: Client, namespace: str, url: str) -> None:
        self._client = client
        self._namespace = namespace
        self._url = url

    async def with_role(self, role: str) -> str:
        """Make an account that has one of the cluster's own roles; give its token."""
        name = await self._account(role)
        await self._bind(name, {"kind": "ClusterRole", "name": role})
        await self._until_allowed(name, "get", "")
        return await make_token(self._client, self._namespace, name)

    async def with_rule(self, verb: str, subresource: str = "") -> str:
        """Make an account that may do one thing; give its token."""
        name = await self._account(verb)
        resource = f"scheduledtasks/{subresource}" if subresource else "scheduledtasks"
        rule = {"apiGroups": [GROUP], "resources": [resource], "verbs": [verb]}
        role = {"metadata": {"name": name}, "rules": [rule]}
        await self._client.create(f"{_ROLES}/namespaces/{self._namespace}/roles", role)
        await self._bind(name, {"kind": "Role", "name": name})
        await self._until_allowed(name, verb, subresource)
        return await make_token(self._client, self._namespace, name)

    async def nobody(self, audiences: Sequence[str] = ()) -> str:
        """Make an account that may do nothing; give its token."""
        name = await self._account("nobody")
        return await make_token(self._client, self._namespace, name, audiences)

    @asynccontextmanager
    async def session(self, token: str) -> AsyncIterator[Web]:
        """Open a session with the API that shows a token; an empty one is none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with aiohttp.ClientSession(self._url, headers=headers) as session:
            yield Web(session, self._namespace)

    async def _account(self, purpose: str) -> str:
        path = f"/api/v1/namespaces/{self._namespace}/serviceaccounts"
        body = await self._client.create(path, {"metadata": {"generateName": f"{purpose}-"}})
        name: str = body["metadata"]["name"]
        return name

    async def _bind(self, account: str, role: JSONObject) -> None:
        subject = {"kind": "ServiceAccount", "name": account, "namespace": self._namespace}
        binding: JSONObject = {
            "metadata": {"name": account},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", **role},
            "subjects": [subject],
        }
        await self._client.create(f"{_ROLES}/namespaces/{self._namespace}/rolebindings", binding)

    async def _until_allowed(self, account: str, verb: str, subresource: str) -> None:
        """Wait until the authorizer, which learns of bindings by a watch, knows of this one."""
        attributes = {
            "group": GROUP,
            "resource": "scheduledtasks",
            "subresource": subresource,
            "verb": verb,
            "namespace": self._namespace,
        }
        user = f"system:serviceaccount:{self._namespace}:{account}"

        async def allowed() -> bool:
            answer = await self._client.create(
                "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                {"spec": {"user": user, "resourceAttributes": attributes}},
            )
            return bool(answer["status"]["allowed"])

        await until(allowed)
