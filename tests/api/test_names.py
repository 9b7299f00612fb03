import pytest

from cronwright.api import names
from cronwright.errors import FieldError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26", "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26"),
        ("0190B6A1-7C3E-7D42-8F7B-5A1E9C0D3B26", "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26"),
        ("1541815603606036480", "1541815603606036480"),
        (1541815603606036480, "1541815603606036480"),
        ("18446744073709551615", "18446744073709551615"),
        ("0", "0"),
    ],
)
def test_an_id_is_a_uuid_or_a_snowflake(given: str | int, expected: str) -> None:
    assert names.task_id(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "backup",
        "-1",
        -1,
        "01",
        "1.5",
        "18446744073709551616",
        "123456789012345678901234",
        "١٢٣",  # digits, but not ASCII's
        "0190b6a17c3e7d428f7b5a1e9c0d3b26",
        "{0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26}",
        "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26\n",
        "../../api/v1/secrets",
    ],
)
def test_any_other_id_is_refused(given: str | int) -> None:
    with pytest.raises(FieldError, match="neither a UUID nor a Snowflake"):
        names.task_id(given)


@pytest.mark.parametrize("given", ["a", "nightly-report", "7zip", "a" * 52])
def test_a_name_is_a_dns_label(given: str) -> None:
    assert names.task_name(given) == given


@pytest.mark.parametrize("given", ["", "A", "a.b", "-a", "a-", "a_b", "a" * 53, "a\n", "a/b"])
def test_any_other_name_is_refused(given: str) -> None:
    with pytest.raises(FieldError, match="no name that a task can have"):
        names.task_name(given)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("nightly-report", "nightly-report"),
        ("by.kubectl", "by.kubectl"),
        ("0190B6A1-7C3E-7D42-8F7B-5A1E9C0D3B26", "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26"),
        ("Report", None),
        ("..", None),
        ("a/b", None),
        ("a b", None),
        ("a" * 254, None),
    ],
)
def test_a_path_leads_only_to_what_can_be_a_resource(path: str, resource: str | None) -> None:
    assert names.resource_name(path) == resource
