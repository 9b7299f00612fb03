"""`cronwright next`, as a function and as a command."""

import io
import json
import subprocess
import sys

import pytest

from cronwright.__main__ import main
from cronwright.next import answer_lines

START = ["--start", "2026-01-01T00:00:00Z"]


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["next", *arguments, *START]) == 0
    return capsys.readouterr().out


def test_slots_sentence_and_mode_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "0 0 2 ? * FRIL", "--zone", "Europe/Berlin", "-n", "2")

    assert text.splitlines() == [
        "At 02:00 on the last Friday of the month, Europe/Berlin",
        "Managed (LastWeekday): a CronJob knows no last weekday of the month",
        "",
        "2026-01-30T02:00:00+01:00  2026-01-30T01:00:00Z",
        "2026-02-27T02:00:00+01:00  2026-02-27T01:00:00Z",
    ]


def test_a_native_schedule_names_its_cronjob(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "H 2 * * *", "--name", "team/backup", "-n", "1")

    assert 'Native (FiveFields): a CronJob says the same: "14 2 * * *", Etc/UTC' in text


def test_warnings_and_jitter_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "0 0 2 * * 5", "--jitter", "5m", "--name", "team/backup", "-n", "1")

    assert 'Warning: day of week "5": 5 is FRI here and THU in Quartz' in text
    assert text.splitlines()[-1] == "2026-01-02T02:00:00+00:00  2026-01-02T02:00:00Z  + 235 s"


def test_what_is_never_due_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "0 0 30 2 *").splitlines()[-1] == "never"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "0 2 * * *", "--zone", "Asia/Tokyo", "-n", "1", "--output", "json")

    assert json.loads(text) == {
        "schedule": "0 2 * * *",
        "sentence": "At 02:00, Asia/Tokyo",
        "mode": "Native",
        "modeReason": "FiveFields",
        "message": 'a CronJob says the same: "0 2 * * *", Asia/Tokyo',
        "cronJob": {"schedule": "0 2 * * *", "timeZone": "Asia/Tokyo"},
        "warnings": [],
        "next": [
            {
                "local": "2026-01-02T02:00:00+09:00",
                "utc": "2026-01-01T17:00:00Z",
                "due": "2026-01-01T17:00:00Z",
            }
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0 24 * * *"], 'spec.schedule "0 24 * * *": hour "24" at character 3 is above 23'),
        (["0 2 * * *", "--zone", "Mars"], 'spec.timeZone "Mars": no such time zone'),
        (["0 2 * * *", "--start", "soon"], 'start "soon": no date-time'),
        (["0 2 * * *", "-n", "0"], "n 0: no such number of slots; write 1 to 10000"),
    ],
)
def test_what_is_wrong_is_said_and_is_a_wrong_use(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["next", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--batch", "0 2 * * *"], ["0 2 * * *", "--dialect=x"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["next", *arguments])


def test_each_line_of_a_batch_has_its_answer() -> None:
    start = '"start": "2026-01-01T00:00:00Z"'
    lines = [
        f'{{"expr": "0 2 * * *", "zone": "Europe/Berlin", {start}, "n": 2}}',
        f'{{"expr": "0 0 2 ? * 1", "dialect": "Quartz", {start}, "n": 1}}',
        f'{{"expr": "0 0 30 2 *", {start}, "n": 3}}',
        f'{{"expr": "0 0 0 1 1 ? 2027", {start}, "n": 3}}',
        '{"expr": "0 2 * * *", "start": "2026-01-01T02:00:00+01:00", "n": 1}',
        f'{{"expr": "0 24 * * *", {start}, "n": 1}}',
        f'{{"expr": "0 2 * * *", {start}, "n": 1, "zone": "Mars"}}',
        f'{{"expr": "0 2 * * *", {start}, "n": 1, "dialect": "Unix"}}',
        f'{{"expr": "0 2 * * *", {start}, "n": 0}}',
        f'{{"expr": 2, {start}, "n": 1}}',
        '{"expr": "0 2 * * *", "n": 1}',
        "no JSON",
        "[1]",
        "",
        "[" * 100_000,
        f'{{"expr": "0 2 * * *", {start}, "n": 1}}',
    ]
    answers = io.StringIO()

    answer_lines([f"{line}\n".encode() for line in lines], answers)

    found = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert found[:5] == [
        {"next": ["2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z"]},
        {"next": ["2026-01-04T02:00:00Z"]},
        {"next": []},
        {"next": ["2027-01-01T00:00:00Z"]},
        {"next": ["2026-01-01T02:00:00Z"]},
    ]
    assert 'hour "24" at character 3 is above 23' in found[5]["error"]
    assert all(list(answer) == ["error"] for answer in found[5:15])
    assert found[15] == {"next": ["2026-01-01T02:00:00Z"]}


def test_a_line_that_is_no_text_has_an_answer_too() -> None:
    answers = io.StringIO()

    answer_lines([b'{"expr": "\xff"}\n', b"\xfe\n"], answers)

    assert [list(json.loads(line)) for line in answers.getvalue().splitlines()] == [["error"]] * 2


def test_the_command_answers_a_line_before_the_next_is_asked() -> None:
    command = [sys.executable, "-m", "cronwright", "next", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for hour in (1, 2):
            question = {"expr": f"0 {hour} * * *", "start": "2026-01-01T00:00:00Z", "n": 1}
            process.stdin.write(f"{json.dumps(question)}\n".encode())
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer == {"next": [f"2026-01-01T0{hour}:00:00Z"]}
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_who_has_read_enough_may_stop() -> None:
    command = [sys.executable, "-m", "cronwright", "next", "* * * * *", "-n", "10000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 1


def test_the_command_needs_nothing_but_the_schedule_language() -> None:
    code = (
        "import sys; from cronwright.__main__ import main; "
        "main(['next', '0 2 * * *']); "
        "print([each for each in ('pydantic', 'kopf', 'kubernetes', 'aiohttp', 'asyncio') "
        "if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
