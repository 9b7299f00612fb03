"""The Deployment, the accounts and the Service, each as a whole."""

from typing import Any

import pytest
import yaml

from tests.chart.chart import Helm, Objects, RefusedError

LABELS = {
    "app.kubernetes.io/name": "cronwright",
    "app.kubernetes.io/instance": "cronwright",
    "app.kubernetes.io/version": "0.1.0",
    "app.kubernetes.io/managed-by": "Helm",
    "helm.sh/chart": "cronwright-0.1.0",
}
SELECTOR = {
    "app.kubernetes.io/name": "cronwright",
    "app.kubernetes.io/instance": "cronwright",
}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

OPERATOR = yaml.safe_load("""
name: operator
image: cronwright:0.1.0
imagePullPolicy: IfNotPresent
command: [cronwright, operator]
env:
  - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  - {name: CRONWRIGHT_BIND_ADDRESS, value: 0.0.0.0}
  - {name: CRONWRIGHT_LOG_LEVEL, value: info}
  - {name: CRONWRIGHT_LOG_FORMAT, value: json}
  - {name: CRONWRIGHT_NAMESPACE, value: ""}
  - {name: CRONWRIGHT_WORKERS, value: "8"}
  - {name: CRONWRIGHT_MAX_CONNECTIONS, value: "32"}
  - {name: CRONWRIGHT_RELIST_SECONDS, value: "180"}
  - {name: CRONWRIGHT_CONCURRENCY_GROUP_SIZE, value: "1"}
  - {name: CRONWRIGHT_HEALTH_PORT, value: "8081"}
  - {name: CRONWRIGHT_TASK_METRICS, value: "false"}
  - {name: CRONWRIGHT_SLOW_RUN_FACTOR, value: "2"}
  - {name: CRONWRIGHT_LEADER_ELECTION, value: "true"}
  - {name: CRONWRIGHT_LEASE_NAMESPACE, value: system}
  - {name: CRONWRIGHT_LEASE_NAME, value: cronwright}
  - {name: CRONWRIGHT_LEASE_IDENTITY, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: CRONWRIGHT_LEASE_DURATION_SECONDS, value: "10"}
  - {name: CRONWRIGHT_LEASE_RENEW_DEADLINE_SECONDS, value: "7"}
  - {name: CRONWRIGHT_LEASE_RETRY_SECONDS, value: "1"}
  - {name: CRONWRIGHT_API_TOKEN_FILE, value: /var/run/secrets/cronwright.dev/api/token}
  - {name: CRONWRIGHT_API_SERVICE_ACCOUNT, value: cronwright-api}
  - name: CRONWRIGHT_API_SERVICE_ACCOUNT_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
ports:
  - {name: health, containerPort: 8081}
livenessProbe:
  httpGet: {path: /livez, port: health}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: health}
  initialDelaySeconds: 1
  periodSeconds: 5
  timeoutSeconds: 5
resources:
  requests: {cpu: 50m, memory: 128Mi}
  limits: {memory: 512Mi}
volumeMounts:
  - name: operator-account
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
  - {name: api-token, mountPath: /var/run/secrets/cronwright.dev/api}
  - {name: operator-tmp, mountPath: /tmp}
""") | {"securityContext": RESTRICTED}

