"""A pod's volumes, as directories of the host that `sandbox` shows in its containers.

Secrets, ConfigMaps and downward API files are written once, when the pod starts; a projected
ServiceAccount token is a real one, bound to the pod, and renewed while it runs.
"""

import asyncio
import base64
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dev.node.api import Api, ApiError
from dev.node.environment import ConfigError, expand, field, resource

JSONObject = dict[str, Any]

_FILE_MODE: Final = 0o644
# What shows something of the API: containers can't write there.
_READ_ONLY: Final = frozenset({"configMap", "secret", "downwardAPI", "projected"})


class Volumes:
    """The volumes of one pod."""

    def __init__(self, api: Api, pod: JSONObject, directory: Path) -> None:
        self._api = api
        self._pod = pod
        self._directory = directory
        self._paths: dict[str, Path] = {}
        self._read_only: set[str] = set()
        self._tokens: list[tuple[Path, JSONObject, float]] = []
        security = pod["spec"].get("securityContext", {})
        self._group: int | None = security.get("fsGroup")
        users = {
            each.get("securityContext", {}).get("runAsUser", security.get("runAsUser"))
            for each in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
        }
        self._user: int | None = users.pop() if len(users) == 1 else None

    async def prepare(self) -> None:
        """Make all volumes; ConfigError where what one shows is not there."""
        for volume in self._pod["spec"].get("volumes", ()):
            name = volume["name"]
            if "hostPath" in volume:
                self._paths[name] = Path(volume["hostPath"]["path"])
                continue
            path = self._directory / name
            path.mkdir(parents=True, exist_ok=True)
            self._paths[name] = path
            if "emptyDir" in volume:
                path.chmod(0o777)
            else:
                await self._fill(path, volume)
            if _READ_ONLY & volume.keys():
                self._read_only.add(name)
            self._hand_over(path, read_only=name in self._read_only)

    def mounts(self, container: JSONObject, variables: Mapping[str, str]) -> list[JSONObject]:
        """List a container's mounts for `sandbox`; `variables` are for a `subPathExpr`."""
        mounts = []
        for mount in container.get("volumeMounts", ()):
            source = self._paths[mount["name"]]
            inner = mount.get("subPath") or expand(mount.get("subPathExpr", ""), variables)
            if inner:
                source = source / inner
                if not source.exists():
                    source.mkdir(parents=True)
                    source.chmod(0o777)
            target = mount["mountPath"]
            read_only = bool(mount.get("readOnly")) or mount["name"] in self._read_only
            mounts.append({"source": str(source), "target": target, "readOnly": read_only})
        return sorted(mounts, key=lambda each: str(each["target"]))

    async def renew_tokens(self) -> None:
        """Write fresh tokens well before the old expire, for as long as the pod lives."""
        while self._tokens:
            path, source, expiry = min(self._tokens, key=lambda each: each[2])
            left = expiry - datetime.now(UTC).timestamp()
            await asyncio.sleep(max(left * 0.2, 1.0) if left > 0 else 1.0)
            if left > _lifetime(source) * 0.2:
                continue
            self._tokens.remove((path, source, expiry))
            try:
                await self._write_token(path, source)
            except (ApiError, OSError):
                self._tokens.append((path, source, expiry))

    async def _fill(self, path: Path, volume: JSONObject) -> None:
        for kind in ("configMap", "secret", "downwardAPI"):
            if kind in volume:
                source = dict(volume[kind])
                if kind == "secret":
                    source["name"] = source.get("secretName")
                await self._project(path, kind, source, source.get("defaultMode", _FILE_MODE))
                return
        if "projected" not in volume:
            raise ConfigError(f"unsupported volume: {sorted(volume)}")
        mode = volume["projected"].get("defaultMode", _FILE_MODE)
        for each in volume["projected"].get("sources", ()):
            for kind, source in each.items():
                await self._project(path, kind, source, mode)

    async def _project(self, path: Path, kind: str, source: JSONObject, mode: int) -> None:
        if kind == "serviceAccountToken":
            await self._write_token(path, source)
        elif kind == "downwardAPI":
            for item in source.get("items", ()):
                text = self._downward(item)
                _write(path / item["path"], text.encode(), item.get("mode", mode))
        else:
            data = await self._data(kind, source)
            items = source.get("items") or [{"key": key, "path": key} for key in data]
            for item in items:
                if item["key"] in data:
                    _write(path / item["path"], data[item["key"]], item.get("mode", mode))
                elif not source.get("optional"):
                    raise ConfigError(f"references non-existent {kind} key: {item['key']}")

    def _downward(self, item: JSONObject) -> str:
        if "fieldRef" in item:
            return field(self._pod, item["fieldRef"]["fieldPath"])
        reference = item["resourceFieldRef"]
        spec = self._pod["spec"]
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            if container["name"] == reference.get("containerName"):
                return resource(container, reference)
        raise ConfigError(f"unknown container: {reference.get('containerName')}")

    async def _data(self, kind: str, source: JSONObject) -> Mapping[str, bytes]:
        plural = "configmaps" if kind == "configMap" else "secrets"
        found = await read_data(self._api, self._pod, plural, source["name"])
        if found is None and not source.get("optional"):
            raise ConfigError(f'{kind.lower()} "{source["name"]}" not found')
        return found or {}

    async def _write_token(self, path: Path, source: JSONObject) -> None:
        metadata, spec = self._pod["metadata"], self._pod["spec"]
        account = spec.get("serviceAccountName", "default")
        bound = {
            "kind": "Pod",
            "apiVersion": "v1",
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        request = {
            "spec": {
                "audiences": [source["audience"]] if source.get("audience") else [],
                "expirationSeconds": _lifetime(source),
                "boundObjectRef": bound,
            }
        }
        answer = await self._api.call(
            "POST",
            f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token",
            request,
        )
        file = path / source["path"]
        # The kubelet's rule: the one user of all containers, else the pod's group, may read it;
        # without either, all may.
        mode = _FILE_MODE if self._user is None and self._group is None else 0o600
        _write(file, answer["status"]["token"].encode(), mode)
        if os.geteuid() == 0 and self._user is not None:
            os.chown(file, self._user, -1)
        self._hand_over(path, read_only=True)
        expiry = datetime.fromisoformat(answer["status"]["expirationTimestamp"]).timestamp()
        self._tokens.append((path, source, expiry))

    def _hand_over(self, path: Path, *, read_only: bool) -> None:
        """Give a volume to the pod's group, as fsGroup asks for."""
        if os.geteuid() != 0 or self._group is None:
            return
        for each in (path, *path.rglob("*")):
            os.chown(each, -1, self._group)
            mode = stat.S_IMODE(each.stat().st_mode) | (0o440 if read_only else 0o660)
            each.chmod(mode | 0o2110 if each.is_dir() else mode)


async def read_data(
    api: Api, pod: JSONObject, plural: str, name: str
) -> Mapping[str, bytes] | None:
    """Read a ConfigMap's or Secret's data; None where there is none of that name."""
    namespace = pod["metadata"]["namespace"]
    try:
        found = await api.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}")
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    encoded = found.get("binaryData" if plural == "configmaps" else "data") or {}
    data = {key: base64.b64decode(value) for key, value in encoded.items()}
    if plural == "configmaps":
        data |= {key: value.encode() for key, value in (found.get("data") or {}).items()}
    return data


def _lifetime(source: JSONObject) -> int:
    return int(source.get("expirationSeconds", 3600))


def _write(file: Path, content: bytes, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(file)
