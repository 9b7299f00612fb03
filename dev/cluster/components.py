"""What runs in a cluster, as command lines; `lifecycle` starts them in this order."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.cluster import certificates
from dev.cluster.layout import CHECKOUT, Layout

NODE: Final = "node-1"
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Component:
    """A process of the cluster."""

    name: str
    command: tuple[str, ...]
    # Files that it reads at its start only: it is started again when one has changed.
    inputs: tuple[Path, ...]
    directory: Path = Path("/")


def etcd(layout: Layout, ports: Mapping[str, int]) -> Component:
    """Describe the database."""
    own = certificates.pair(layout.certificates, "etcd")
    authority = certificates.pair(layout.certificates, certificates.AUTHORITY)
    flags = {
        "data-dir": layout.etcd,
        "listen-client-url": f"https://{HOST}:{ports['etcd']}",
        "listen-peer-url": f"http://{HOST}:{ports['etcd-peer']}",
        "cert-file": own.certificate,
        "key-file": own.key,
        "trusted-ca-file": authority.certificate,
    }
    return _component(layout, "etcd", flags, (own.certificate, authority.certificate))


def apiserver(layout: Layout, ports: Mapping[str, int], more: str) -> Component:
    """Describe the API server; `more` are further flags, as a shell would read them."""
    directory = layout.certificates
    own = certificates.pair(directory, "kube-apiserver")
    client = certificates.pair(directory, "kube-apiserver-client")
    authority = certificates.pair(directory, certificates.AUTHORITY).certificate
    tokens = directory / f"{certificates.SERVICE_ACCOUNTS}.key"
    flags = {
        "etcd-servers": f"https://{HOST}:{ports['etcd']}",
        "etcd-cafile": authority,
        "etcd-certfile": client.certificate,
        "etcd-keyfile": client.key,
        "bind-address": HOST,
        "secure-port": ports["kube-apiserver"],
        # Endpoints must not be loopback addresses, so none are kept for this server itself.
        "endpoint-reconciler-type": "none",
        "tls-cert-file": own.certificate,
        "tls-private-key-file": own.key,
        "client-ca-file": authority,
        "authorization-mode": "RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": tokens,
        "service-account-signing-key-file": tokens,
        "service-cluster-ip-range": "10.96.0.0/16",
        "kubelet-certificate-authority": authority,
        "kubelet-client-certificate": client.certificate,
        "kubelet-client-key": client.key,
        "kubelet-preferred-address-types": "InternalIP",
        "audit-policy-file": layout.audit_policy,
        "audit-log-path": layout.audit_log,
        # A request is answered after its line is in the log, so that a test finds it there.
        "audit-log-mode": "blocking",
        "audit-log-maxsize": 4096,  # MB; at 100, the default, a benchmark would lose lines
        "audit-log-maxbackup": 1,
        "profiling": "false",
    }
    inputs = (own.certificate, authority, tokens, layout.audit_policy)
    return _component(layout, "kube-apiserver", flags, inputs, more)


def controller_manager(layout: Layout, ports: Mapping[str, int], more: str) -> Component:
    """Describe the controllers; `more` are further flags, as a shell would read them."""
    name = "kube-controller-manager"
    config = layout.kubeconfigs / name
    tokens = layout.certificates / f"{certificates.SERVICE_ACCOUNTS}.key"
    flags = {
        "kubeconfig": config,
        "leader-elect": "false",
        **_health(layout, name, ports[name]),
        # Each controller under its own ServiceAccount, so that the audit log tells them apart.
        "use-service-account-credentials": "true",
        "service-account-private-key-file": tokens,
        "root-ca-file": certificates.pair(layout.certificates, certificates.AUTHORITY).certificate,
    }
    return _component(layout, name, flags, (config, tokens), more)


def scheduler(layout: Layout, ports: Mapping[str, int]) -> Component:
    """Describe the scheduler."""
    name = "kube-scheduler"
    config = layout.kubeconfigs / name
    health = _health(layout, name, ports[name])
    flags = {"kubeconfig": config, "leader-elect": "false", **health}
    return _component(layout, name, flags, (config,))


def node(layout: Layout, ports: Mapping[str, int]) -> Component:
    """Describe the node, `dev/node`: it runs with this Python, from this checkout."""
    config = layout.kubeconfigs / "node"
    own = certificates.pair(layout.certificates, "node")
    authority = certificates.pair(layout.certificates, certificates.AUTHORITY)
    flags = {
        "kubeconfig": config,
        "name": NODE,
        "address": HOST,
        "port": ports["node"],
        "root": layout.node,
        "serving-cert": own.certificate,
        "serving-key": own.key,
        "client-ca": authority.certificate,
    }
    command = (sys.executable, "-m", "dev.node", *_arguments(flags))
    sources = sorted((CHECKOUT / "dev" / "node").glob("*.py"))
    return Component("node", command, (config, own.certificate, *sources), CHECKOUT)


def _health(layout: Layout, name: str, port: int) -> dict[str, object]:
    """Have it say how it is, on loopback; what else is there it shows to nobody."""
    own = certificates.pair(layout.certificates, name)
    return {
        "bind-address": HOST,
        "secure-port": port,
        "tls-cert-file": own.certificate,
        "tls-private-key-file": own.key,
    }


def _component(
    layout: Layout,
    name: str,
    flags: Mapping[str, object],
    inputs: tuple[Path, ...],
    more: str = "",
) -> Component:
    program = layout.programs / name
    command = (str(program), *_arguments(flags), *shlex.split(more))
    # The link is resolved: another build of the program is another path.
    return Component(name, command, (*inputs, program.resolve().parent / "key"))


def _arguments(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]
