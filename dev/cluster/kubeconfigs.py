"""Kubeconfigs with everything inside, so that one may be copied elsewhere on the machine."""

import base64
from pathlib import Path
from typing import Any

import yaml

from dev.cluster import certificates


def write(path: Path, server: str, directory: Path, party: str) -> None:
    """Write the kubeconfig of a party; left alone where it says the same already."""
    text = yaml.safe_dump(_config(server, directory, party), sort_keys=False)
    if path.exists() and path.read_text() == text:
        return
    path.touch(mode=0o600)
    path.write_text(text)


def _config(server: str, directory: Path, party: str) -> dict[str, Any]:
    authority = certificates.pair(directory, certificates.AUTHORITY)
    files = certificates.pair(directory, party)
    cluster = {"server": server, "certificate-authority-data": _encoded(authority.certificate)}
    user = {
        "client-certificate-data": _encoded(files.certificate),
        "client-key-data": _encoded(files.key),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": party, "user": user}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": party}}],
        "current-context": "local",
    }


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
