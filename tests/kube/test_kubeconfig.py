import base64
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.kube.errors import CredentialsError, Unavailable
from tests.kube.authority import Authority
from tests.kube.server import Answer, Server, gives, refuses


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def kubeconfig(path: Path, server: str, user: dict[str, Any], **cluster: Any) -> str:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": user}],
        "contexts": [
            {"name": "here", "context": {"cluster": "local", "user": "me", "namespace": "shop"}}
        ],
        "current-context": "here",
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def data(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


async def names_its_caller(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    certificate = request.transport.get_extra_info("peercert") or {}
    subject = dict(field[0] for field in certificate.get("subject", ()))
    header = request.headers.get("Authorization")
    return await gives({"certificate": subject.get("commonName"), "header": header})(request)


def accepts(token: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == f"Bearer {token}":
            return await names_its_caller(request)
        return await refuses(401, "Unauthorized")(request)

    return answer


@pytest.mark.parametrize("embedded", [True, False])
async def test_a_client_certificate(authority: Authority, tmp_path: Path, embedded: bool) -> None:
    certificate, key = authority.issue("someone")
    user: dict[str, Any] = (
        {"client-certificate-data": data(certificate), "client-key-data": data(key)}
        if embedded
        else {"client-certificate": "someone.crt", "client-key": str(key)}
    )
    cluster: dict[str, Any] = (
        {"certificate-authority-data": data(authority.file)}
        if embedded
        else {"certificate-authority": "ca.crt"}
    )
    async with Server(authority.server_context()) as server:
        server.will(names_its_caller)
        file = kubeconfig(tmp_path / "config", f"{server.url}/", user, **cluster)
        credentials = await load_credentials(file)
        async with Client(credentials) as client:
            assert await client.get("/") == {"certificate": "someone", "header": None}

    assert credentials.namespace == "shop"


@pytest.mark.parametrize(
    ("user", "header"),
    [
        pytest.param({"token": "secret"}, "Bearer secret", id="token"),
        pytest.param({"tokenFile": "token"}, "Bearer from a file", id="file"),
        pytest.param({"username": "me", "password": "secret"}, "Basic bWU6c2VjcmV0", id="password"),
        pytest.param({}, None, id="nobody"),
    ],
)
async def test_other_ways_to_say_who_one_is(
    server: Server, tmp_path: Path, user: dict[str, Any], header: str | None
) -> None:
    (tmp_path / "token").write_text("from a file")
    server.will(names_its_caller)
    credentials = await load_credentials(kubeconfig(tmp_path / "config", server.url, user))

    async with Client(credentials) as client:
        assert (await client.get("/"))["header"] == header


async def test_a_login_plugin_runs_again_when_its_token_is_rejected(
    server: Server, tmp_path: Path
) -> None:
    script = tmp_path / "plugin.py"
    script.write_text(
        "import json, pathlib\n"
        f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
        "count.write_text((count.read_text() if count.exists() else '') + 'x')\n"
        "token = f'token-{len(count.read_text())}'\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',\n"
        "                  'kind': 'ExecCredential', 'status': {'token': token}}))\n"
    )
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(script)],
            "interactiveMode": "Never",
        }
    }
    server.will(accepts("token-1"), accepts("token-2"))
    credentials = await load_credentials(kubeconfig(tmp_path / "config", server.url, user))

    async with Client(credentials) as client:
        answers = [(await client.get("/"))["header"] for _ in range(3)]

    assert answers == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]
    assert (tmp_path / "count").read_text() == "xx"


async def test_a_token_file_takes_the_place_of_the_kubeconfigs_user(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.issue("someone")
    token = tmp_path / "token"
    token.write_text("weaker")
    async with Server(authority.server_context()) as server:
        server.will(names_its_caller)
        file = kubeconfig(
            tmp_path / "config",
            server.url,
            {"client-certificate": str(certificate), "client-key": str(key)},
            **{"certificate-authority": str(authority.file)},
        )
        async with Client(await load_credentials(file, token)) as client:
            assert await client.get("/") == {"certificate": None, "header": "Bearer weaker"}


async def test_the_environment_names_a_kubeconfig(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kubeconfig(tmp_path / "config", server.url, {"token": "secret"})
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{file}")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")

    assert (await load_credentials()).server == server.url


@pytest.mark.parametrize(
    ("cluster", "trusted"),
    [
        pytest.param({}, False, id="neither authority nor name"),
        pytest.param({"certificate-authority": "ca.crt"}, True, id="the authority"),
        pytest.param(
            {"certificate-authority": "ca.crt", "tls-server-name": "server.test"}, True, id="named"
        ),
        pytest.param(
            {"certificate-authority": "ca.crt", "tls-server-name": "other.test"}, False, id="other"
        ),
        pytest.param({"insecure-skip-tls-verify": True}, True, id="whoever it is"),
    ],
)
async def test_whom_a_kubeconfig_trusts(
    authority: Authority, tmp_path: Path, cluster: dict[str, Any], trusted: bool
) -> None:
    async with Server(authority.server_context()) as server:
        server.will(gives({}))
        file = kubeconfig(tmp_path / "config", server.url, {"token": "x"}, **cluster)
        async with Client(await load_credentials(file)) as client:
            if trusted:
                assert await client.request("GET", "/", retry=False) == {}
            else:
                with pytest.raises(Unavailable, match="certificate verify failed"):
                    await client.request("GET", "/", retry=False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "no kubeconfig at .*set --kubeconfig or KUBECONFIG", id="missing"),
        pytest.param("a: [", "not read", id="no YAML"),
        pytest.param("just text", "not read", id="no kubeconfig"),
        pytest.param("apiVersion: v1\nkind: Config\n", "not read: .*current-context", id="empty"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_read(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CredentialsError, match=problem):
        await load_credentials(str(file))
