"""The operator's own account: it works with what the chart grants it, not as administrator.

The chart is rendered, and of it only what RBAC consists of is applied.
"""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cronwright.kube.client import Client
from tests.cluster.waiting import until

JSONObject = dict[str, Any]

_CHART = Path(__file__).parents[2] / "charts/cronwright"
_PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount with the chart's rights, and a kubeconfig that holds its token."""

    user: str
    kubeconfig: Path


def render_chart(helm: str, release: str, namespace: str) -> list[JSONObject]:
    """Render the chart's manifests."""
    command = [helm, "template", release, str(_CHART), "--namespace", namespace]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [each for each in yaml.safe_load_all(output) if each]


async def grant(
    client: Client, manifests: list[JSONObject], namespace: str
) -> tuple[str, list[str]]:
    """Apply the RBAC of rendered manifests; give the operator's account, and what to delete."""
    account = ""
    made: list[str] = []
    for each in manifests:
        if each["kind"] == "Deployment":
            account = each["spec"]["template"]["spec"]["serviceAccountName"]
        if each["kind"] in _PATHS:
            where = each["metadata"].get("namespace", namespace)
            path = _PATHS[each["kind"]].format(namespace=where)
            await client.create(path, each)
            made.append(f"{path}/{each['metadata']['name']}")
    assert account, "the chart has no Deployment with a ServiceAccount"
    return account, made


async def grant_lease(
    client: Client, manifests: list[JSONObject], namespace: str, user: str
) -> None:
    """Grant an account what the chart grants its own for the Lease, in another namespace."""
    _, _, home, name = user.split(":")
    for each in manifests:
        if each["kind"] in {"Role", "RoleBinding"} and each["metadata"]["name"].endswith("-lease"):
            if "subjects" in each:
                each["subjects"] = [{"kind": "ServiceAccount", "name": name, "namespace": home}]
            await client.create(_PATHS[each["kind"]].format(namespace=namespace), each)


async def kubeconfig_with_token(
    client: Client, admin: Path, namespace: str, account: str
) -> JSONObject:
    """Make a kubeconfig of the administrator's cluster and a token of an account."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    answer = await client.create(path, {"spec": {"expirationSeconds": 7200}})
    user = f"system:serviceaccount:{namespace}:{account}"
    await until(lambda: _may_list(client, user))
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": _cluster(admin)}],
        "users": [{"name": "operator", "user": {"token": answer["status"]["token"]}}],
        "contexts": [
            {"name": "operator", "context": {"cluster": "cluster", "user": "operator"}},
        ],
        "current-context": "operator",
    }


async def _may_list(client: Client, user: str) -> bool:
    # The authorizer learns of a new binding by a watch of its own.
    what = {"group": "cronwright.dev", "resource": "scheduledtasks", "verb": "list"}
    review = await client.create(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {"spec": {"user": user, "resourceAttributes": what}},
    )
    return bool(review["status"]["allowed"])


def _cluster(admin: Path) -> JSONObject:
    config = yaml.safe_load(admin.read_text())
    context = next(
        each["context"] for each in config["contexts"] if each["name"] == config["current-context"]
    )
    cluster: JSONObject = next(
        each["cluster"] for each in config["clusters"] if each["name"] == context["cluster"]
    )
    authority = cluster.pop("certificate-authority", None)
    if authority:
        data = (admin.parent / authority).read_bytes()
        cluster["certificate-authority-data"] = base64.b64encode(data).decode()
    return cluster


def write_kubeconfig(file: Path, config: JSONObject) -> None:
    """Write a kubeconfig that only its owner may read."""
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
