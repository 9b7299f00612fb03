"""The examples: numbered, headed by a command and a sentence, and of known fields alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cronwright.core.parameters import check_declared
from cronwright.model import API_VERSION
from cronwright.model.base import ResourceModel
from cronwright.model.logs import Logs
from cronwright.model.spec import TaskSpec
from cronwright.schedule import read

FILES = sorted((Path(__file__).parents[1] / "examples").glob("*"))


def tasks(file: Path) -> list[dict[str, Any]]:
    """Read the tasks of a file."""
    bodies = yaml.safe_load_all(file.read_text())
    return [body for body in bodies if body["apiVersion"] == API_VERSION]


def aliases(model: type[ResourceModel]) -> set[str]:
    """List the names of a model's fields as users write them."""
    return {field.alias or name for name, field in model.model_fields.items()}


each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def test_they_are_numbered_in_a_row() -> None:
    assert [file.name[:3] for file in FILES] == [f"{n:02}-" for n in range(1, len(FILES) + 1)]


@each_file
def test_each_opens_with_its_command_and_what_to_see(file: Path) -> None:
    command, gap, *rest = file.read_text().splitlines()
    assert command.startswith(f"# kubectl apply -f examples/{file.name}")
    assert gap == "#"
    sentences = []
    for line in rest:
        if not line.startswith("#"):
            break
        sentences.append(line.removeprefix("#").strip())
    assert " ".join(sentences)


@each_file
def test_each_is_a_task_that_is_understood(file: Path) -> None:
    found = tasks(file)
    assert found
    for body in found:
        spec = body["spec"]
        assert set(spec) <= aliases(TaskSpec)
        assert set(spec.get("logs", {})) <= aliases(Logs)
        understood = TaskSpec.model_validate(spec)
        check_declared(understood)
        if understood.scheduled:
            read(understood.terms("default/example", datetime(2026, 1, 1, tzinfo=UTC)))


@each_file
def test_each_runs_on_the_local_cluster_too(file: Path) -> None:
    """Images are not pulled there, so a container says itself what runs."""
    for body in tasks(file):
        spec = body["spec"]
        template = spec.get("jobTemplate")
        pod = template["spec"]["template"]["spec"] if template else {"containers": []}
        for container in [*pod["containers"], *filter(None, [spec.get("container")])]:
            assert container["command"][:2] == ["/bin/sh", "-c"]


def test_names_are_taken_once() -> None:
    names = [body["metadata"]["name"] for file in FILES for body in tasks(file)]
    assert len(names) == len(set(names))
