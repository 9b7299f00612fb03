import pytest

from cronwright.errors import FieldError
from cronwright.model.spec import TaskSpec


def test_fields_of_a_newer_version_are_passed_over() -> None:
    assert TaskSpec.model_validate({"schedule": "@daily", "priority": 3}).schedule == "@daily"


def test_the_timeout_is_had_in_seconds() -> None:
    assert TaskSpec(timeout="1h30m").timeout_seconds == 5400
    assert TaskSpec().timeout_seconds is None


def test_a_timeout_of_zero_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(FieldError, match=r"spec\.timeout .*longer than zero"):
        _ = TaskSpec(timeout="0s").timeout_seconds
