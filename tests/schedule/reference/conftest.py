"""The programs, built once and asked by every test that wants them."""

import pytest

from tests.schedule.reference import programs
from tests.schedule.reference.programs import Program, UnavailableError


@pytest.fixture(scope="session")
def robfig() -> Program:
    return programs.robfig()


@pytest.fixture(scope="session")
def java() -> Program:
    try:
        return programs.java()
    except UnavailableError as error:
        pytest.skip(str(error))