API = yaml.safe_load("""
name: api
image: cronwright:0.1.0
imagePullPolicy: IfNotPresent
command: [cronwright, api]
env:
  - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  - {name: CRONWRIGHT_BIND_ADDRESS, value: 0.0.0.0}
  - {name: CRONWRIGHT_LOG_LEVEL, value: info}
  - {name: CRONWRIGHT_LOG_FORMAT, value: json}
  - {name: CRONWRIGHT_PORT, value: "8080"}
  - {name: CRONWRIGHT_METRICS_PORT, value: "8082"}
  - {name: CRONWRIGHT_OPERATOR_HEALTH_PORT, value: "8081"}
  - {name: CRONWRIGHT_TOKEN_FILE, value: /var/run/secrets/cronwright.dev/api/token}
  - {name: CRONWRIGHT_CA_FILE, value: /var/run/secrets/cronwright.dev/cluster/ca.crt}
  - {name: CRONWRIGHT_DEFAULT_NAMESPACE, value: default}
  - {name: CRONWRIGHT_AUDIENCES, value: ""}
  - {name: CRONWRIGHT_REVIEW_CACHE_SECONDS, value: "10"}
ports:
  - {name: api, containerPort: 8080}
  - {name: api-metrics, containerPort: 8082}
livenessProbe:
  httpGet: {path: /livez, port: api}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: api}
  initialDelaySeconds: 1
  periodSeconds: 5
  timeoutSeconds: 5
resources:
  requests: {cpu: 20m, memory: 96Mi}
  limits: {memory: 256Mi}
volumeMounts:
  - {name: cluster, mountPath: /var/run/secrets/cronwright.dev/cluster, readOnly: true}
  - {name: api-token, mountPath: /var/run/secrets/cronwright.dev/api, readOnly: true}
  - {name: api-tmp, mountPath: /tmp}
""") | {"securityContext": RESTRICTED}

CLUSTER_FILES = yaml.safe_load("""
- configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
- downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
""")
TOKEN = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}

POD = {
    "serviceAccountName": "cronwright-operator",
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "terminationGracePeriodSeconds": 30,
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": SELECTOR},
        }
    ],
    "containers": [OPERATOR, API],
    "volumes": [
        {"name": "operator-account", "projected": {"sources": [TOKEN, *CLUSTER_FILES]}},
        {"name": "operator-tmp", "emptyDir": {}},
        {"name": "cluster", "projected": {"sources": CLUSTER_FILES}},
        {"name": "api-token", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "api-tmp", "emptyDir": {}},
    ],
}


def deployment(objects: Objects) -> dict[str, Any]:
    """Give the one Deployment."""
    (found,) = (body for (kind, _), body in objects.items() if kind == "Deployment")
    return found


def pod(objects: Objects) -> dict[str, Any]:
    """Give the Deployment's pod spec."""
    spec: dict[str, Any] = deployment(objects)["spec"]["template"]["spec"]
    return spec


def test_the_deployment(helm: Helm) -> None:
    assert deployment(helm.render()) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cronwright", "namespace": "system", "labels": LABELS},
        "spec": {
            "replicas": 2,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "selector": {"matchLabels": SELECTOR},
            "template": {
                "metadata": {
                    "labels": LABELS,
                    "annotations": {"kubectl.kubernetes.io/default-container": "operator"},
                },
                "spec": POD,
            },
        },
    }


def test_one_that_never_has_company_elects_nobody(helm: Helm) -> None:
    objects = helm.render("replicas=1", "leaderElection.enabled=false")
    spec = deployment(objects)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert "topologySpreadConstraints" not in pod(objects)
    operator = _plain(pod(objects)["containers"][0])
    assert operator["CRONWRIGHT_LEADER_ELECTION"] == "false"
    assert [name for name in operator if name.startswith("CRONWRIGHT_LEASE")] == []
    assert [kind for kind, _ in objects if kind == "PodDisruptionBudget"] == []


def test_several_without_a_leader_are_refused(helm: Helm) -> None:
    with pytest.raises(RefusedError, match="replicas: 2 needs leaderElection"):
        helm.render("leaderElection.enabled=false")


def test_one_pod_goes_at_a_time(helm: Helm) -> None:
    assert helm.render()["PodDisruptionBudget", "cronwright"] == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "cronwright", "namespace": "system", "labels": LABELS},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": SELECTOR}},
    }
    for value in ("replicas=1", "podDisruptionBudget.enabled=false"):
        assert "PodDisruptionBudget" not in {kind for kind, _ in helm.render(value)}


