"""The few questions that starting a cluster asks its parts, as its administrator."""

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev.cluster import certificates
from dev.cluster.components import HOST


class Api:
    """A client that reads."""

    def __init__(self, directory: Path, ports: Mapping[str, int]) -> None:
        authority = certificates.pair(directory, certificates.AUTHORITY)
        own = certificates.pair(directory, "admin")
        self._tls = ssl.create_default_context(cafile=str(authority.certificate))
        self._tls.load_cert_chain(own.certificate, own.key)
        self._ports = ports

    def ready(self) -> bool:
        """Tell whether the API server takes requests."""
        return self._get("/readyz")[0] == 200

    def healthy(self, component: str) -> bool:
        """Tell whether another component says that it works."""
        return self._get("/healthz", component)[0] == 200

    def node_ready(self, name: str) -> bool:
        """Tell whether pods are scheduled on a node, and whether it is reached where it says.

        The object outlives the node's process, so an answer of the process itself counts too.
        """
        code, text = self._get(f"/api/v1/nodes/{name}")
        if code != 200:
            return False
        body: dict[str, Any] = json.loads(text)
        conditions = body["status"].get("conditions", [])
        states = {each["type"]: each["status"] for each in conditions}
        port = body["status"].get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port")
        return (
            states.get("Ready") == "True"
            and not body["spec"].get("taints")
            and port == self._ports["node"]
            and self._get("/", "node")[0] != 0
        )

    def exists(self, path: str) -> bool:
        """Tell whether there is an object at that path."""
        return self._get(path)[0] == 200

    def _get(self, path: str, component: str = "kube-apiserver") -> tuple[int, bytes]:
        """Give status and body; status 0 where nothing answers."""
        port = self._ports[component]
        connection = http.client.HTTPSConnection(HOST, port, timeout=5, context=self._tls)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()
