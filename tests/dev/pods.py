"""Pods of a test's own, created directly and looked at by name."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import yaml

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.waiting import until

JSONObject = dict[str, Any]

IMAGE: Final = "registry.example/tools:1"
# A container that stays, and ends at once when it is asked to.
STAYS: Final = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
# And one that has to be killed: the first process of a container ignores what it has no trap for.
STUBBORN: Final = "while :; do sleep 0.05; done"
_ENDED: Final = frozenset({"Succeeded", "Failed"})


def container(script: str, name: str = "main", **more: Any) -> JSONObject:
    """Make a container that runs a shell script."""
    return {"name": name, "image": IMAGE, "command": ["/bin/sh", "-c", script], **more}


class Pods:
    """The pods of one namespace, each with its main container's script as its purpose."""

    def __init__(
        self, client: Client, namespace: str, kubeconfig: Path, node: str | None = None
    ) -> None:
        self.client = client
        self.namespace = namespace
        self._kubeconfig = kubeconfig
        self._node = node

    @property
    def server(self) -> SplitResult:
        """The API server's address, as the node knows it."""
        config = yaml.safe_load(self._kubeconfig.read_text())
        return urlsplit(str(config["clusters"][0]["cluster"]["server"]))

    def on(self, node: str) -> "Pods":
        """Give the pods of the same namespace on a node that is chosen here."""
        return Pods(self.client, self.namespace, self._kubeconfig, node)

    async def start(
        self,
        name: str,
        script: str | JSONObject = "",
        *,
        metadata: JSONObject | None = None,
        **spec: Any,
    ) -> None:
        """Create a pod of one container; further arguments are fields of its spec."""
        main = script if isinstance(script, dict) else container(script)
        spec = {"restartPolicy": "Never", "containers": [main], **spec}
        if self._node:
            spec["nodeName"] = self._node
        body = {"metadata": {"name": name, **(metadata or {})}, "spec": spec}
        await self.client.create(paths.pods(self.namespace), body)

    async def start_all(self, **scripts: str | JSONObject) -> None:
        """Create a pod for each script at once."""
        await asyncio.gather(*(self.start(name, script) for name, script in scripts.items()))

    async def get(self, name: str) -> JSONObject:
        """Read a pod."""
        body: JSONObject = await self.client.get(paths.pods(self.namespace, name))
        return body

    async def until(
        self, name: str, condition: Callable[[JSONObject], object], timeout: float = 20.0
    ) -> JSONObject:
        """Wait until a pod's status is as the condition says; give the pod."""

        async def reached() -> JSONObject:
            body = await self.get(name)
            assert condition(body["status"]), body["status"]
            return body

        return await until(reached, timeout, every=0.05)

    async def ended(self, *names: str) -> list[JSONObject]:
        """Wait for the ends of pods; give their statuses."""
        waits = (self.until(name, lambda status: status["phase"] in _ENDED) for name in names)
        return [body["status"] for body in await asyncio.gather(*waits)]

    async def running(self, *names: str) -> list[JSONObject]:
        """Wait until all containers of pods run; give the pods."""
        waits = (self.until(name, _all_run) for name in names)
        return list(await asyncio.gather(*waits))

    async def output(self, name: str, main: str = "main", **query: Any) -> str:
        """Read a container's log through the API server; the query is its `PodLogOptions`."""
        params = {"container": main, **{key: str(value) for key, value in query.items()}}
        path = paths.pod_log(self.namespace, name)
        async with self.client.stream(path, params, timeout=20.0) as content:
            return (await content.read()).decode()

    async def outputs(self, *names: str) -> list[str]:
        """Wait until pods have succeeded, and read what their containers have written."""
        for name, status in zip(names, await self.ended(*names), strict=True):
            assert status["phase"] == "Succeeded", (name, status, await self.output(name))
        return list(await asyncio.gather(*(self.output(name) for name in names)))

    async def delete(self, name: str, **options: Any) -> None:
        """Delete a pod, which nothing waits for."""
        await self.client.delete(paths.pods(self.namespace, name), options)

    async def gone(self, name: str) -> None:
        """Wait until a pod's object is gone."""
        path = paths.pods(self.namespace)

        async def reached() -> bool:
            listed = await self.client.get(path)
            return all(each["metadata"]["name"] != name for each in listed["items"])

        await until(reached, 20.0, every=0.05)


def main_state(status: JSONObject) -> JSONObject:
    """Give the state of a pod's first container."""
    state: JSONObject = status["containerStatuses"][0]["state"]
    return state


def end_of(status: JSONObject) -> JSONObject:
    """Give how a pod's first container has ended."""
    ended: JSONObject = main_state(status)["terminated"]
    return ended


def waits_for(reason: str) -> Callable[[JSONObject], bool]:
    """Make a condition: the first container waits, for this reason."""

    def condition(status: JSONObject) -> bool:
        return bool(main_state(status)["waiting"]["reason"] == reason)

    return condition


def conditions(status: JSONObject) -> dict[str, str]:
    """Give a pod's conditions, as True or as the reason why not."""
    return {
        each["type"]: "True" if each["status"] == "True" else each.get("reason", "False")
        for each in status["conditions"]
    }


def _all_run(status: JSONObject) -> bool:
    return all("running" in each["state"] for each in status["containerStatuses"])
