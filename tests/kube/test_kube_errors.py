from typing import Any

from cronwright.kube.errors import ApiError, Invalid, error_from_answer, error_from_status


def invalid(message: str, *causes: dict[str, str]) -> ApiError:
    body: dict[str, Any] = {
        "kind": "Status",
        "code": 422,
        "reason": "Invalid",
        "message": message,
        "details": {"causes": list(causes)},
    }
    return error_from_status(422, body)


def test_a_refused_patch_does_not_show_what_it_would_have_made() -> None:
    value = 'Invalid value: "{\\"env\\":[{\\"value\\":\\"secret\\\\n\\"}]}": '
    problem = 'strict decoding error: unknown field "spec.foo"'
    error = invalid(
        f' "" is invalid: patch: {value}{problem}',
        {"reason": "FieldValueInvalid", "field": "patch", "message": value + problem},
    )

    assert isinstance(error, Invalid)
    assert str(error) == problem
    assert [cause["message"] for cause in error.details["causes"]] == [problem]
    assert "secret" not in repr(vars(error))


def test_other_values_are_shown() -> None:
    message = 'CronJob.batch "a" is invalid: spec.schedule: Invalid value: "x": no'
    cause = {"field": "spec.schedule", "message": 'Invalid value: "x": no'}

    error = invalid(message, cause)

    assert (str(error), error.details["causes"]) == (message, [cause])


def test_a_message_keeps_its_beginning_and_its_end() -> None:
    error = invalid("spec.template: Invalid value: " + "x" * 5000 + ": field is immutable")

    assert str(error).startswith("spec.template: Invalid value: xxx")
    assert str(error).endswith("xxx: field is immutable")
    assert len(str(error)) < 1010


def test_an_empty_answer_still_says_something() -> None:
    assert str(error_from_answer(404, b"")) == "the API server answered 404 NotFound"
    assert str(error_from_answer(599, b"[]")) == "[]"
    assert error_from_answer(599, b"").reason == "Unknown"
