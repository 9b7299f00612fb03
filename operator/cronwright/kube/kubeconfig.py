"""Reads a kubeconfig, with its certificates, tokens and login plugins, through `kubernetes.aio`.

`credentials` imports this only where there is a kubeconfig: the library is heavy.
"""

import asyncio
from pathlib import Path
from typing import Final

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, load_kube_config
from yaml import YAMLError

from cronwright.kube.credentials import Credentials, Endpoint
from cronwright.kube.errors import CredentialsError, Unavailable

_REMEDY: Final = "set --kubeconfig or KUBECONFIG, or run in a pod with a ServiceAccount token"


async def load_kubeconfig(path: str | None) -> Credentials:
    """Load a kubeconfig's current context; without a path, that of ~/.kube/config.

    Several paths, joined by colons, are merged as kubectl does.
    """
    files = path or KUBE_CONFIG_DEFAULT_LOCATION
    if not _any_file(files):
        raise CredentialsError(f"no kubeconfig at {files}: {_REMEDY}")
    configuration, namespace = await _load(files)
    endpoint = Endpoint(
        server=configuration.host.rstrip("/"),
        ca_file=configuration.ssl_ca_cert,
        certificate_file=configuration.cert_file,
        key_file=configuration.key_file,
        verify=bool(configuration.verify_ssl),
        server_name=configuration.tls_server_name,
        proxy=configuration.proxy,
    )
    return Credentials(endpoint, _Login(files, _header(configuration)), namespace)


def _any_file(files: str) -> bool:
    return any(Path(each).expanduser().is_file() for each in files.split(":") if each)


class _Login:
    """Give the kubeconfig's header, and log in again once it is rejected.

    A login plugin's token may be an hour old; a request answered 401 has it run again.
    """

    def __init__(self, files: str, header: str | None) -> None:
        self._files = files
        self._header = header
        self._lock = asyncio.Lock()

    async def authorization(self, rejected: str | None = None) -> str | None:
        async with self._lock:
            if rejected is not None and rejected == self._header:
                try:
                    self._header = _header((await _load(self._files))[0])
                except CredentialsError as error:
                    raise Unavailable(0, "NoToken", str(error), sent=False) from error
        return self._header


async def _load(files: str) -> tuple[Configuration, str]:
    configuration = Configuration()
    try:
        loader = await load_kube_config(  # type: ignore[no-untyped-call]
            files, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, YAMLError, OSError, TypeError, ValueError) as error:
        # TypeError: the library's own, for a file that is YAML and no kubeconfig.
        raise CredentialsError(f"kubeconfig {files} not read: {error}") from error
    context = loader.current_context["context"]
    return configuration, context.get("namespace") or "default"


def _header(configuration: Configuration) -> str | None:
    header: str | None = configuration.api_key.get("BearerToken")
    return header
