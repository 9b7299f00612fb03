"""What a probe or a hook does to a container: a command, a request, a connection, a wait.

`probe` and `supervisor` call it.
"""

import asyncio
import ssl
from typing import Any

import aiohttp

from dev.node.container import Container
from dev.node.runtime import Runtime, StartError

JSONObject = dict[str, Any]


class ActionError(Exception):
    """It was done and did not succeed; the text says why."""


async def perform(
    container: Container, what: JSONObject, address: str, runtime: Runtime, timeout: float | None
) -> None:
    """Do it once; ActionError where it fails or takes longer than `timeout` seconds."""
    try:
        if "exec" in what:
            await _execute(container, what["exec"]["command"], runtime, timeout)
            return
        async with asyncio.timeout(timeout):
            if "sleep" in what:
                await asyncio.sleep(what["sleep"]["seconds"])
            elif "httpGet" in what:
                await _get(container, what["httpGet"], address)
            else:
                await _connect(container, what.get("tcpSocket") or what["grpc"], address)
    except TimeoutError:
        raise ActionError(f"not done within {timeout} s") from None
    except (OSError, aiohttp.ClientError, StartError, LookupError, ValueError) as error:
        raise ActionError(str(error) or repr(error)) from error


async def _execute(
    container: Container, command: list[str], runtime: Runtime, timeout: float | None
) -> None:
    process = container.process
    if process is None:
        raise ActionError("the container does not run")
    code = await runtime.execute(process, command, container.variables, timeout)
    if code != 0:
        raise ActionError(f"command {command!r} exited with {code}")


async def _connect(container: Container, socket: JSONObject, address: str) -> None:
    host = socket.get("host") or address
    _, writer = await asyncio.open_connection(host, _port(container, socket["port"]))
    writer.close()


async def _get(container: Container, get: JSONObject, address: str) -> None:
    scheme = get.get("scheme", "HTTP").lower()
    port = _port(container, get["port"])
    path = "/" + get.get("path", "").removeprefix("/")
    url = f"{scheme}://{get.get('host') or address}:{port}{path}"
    headers = {"User-Agent": "kube-probe/1", "Accept": "*/*"}
    headers |= {each["name"]: each["value"] for each in get.get("httpHeaders", ())}
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=unverified)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(url, headers=headers, allow_redirects=False) as response,
    ):
        if not 200 <= response.status < 400:
            raise ActionError(f"{url} answered {response.status}")


def _port(container: Container, port: int | str) -> int:
    for each in container.spec.get("ports", ()):
        if each.get("name") == port:
            return int(each["containerPort"])
    return int(port)
