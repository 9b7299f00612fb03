import json

import pytest

from cronwright.api.problem import Fault, Kind, Problem, shortened


def test_a_problem_names_field_value_and_remedy() -> None:
    fault = Fault("no such zone", "timeZone", "Mars", "write an IANA name")
    response = Problem(Kind.INVALID, fault, headers={"Retry-After": "1"}).response()

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    assert json.loads(bytes(response.body)) == {
        "type": "https://cronwright.dev/problems/invalid-field",
        "title": "A field is wrong",
        "status": 422,
        "detail": "no such zone",
        "field": "timeZone",
        "value": "Mars",
        "remedy": "write an IANA name",
    }


def test_several_faults_are_all_told() -> None:
    document = Problem(Kind.INVALID, Fault("a", "x"), Fault("b", "y", None)).document()

    assert document["detail"] == "a"
    assert document["errors"] == [
        {"detail": "a", "field": "x"},
        {"detail": "b", "field": "y", "value": None},
    ]


def test_each_kind_has_a_name_of_its_own_and_an_error_status() -> None:
    assert len({kind.slug for kind in Kind}) == len(Kind)
    assert all(400 <= kind.status < 600 for kind in Kind)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 120, "a" * 120),
        ("a" * 121, "a" * 117 + "..."),
        (10**200, "1" + "0" * 116 + "..."),
        ({"a": [1]}, '{"a": [1]}'),
        (["b" * 200], '["' + "b" * 115 + "..."),
        (None, None),
        (True, True),
        (1.5, 1.5),
    ],
)
def test_values_are_cut(value: object, shown: object) -> None:
    assert shortened(value) == shown
