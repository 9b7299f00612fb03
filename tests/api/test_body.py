import aiohttp
import pytest

JSON = {"Content-Type": "application/json"}


async def refused(
    web: aiohttp.ClientSession, content: bytes, headers: dict[str, str] = JSON
) -> dict[str, object]:
    async with web.post("/tasks", data=content, headers=headers) as answer:
        problem: dict[str, object] = await answer.json(content_type="application/problem+json")
    assert answer.status == problem["status"]
    return problem


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "line 1, column 1"),
        (b'{"name": "x",\n "spec": }', "line 2, column 10"),
        (b'{"name": "x"', "line 1, column 13"),
        (b'{"name": "\xff"}', "byte 11 is not UTF-8"),
        (b'{"name": "\\ud800"}', "half a surrogate pair"),
        (b'{"name": "x", "name": "y"}', '"name" is given twice'),
        (b'{"spec": {"suspend": 1, "suspend": 2}}', '"suspend" is given twice'),
        (b'{"historyLimit": NaN}', "NaN is no JSON number"),
        (b'{"historyLimit": -Infinity}', "-Infinity is no JSON number"),
        (b'{"historyLimit": 1e999}', "1e999 is too large"),
        (b'{"historyLimit": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"{" + b'"a": 1,' * 1000 + b"}", "line 1"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_its_place(
    web: aiohttp.ClientSession, content: bytes, detail: str
) -> None:
    problem = await refused(web, content)

    assert problem["status"] == 400
    assert problem["type"] == "https://cronwright.dev/problems/bad-json"
    assert detail in str(problem["detail"])


@pytest.mark.parametrize("content", [b"[]", b"null", b'"task"', b"12"])
async def test_json_that_is_no_object_is_refused(
    web: aiohttp.ClientSession, content: bytes
) -> None:
    problem = await refused(web, content)

    assert (problem["status"], problem["detail"]) == (422, "the body is JSON, but no object")


@pytest.mark.parametrize(
    "given", ["application/x-www-form-urlencoded", "text/plain", "application/yaml", "json", ""]
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(
    web: aiohttp.ClientSession, given: str
) -> None:
    problem = await refused(web, b"{}", {"Content-Type": given})

    assert problem["status"] == 415
    assert problem["field"] == "Content-Type"
    assert "Content-Type: application/json" in str(problem["remedy"])


@pytest.mark.parametrize(
    "given", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_any_kind_of_json_is_read(web: aiohttp.ClientSession, given: str) -> None:
    assert (await refused(web, b"[]", {"Content-Type": given}))["status"] == 422
