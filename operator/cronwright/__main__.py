"""The command line: `cronwright operator`, `cronwright api`, and what people ask of it.

Reads the settings, sets logging up and hands over; each command imports what it needs itself, so
that none pays for the others.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import CliApp, SettingsError

from cronwright import __version__
from cronwright.errors import CronwrightError
from cronwright.settings import ApiSettings, CommonSettings, OperatorSettings

Settings = TypeVar("Settings", bound=CommonSettings)

FAILURE = 1
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit code: 0, 1 for failure, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="cronwright", description="Scheduled tasks on Kubernetes.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"cronwright {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("operator", "reconcile ScheduledTasks and record their runs"),
        ("api", "serve the HTTP API"),
        ("crd", "print the CustomResourceDefinition"),
    ):
        # Flags after the command are the settings': they have a parser and a help of their own.
        commands.add_parser(name, help=text, add_help=False)
    chosen, rest = parser.parse_known_args(arguments)
    commands_by_name = {"operator": _operator, "api": _api, "crd": _crd}
    try:
        commands_by_name[chosen.command](rest)
    except ValidationError as error:
        _explain(error)
        return USAGE_ERROR
    except SettingsError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return USAGE_ERROR
    except CronwrightError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return FAILURE
    return 0


def _operator(arguments: list[str]) -> None:
    settings = _settings(OperatorSettings, arguments)
    from cronwright.controller.operator import run

    asyncio.run(run(settings))


def _api(arguments: list[str]) -> None:
    settings = _settings(ApiSettings, arguments)
    from cronwright.api.server import serve

    asyncio.run(serve(settings))


def _crd(_: list[str]) -> None:
    from cronwright.model.crd import crd_yaml

    print(crd_yaml(), end="")


def _settings(kind: type[Settings], arguments: list[str]) -> Settings:
    settings = CliApp.run(kind, cli_args=arguments)
    from cronwright.log import set_up

    set_up(settings.log_level, settings.log_format)
    return settings


def _explain(error: ValidationError) -> None:
    for each in error.errors(include_url=False):
        name = ".".join(str(part) for part in each["loc"]) or error.title
        flag = name.replace("_", "-")
        print(
            f"cronwright: --{flag} (CRONWRIGHT_{name.upper()}) {each['input']!r}: {each['msg']}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
