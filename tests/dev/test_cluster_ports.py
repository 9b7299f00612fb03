"""The ports of a cluster."""

import json
import socket
from pathlib import Path

from dev.cluster import ports


def test_ports_are_kept(tmp_path: Path) -> None:
    """A cluster that starts again has the kubeconfig that it had."""
    file = tmp_path / "ports.json"
    first = ports.choose(file, ports.CLUSTER, ())
    assert ports.choose(file, ports.CLUSTER, ()) == first
    assert sorted(first) == sorted(ports.CLUSTER)
    assert len(set(first.values())) == len(first)


def test_a_port_that_somebody_else_has_is_chosen_anew(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.choose(file, ["etcd", "node"], ())
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", first["etcd"]))
        somebody.listen()
        second = ports.choose(file, ["etcd", "node"], ())
    assert second["etcd"] != first["etcd"]
    assert second["node"] == first["node"]
    assert json.loads(file.read_text()) == second


def test_a_port_that_we_have_stays(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.choose(file, ["etcd"], ())
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", first["etcd"]))
        ours.listen()
        assert ports.choose(file, ["etcd"], ["etcd"]) == first


def test_a_preferred_port_is_taken_where_it_is_free(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        taken = ports.choose(tmp_path / "taken.json", ["api"], (), {"api": port})
    free = ports.choose(tmp_path / "free.json", ["api"], (), {"api": port})
    assert taken["api"] != port
    assert free["api"] == port
