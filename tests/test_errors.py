from cronwright.errors import CronwrightError, FieldError


def test_a_field_error_names_field_value_problem_and_remedy() -> None:
    error = FieldError("spec.timeZone", "Europe/Berln", "no such time zone", "write an IANA name")

    assert str(error) == 'spec.timeZone "Europe/Berln": no such time zone; write an IANA name'
    assert (error.field, error.value) == ("spec.timeZone", "Europe/Berln")
    assert (error.problem, error.remedy) == ("no such time zone", "write an IANA name")


def test_a_field_error_is_what_callers_catch() -> None:
    assert issubclass(FieldError, CronwrightError)
    assert issubclass(FieldError, ValueError)


def test_a_number_is_shown_without_quotes() -> None:
    assert str(FieldError("spec.historyLimit", 60, "too many", "write 50")).startswith(
        "spec.historyLimit 60: "
    )


def test_a_long_value_is_cut_for_the_message_alone() -> None:
    error = FieldError("spec.schedule", "x" * 5000, "can't be read", "write less")

    assert len(str(error)) < 200
    assert error.value == "x" * 5000
