"""Settings that can't be right are refused by their names, before anything starts."""

import pytest

from cronwright.__main__ import USAGE_ERROR, main
from cronwright.settings import OperatorSettings


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--lease-renew-deadline-seconds", "10"),
            "(CRONWRIGHT_LEASE_RENEW_DEADLINE_SECONDS) '10': Value error, must be below",
        ),
        (
            ("--lease-retry-seconds", "8"),
            "must be below --lease-renew-deadline-seconds, which is 7",
        ),
        (("--lease-duration-seconds", "5"), "below --lease-duration-seconds, which is 5"),
        (("--lease-name", ""), "--lease-name (CRONWRIGHT_LEASE_NAME) ''"),
        (("--leader-election", "perhaps"), "--leader-election"),
    ],
)
def test_a_lease_that_can_not_work_is_refused(
    capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], said: str
) -> None:
    assert main(["operator", *flags]) == USAGE_ERROR
    assert said in capsys.readouterr().err


def test_the_environment_says_the_same_as_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRONWRIGHT_LEADER_ELECTION", "true")
    monkeypatch.setenv("CRONWRIGHT_LEASE_DURATION_SECONDS", "30")
    settings = OperatorSettings()
    assert settings.leader_election
    assert settings.lease_duration_seconds == 30
