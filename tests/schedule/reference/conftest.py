"""The programs, built once and asked by every test that wants them."""

import pytest

from tests.schedule.reference import programs
from tests.schedule.reference.programs import Program, UnavailableError
from tests.schedule.reference.seed import reports


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seed and the differences of a run that passed too: nobody else would see them."""
    if reports:
        terminalreporter.section("compared with robfig/cron, Spring and Quartz")
        for report in reports:
            terminalreporter.write_line(report)


@pytest.fixture(scope="session")
def robfig() -> Program:
    return programs.robfig()


@pytest.fixture(scope="session")
def java() -> Program:
    try:
        return programs.java()
    except UnavailableError as error:
        pytest.skip(str(error))