def test_the_lease_is_set_as_the_values_say(helm: Helm) -> None:
    objects = helm.render(
        'leaderElection={"name":"one","namespace":"leases","leaseDurationSeconds":30,'
        '"renewDeadlineSeconds":20.5,"retrySeconds":0.5}'
    )
    operator = _plain(pod(objects)["containers"][0])
    found = {key: value for key, value in operator.items() if key.startswith("CRONWRIGHT_LEASE")}
    assert found == {
        "CRONWRIGHT_LEASE_NAMESPACE": "leases",
        "CRONWRIGHT_LEASE_NAME": "one",
        "CRONWRIGHT_LEASE_DURATION_SECONDS": "30",
        "CRONWRIGHT_LEASE_RENEW_DEADLINE_SECONDS": "20.5",
        "CRONWRIGHT_LEASE_RETRY_SECONDS": "0.5",
    }
    role = objects["Role", "cronwright-operator-lease"]
    assert role["metadata"]["namespace"] == "leases"
    assert role["rules"][0]["resourceNames"] == ["one"]


def test_the_operator_alone(helm: Helm) -> None:
    objects = helm.render("api.enabled=false")
    spec = pod(objects)
    (operator,) = spec["containers"]
    assert [volume["name"] for volume in spec["volumes"]] == ["operator-account", "operator-tmp"]
    assert [mount["name"] for mount in operator["volumeMounts"]] == [
        "operator-account",
        "operator-tmp",
    ]
    assert not [each["name"] for each in operator["env"] if "_API_" in each["name"]]
    kinds = {kind for kind, _ in objects}
    assert "Service" not in kinds
    assert [name for kind, name in objects if kind == "ServiceAccount"] == ["cronwright-operator"]


def test_where_the_pod_runs_and_as_whom(helm: Helm) -> None:
    tolerations = '[{"key":"infra","operator":"Exists"}]'
    spec = pod(
        helm.render(
            "nodeSelector.disk=ssd",
            f"tolerations={tolerations}",
            "priorityClassName=system-cluster-critical",
            'imagePullSecrets=[{"name":"registry"}]',
            'affinity={"nodeAffinity":{}}',
            "podSecurityContext.runAsUser=2000",
            "terminationGracePeriodSeconds=5",
        )
    )
    changed = {key: value for key, value in spec.items() if POD.get(key) != value}
    assert changed == {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "infra", "operator": "Exists"}],
        "priorityClassName": "system-cluster-critical",
        "imagePullSecrets": [{"name": "registry"}],
        "affinity": {"nodeAffinity": {}},
        "securityContext": POD["securityContext"] | {"runAsUser": 2000},  # type: ignore[operator]
        "terminationGracePeriodSeconds": 5,
    }


