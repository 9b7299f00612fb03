"""Who we are to the API server and where it is: from a kubeconfig, or from within a pod.

`client` asks for the `Authorization` header of each request. A pod's token is rotated: its file
is read again whenever it has changed. kubeconfigs are left to `kubeconfig`.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cronwright.kube.errors import CredentialsError, Unavailable

_MOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API server is, and how it and we prove who we are in TLS."""

    server: str
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    server_name: str | None = None
    proxy: str | None = None

    def ssl_context(self) -> ssl.SSLContext | None:
        """Make the TLS context; None for plain HTTP."""
        if not self.server.startswith("https:"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if not self.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.certificate_file:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except OSError as error:  # as is ssl.SSLError
            files = [self.ca_file, self.certificate_file, self.key_file]
            named = ", ".join(file for file in files if file)
            raise CredentialsError(f"certificates not read ({named}): {error}") from error
        return context


class Identity(Protocol):
    """What gives the `Authorization` header."""

    async def authorization(self, rejected: str | None = None) -> str | None:
        """Give the header's value; another than the rejected one, if there is another."""


class Anonymous:
    """Give no header: a client certificate says it, or nothing does."""

    async def authorization(self, rejected: str | None = None) -> str | None:
        """Give none."""


class TokenFile:
    """Give the token of a file, read again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._value: str | None = None

    async def authorization(self, rejected: str | None = None) -> str | None:
        """Give the header; Unavailable while the file is not there, as a pod's may be at first."""
        return self._read(again=rejected is not None)

    def _read(self, *, again: bool) -> str:
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_ino, state.st_size)
            if again or self._value is None or seen != self._seen:
                token = self._path.read_text().strip()
                if not token:
                    raise _no_token(self._path, "the file is empty")
                self._value, self._seen = f"Bearer {token}", seen
        except OSError as error:
            raise _no_token(self._path, error.strerror or str(error)) from error
        return self._value


class Credentials:
    """An endpoint and an identity, as `client` uses them."""

    def __init__(
        self, endpoint: Endpoint, identity: Identity | None = None, namespace: str = "default"
    ) -> None:
        self.endpoint = endpoint
        self.namespace = namespace
        self._identity = identity or Anonymous()

    @property
    def server(self) -> str:
        """Give the API server's base URL, without a slash at its end."""
        return self.endpoint.server

    async def authorization(self, rejected: str | None = None) -> str | None:
        """Give the `Authorization` header; a fresh one where the server rejected the given."""
        return await self._identity.authorization(rejected)

    async def connection(self) -> dict[str, Any]:
        """Give all of it as the arguments of `kopf.ConnectionInfo`."""
        endpoint = self.endpoint
        scheme, _, value = (await self.authorization() or "").partition(" ")
        return {
            "server": endpoint.server,
            "ca_path": endpoint.ca_file,
            "insecure": not endpoint.verify,
            "scheme": scheme or None,
            "token": value or None,
            "certificate_path": endpoint.certificate_file,
            "private_key_path": endpoint.key_file,
            "default_namespace": self.namespace,
            "proxy_url": endpoint.proxy,
        }


async def load_credentials(
    kubeconfig: str | None = None,
    token_file: Path | None = None,
    ca_file: Path | None = None,
) -> Credentials:
    """Load from a kubeconfig, else from KUBECONFIG, else from the pod, else from ~/.kube/config.

    With a token file the identity is that token alone, and all else only says where the API
    server is. CredentialsError where nothing is found.
    """
    named = kubeconfig or os.environ.get("KUBECONFIG")
    if not named and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return _of_pod(token_file, ca_file)
    # The library is a third of a process's memory, and a pod can do without.
    from cronwright.kube.kubeconfig import load_kubeconfig  # noqa: PLC0415

    credentials = await load_kubeconfig(named)
    if token_file is None:
        return credentials
    known = credentials.endpoint
    endpoint = Endpoint(
        known.server,
        str(ca_file) if ca_file else known.ca_file,
        verify=known.verify,
        server_name=known.server_name,
        proxy=known.proxy,
    )
    return Credentials(endpoint, TokenFile(token_file), credentials.namespace)


def _of_pod(token_file: Path | None, ca_file: Path | None) -> Credentials:
    host = os.environ["KUBERNETES_SERVICE_HOST"]
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    namespace = _MOUNT / "namespace"
    return Credentials(
        Endpoint(server, str(ca_file or _MOUNT / "ca.crt")),
        TokenFile(token_file or _MOUNT / "token"),
        namespace.read_text().strip() if namespace.is_file() else "default",
    )


def _no_token(path: Path, problem: str) -> Unavailable:
    message = f"no token in {path}: {problem}; it is asked for again with the next request"
    return Unavailable(0, "NoToken", message, sent=False)
