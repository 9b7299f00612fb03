from typing import Any

import pytest

from cronwright.api.compare import differences
from cronwright.api.submission import Submission

SPEC: dict[str, Any] = {"schedule": "0 2 * * *", "container": {"image": "busybox"}}
# As the API server stores the above: with the CRD's defaults.
STORED: dict[str, Any] = {
    **SPEC,
    "timeZone": "Etc/UTC",
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
    "historyLimit": 20,
    "logs": {"tailLines": 100, "maxBytes": 4096},
}


def differing(
    wanted: dict[str, Any], spec: dict[str, Any] | None = None, **metadata: dict[str, str]
) -> list[str]:
    submission = Submission.read({"name": "a", **wanted}, lambda: "")
    standing = {"metadata": metadata, "spec": STORED if spec is None else spec}
    return [each.field for each in differences(submission, standing)]


def test_what_was_left_out_is_the_same_as_its_default() -> None:
    assert differing(SPEC) == []
    assert differing({**SPEC, "suspend": False, "logs": {"maxBytes": 4096}}) == []
    assert differing({**SPEC, "timeZone": None, "timeout": None}) == []


def test_defaults_within_parameters_count_as_well() -> None:
    stored = [{"name": "a", "type": "string", "required": False}]
    standing = {**STORED, "parameters": stored}
    assert differing({**SPEC, "parameters": [{"name": "a"}]}, standing) == []
    another = [{"name": "a", "type": "integer"}]
    assert differing({**SPEC, "parameters": another}, standing) == ["spec.parameters"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule": "0 3 * * *"}, "spec.schedule"),
        ({"suspend": True}, "spec.suspend"),
        ({"timeout": "5m"}, "spec.timeout"),
        ({"logs": {"tailLines": 5}}, "spec.logs"),
        ({"container": {"image": "busybox", "args": []}}, "spec.container"),
    ],
)
def test_a_field_that_differs_is_named(change: dict[str, Any], field: str) -> None:
    assert differing({**SPEC, **change}) == [field]


def test_a_field_that_only_the_stored_task_has_differs() -> None:
    assert differing(SPEC, {**STORED, "version": "7"}) == ["spec.version"]


def test_labels_and_annotations_of_others_change_nothing() -> None:
    theirs = {"labels": {"tool": "x", "team": "a"}, "annotations": {"run.cronwright.dev/1": "{}"}}

    assert differing({**SPEC, "labels": {"team": "a"}}, **theirs) == []
    assert differing({**SPEC, "labels": {"team": "b"}}, **theirs) == ["metadata.labels.team"]
    assert differing({**SPEC, "annotations": {"n": "1"}}) == ["metadata.annotations.n"]