def test_settings_reach_the_environment(helm: Helm) -> None:
    operator, api = pod(
        helm.render(
            "bindAddress=$(POD_IP)",
            "logLevel=debug",
            "logFormat=text",
            "watchNamespace=reports",
            "operator.workers=4",
            "operator.maxConnections=16",
            "operator.relistSeconds=60",
            "operator.concurrencyGroupSize=5",
            "operator.healthPort=9001",
            "operator.taskMetrics=true",
            "operator.slowRunFactor=1.5",
            'operator.extraEnv=[{"name":"HTTPS_PROXY","value":"http://proxy:3128"}]',
            "api.port=9000",
            "api.metricsPort=9002",
            'api.audiences=["cronwright","backend"]',
            "api.reviewCacheSeconds=0",
        )
    )["containers"]
    common = {
        "CRONWRIGHT_BIND_ADDRESS": "$(POD_IP)",
        "CRONWRIGHT_LOG_LEVEL": "debug",
        "CRONWRIGHT_LOG_FORMAT": "text",
    }
    assert _plain(operator) == common | {
        "CRONWRIGHT_NAMESPACE": "reports",
        "CRONWRIGHT_WORKERS": "4",
        "CRONWRIGHT_MAX_CONNECTIONS": "16",
        "CRONWRIGHT_RELIST_SECONDS": "60",
        "CRONWRIGHT_CONCURRENCY_GROUP_SIZE": "5",
        "CRONWRIGHT_HEALTH_PORT": "9001",
        "CRONWRIGHT_TASK_METRICS": "true",
        "CRONWRIGHT_SLOW_RUN_FACTOR": "1.5",
        "CRONWRIGHT_LEADER_ELECTION": "true",
        "CRONWRIGHT_LEASE_NAMESPACE": "system",
        "CRONWRIGHT_LEASE_NAME": "cronwright",
        "CRONWRIGHT_LEASE_DURATION_SECONDS": "10",
        "CRONWRIGHT_LEASE_RENEW_DEADLINE_SECONDS": "7",
        "CRONWRIGHT_LEASE_RETRY_SECONDS": "1",
        "CRONWRIGHT_API_TOKEN_FILE": "/var/run/secrets/cronwright.dev/api/token",
        "CRONWRIGHT_API_SERVICE_ACCOUNT": "cronwright-api",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    assert _plain(api) == common | {
        "CRONWRIGHT_PORT": "9000",
        "CRONWRIGHT_METRICS_PORT": "9002",
        "CRONWRIGHT_OPERATOR_HEALTH_PORT": "9001",
        "CRONWRIGHT_TOKEN_FILE": "/var/run/secrets/cronwright.dev/api/token",
        "CRONWRIGHT_CA_FILE": "/var/run/secrets/cronwright.dev/cluster/ca.crt",
        "CRONWRIGHT_DEFAULT_NAMESPACE": "reports",
        "CRONWRIGHT_AUDIENCES": "cronwright,backend",
        "CRONWRIGHT_REVIEW_CACHE_SECONDS": "0",
    }
    assert operator["ports"] == [{"name": "health", "containerPort": 9001}]
    assert api["ports"] == [
        {"name": "api", "containerPort": 9000},
        {"name": "api-metrics", "containerPort": 9002},
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["image.repository=registry.example/cronwright"], "registry.example/cronwright:0.1.0"),
        (["image.tag=edge"], "cronwright:edge"),
        ([f"image.tag=edge,image.digest=sha256:{'0' * 64}"], f"cronwright@sha256:{'0' * 64}"),
    ],
    ids=["its registry", "its tag", "its digest goes before the tag"],
)
def test_the_image(helm: Helm, values: list[str], expected: str) -> None:
    images = {container["image"] for container in pod(helm.render(*values))["containers"]}
    assert images == {expected}


def test_names_carry_the_release(helm: Helm) -> None:
    objects = helm.render(release="nightly")
    assert deployment(objects)["metadata"]["name"] == "nightly-cronwright"
    assert pod(objects)["serviceAccountName"] == "nightly-cronwright-operator"
    assert ("Service", "nightly-cronwright-api") in objects


def test_the_accounts_mount_no_token_by_themselves(helm: Helm) -> None:
    objects = helm.render('serviceAccounts.annotations={"team":"platform"}')
    for name in ("cronwright-operator", "cronwright-api"):
        assert objects["ServiceAccount", name] == {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": name,
                "namespace": "system",
                "labels": LABELS,
                "annotations": {"team": "platform"},
            },
            "automountServiceAccountToken": False,
        }


def test_the_service(helm: Helm) -> None:
    assert helm.render("api.service.port=80")["Service", "cronwright-api"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "cronwright-api", "namespace": "system", "labels": LABELS},
        "spec": {
            "type": "ClusterIP",
            "selector": SELECTOR,
            "ports": [{"name": "http", "port": 80, "targetPort": "api", "appProtocol": "http"}],
        },
    }


def test_the_network_policy(helm: Helm) -> None:
    who = [{"podSelector": {"matchLabels": {"app": "backend"}}}]
    objects = helm.render(
        "networkPolicy.enabled=true",
        'networkPolicy.apiFrom=[{"podSelector":{"matchLabels":{"app":"backend"}}}]',
    )
    assert objects["NetworkPolicy", "cronwright"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "cronwright", "namespace": "system", "labels": LABELS},
        "spec": {
            "podSelector": {"matchLabels": SELECTOR},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": "api", "protocol": "TCP"}], "from": who}],
        },
    }


def _plain(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}
