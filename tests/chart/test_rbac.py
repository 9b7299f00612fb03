"""Who may do what: every rule of every role, and to whom each is bound."""

import re
from typing import Any

import pytest

from tests.chart.chart import ROOT, Helm, Objects

OPERATOR = {
    "cronwright.dev scheduledtasks": "get list watch patch",
    "cronwright.dev scheduledtasks/status": "update",
    "cronwright.dev scheduledtasks/finalizers": "update",
    "batch cronjobs/finalizers": "update",
    "batch cronjobs": "get list watch create patch",
    "batch cronjobs/status": "patch",
    "batch jobs": "get list watch create patch delete",
    " pods": "get list watch patch",
    " pods/log": "get",
    " configmaps": "list watch",
    " events": "list create",
}
# Rights to objects of one name alone.
NAMED = {"configmaps": ["cronwright-concurrency-groups"]}
# Of one object each, by its name.
ALONE = {" serviceaccounts/token": "create", "coordination.k8s.io leases": "get patch create"}
API = {
    "cronwright.dev scheduledtasks": "get list create patch delete",
    " pods": "get list",
    " pods/log": "get",
}
REVIEWS = {
    "authentication.k8s.io tokenreviews": "create",
    "authorization.k8s.io subjectaccessreviews": "create",
}


def rules(role: dict[str, Any]) -> dict[str, str]:
    """Give a role's verbs by API group and resource; nothing of a role may be left over."""
    found = {}
    for rule in role["rules"]:
        names = NAMED.get(rule["resources"][0])
        assert set(rule) - {"resourceNames"} == {"apiGroups", "resources", "verbs"}
        assert rule.get("resourceNames") == names
        (group,) = rule["apiGroups"]
        for resource in rule["resources"]:
            found[f"{group} {resource}"] = " ".join(rule["verbs"])
    return found


def roles(objects: Objects) -> set[tuple[str, str]]:
    """List the roles and bindings."""
    return {key for key in objects if "Role" in key[0]}


@pytest.mark.parametrize(
    ("account", "expected"), [("cronwright-operator", OPERATOR), ("cronwright-api", API)]
)
def test_what_an_account_may_do(helm: Helm, account: str, expected: dict[str, str]) -> None:
    objects = helm.render()
    assert rules(objects["ClusterRole", account]) == expected
    binding = objects["ClusterRoleBinding", account]
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": account,
    }
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account, "namespace": "system"}
    ]


def test_the_operator_makes_tokens_for_one_account(helm: Helm) -> None:
    objects = helm.render()
    role = objects["Role", "cronwright-operator-tokens"]
    assert role["metadata"]["namespace"] == "system"
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts/token"],
            "resourceNames": ["cronwright-api"],
            "verbs": ["create"],
        }
    ]
    binding = objects["RoleBinding", "cronwright-operator-tokens"]
    assert binding["subjects"][0]["name"] == "cronwright-operator"


def test_the_operator_holds_one_lease(helm: Helm) -> None:
    objects = helm.render()
    role = objects["Role", "cronwright-operator-lease"]
    assert role["metadata"]["namespace"] == "system"
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    assert role["rules"] == [
        {**leases, "resourceNames": ["cronwright"], "verbs": ["get", "patch"]},
        {**leases, "verbs": ["create"]},
    ]
    binding = objects["RoleBinding", "cronwright-operator-lease"]
    assert binding["roleRef"]["name"] == "cronwright-operator-lease"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "cronwright-operator", "namespace": "system"}
    ]


def test_the_api_may_ask_who_calls(helm: Helm) -> None:
    objects = helm.render()
    assert rules(objects["ClusterRole", "cronwright-api-reviews"]) == REVIEWS
    binding = objects["ClusterRoleBinding", "cronwright-api-reviews"]
    assert binding["subjects"][0]["name"] == "cronwright-api"


def test_one_namespace_takes_no_right_in_others(helm: Helm) -> None:
    objects = helm.render("watchNamespace=reports", "rbac.aggregate=false")
    assert roles(objects) == {
        ("Role", "cronwright-operator"),
        ("RoleBinding", "cronwright-operator"),
        ("Role", "cronwright-operator-tokens"),
        ("RoleBinding", "cronwright-operator-tokens"),
        ("Role", "cronwright-operator-lease"),
        ("RoleBinding", "cronwright-operator-lease"),
        ("Role", "cronwright-api"),
        ("RoleBinding", "cronwright-api"),
        ("ClusterRole", "cronwright-api-reviews"),
        ("ClusterRoleBinding", "cronwright-api-reviews"),
    }
    for account, expected in (("cronwright-operator", OPERATOR), ("cronwright-api", API)):
        role, binding = objects["Role", account], objects["RoleBinding", account]
        assert rules(role) == expected
        assert role["metadata"]["namespace"] == "reports"
        assert binding["metadata"]["namespace"] == "reports"
        assert binding["roleRef"]["kind"] == "Role"
        assert binding["subjects"][0]["namespace"] == "system"


def test_users_get_their_rights_by_the_cluster_s_own_roles(helm: Helm) -> None:
    objects = helm.render()
    aggregate = "rbac.authorization.k8s.io/aggregate-to-"
    view, edit = (objects["ClusterRole", f"cronwright-{name}"] for name in ("view", "edit"))
    assert rules(view) == {
        "cronwright.dev scheduledtasks": "get list watch",
        "cronwright.dev scheduledtasks/status": "get list watch",
    }
    assert rules(edit) == {
        "cronwright.dev scheduledtasks": "create update patch delete deletecollection",
        "cronwright.dev scheduledtasks/run": "create",
        "cronwright.dev scheduledtasks/cancel": "create",
    }
    for role, covered in ((view, ["view", "edit", "admin"]), (edit, ["edit", "admin"])):
        labels = role["metadata"]["labels"]
        found = [key.removeprefix(aggregate) for key in labels if key.startswith(aggregate)]
        assert sorted(found) == sorted(covered)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The operator's account:", OPERATOR | ALONE),
        ("The API's account:", API | REVIEWS),
    ],
)
def test_the_documented_rights_are_these(title: str, expected: dict[str, str]) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.split(title)[1].split("\n\n")[1]
    documented = {}
    for row in table.splitlines()[2:]:
        resources, verbs = (cell.strip() for cell in row.split("|")[1:3])
        for resource in re.findall("`([^`]+)`", resources):
            documented[resource.partition(".")[0]] = verbs
    assert documented == {key.split()[-1]: verbs for key, verbs in expected.items()}


def test_roles_can_be_left_to_others(helm: Helm) -> None:
    assert roles(helm.render("rbac.create=false", "rbac.aggregate=false")) == set()


def test_without_the_api_nothing_is_there_for_it(helm: Helm) -> None:
    objects = helm.render("api.enabled=false", "rbac.aggregate=false")
    assert roles(objects) == {
        ("ClusterRole", "cronwright-operator"),
        ("ClusterRoleBinding", "cronwright-operator"),
        ("Role", "cronwright-operator-lease"),
        ("RoleBinding", "cronwright-operator-lease"),
    }
