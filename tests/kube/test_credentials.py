import os
from pathlib import Path
from typing import Any

import kopf
import pytest
from aiohttp import web

from cronwright.kube.client import Client
from cronwright.kube.credentials import Credentials, Endpoint, TokenFile, load_credentials
from cronwright.kube.errors import CredentialsError, Unauthorized, Unavailable
from tests.kube.authority import Authority
from tests.kube.server import Server, gives, refuses


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def accepts(*tokens: str) -> Any:
    """Answer whom a token of these makes known, and turn others away."""

    async def answer(request: web.Request) -> web.StreamResponse:
        known = request.headers.get("Authorization") in {f"Bearer {token}" for token in tokens}
        return await (gives({}) if known else refuses(401, "Unauthorized"))(request)

    return answer


def in_pod(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    host, _, port = url.removeprefix("https://").removeprefix("http://").rpartition(":")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host.strip("[]"))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)


async def test_a_token_file_is_read_again_when_it_has_changed(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    server.will(gives({}))
    async with Client(Credentials(Endpoint(server.url), TokenFile(file))) as client:
        await client.get("/")
        await client.get("/")
        fresh = tmp_path / "fresh"
        fresh.write_text("other\n")
        fresh.replace(file)
        await client.get("/")

    sent = [each.headers["Authorization"] for each in server.seen]
    assert sent == ["Bearer first", "Bearer first", "Bearer other"]


async def test_a_rejected_token_is_read_again_once(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("aaaa")
    server.will(accepts("aaaa"), accepts("bbbb"))
    async with Client(Credentials(Endpoint(server.url), TokenFile(file))) as client:
        await client.get("/")
        # In place, of the same length and at the same time: nothing shows but the rejection.
        before = file.stat()
        file.write_text("bbbb")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        await client.create("/things", {})
        file.write_text("cccc")
        with pytest.raises(Unauthorized):
            await client.get("/")

    assert [each.headers["Authorization"][-4:] for each in server.seen] == [
        "aaaa",
        "aaaa",
        "bbbb",
        "cccc",
        "cccc",
    ]


async def test_a_watch_logs_in_again_too(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("new")
    server.will(refuses(401, "Unauthorized"), accepts("new"))
    async with (
        Client(Credentials(Endpoint(server.url), TokenFile(file))) as client,
        client.watch("/things") as events,
    ):
        assert [event async for event in events] == []


async def test_a_token_may_be_late(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    credentials = Credentials(Endpoint(server.url), TokenFile(file))
    server.will(gives({}))
    async with Client(credentials) as client:
        with pytest.raises(Unavailable, match="token: No such file or directory"):
            await client.get("/")
        file.write_text("\n")
        with pytest.raises(Unavailable, match="the file is empty"):
            await client.request("GET", "/", retry=False)
        assert server.seen == []
        file.write_text("here")
        await client.get("/")
    assert server.seen[0].headers["Authorization"] == "Bearer here"


async def test_a_pod_finds_its_api_server(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("mine")
    async with Server(authority.server_context()) as server:
        in_pod(monkeypatch, server.url)
        server.will(accepts("mine"))
        async with Client(await load_credentials(None, file, authority.file)) as client:
            assert await client.get("/version") == {}


async def test_an_ipv6_address_is_put_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    in_pod(monkeypatch, "https://[fd00::1]:443")

    assert (await load_credentials()).server == "https://[fd00::1]:443"


async def test_a_server_of_another_authority_is_not_trusted(
    authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    async with Server(other.server_context()) as server:
        credentials = Credentials(Endpoint(server.url, str(authority.file)))
        async with Client(credentials) as client:
            with pytest.raises(Unavailable, match="certificate verify failed"):
                await client.request("GET", "/", retry=False)
        assert server.seen == []


async def test_a_missing_authority_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.crt"

    with pytest.raises(CredentialsError, match=r"none\.crt"):
        await Client(Credentials(Endpoint("https://127.0.0.1:1", str(missing)))).__aenter__()


async def test_kopf_gets_the_same_credentials(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("someone")
    file = tmp_path / "token"
    file.write_text("mine")
    endpoint = Endpoint("https://127.0.0.1:1", str(authority.file), str(certificate), str(key))

    info = kopf.ConnectionInfo(**await Credentials(endpoint, TokenFile(file), "shop").connection())

    assert (info.server, info.default_namespace) == ("https://127.0.0.1:1", "shop")
    assert info.as_http_headers() == {"Authorization": "Bearer mine"}
    assert info.as_ssl_context().get_ca_certs()
    assert (
        kopf.ConnectionInfo(
            **await Credentials(Endpoint("http://127.0.0.1:1")).connection()
        ).as_http_headers()
        == {}
    )
