"""The command line: `cronwright operator`, `cronwright api`, and what people ask of it.

Reads the settings, sets logging up and hands over; each command imports what it needs itself, so
that none pays for the others.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from cronwright import __version__
from cronwright.errors import CronwrightError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from cronwright.settings import CommonSettings

Settings = TypeVar("Settings", bound="CommonSettings")

FAILURE = 1
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; give the exit code: 0, 1 for failure, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="cronwright", description="Scheduled tasks on Kubernetes.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"cronwright {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, _) in _COMMANDS.items():
        # Flags after the command are its own: it has a parser and a help for them.
        commands.add_parser(name, help=text, add_help=False)
    given = list(sys.argv[1:] if arguments is None else arguments)
    # What follows the command is not looked at here.
    chosen = parser.parse_args(given[:1])
    try:
        code = _COMMANDS[chosen.command][1](given[1:])
        sys.stdout.flush()  # what can't be written is to fail here
    except CronwrightError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return FAILURE
    except BrokenPipeError:
        # Who read it has seen enough, as `head` does; what is still buffered must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    return code


def _operator(arguments: list[str]) -> int:
    from cronwright.settings import OperatorSettings

    settings = _settings(OperatorSettings, arguments)
    if settings is None:
        return USAGE_ERROR
    import uvloop

    from cronwright.controller.operator import run

    _allow_depth()

    uvloop.run(run(settings))
    return 0


def _api(arguments: list[str]) -> int:
    from cronwright.settings import ApiSettings

    settings = _settings(ApiSettings, arguments)
    if settings is None:
        return USAGE_ERROR
    import uvloop

    from cronwright.api.server import serve

    _allow_depth()

    uvloop.run(serve(settings))
    return 0


def _allow_depth() -> None:
    """Let the process read whatever the API server stores; Kopf would end where it can't."""
    from cronwright.model.depth import RECURSION_LIMIT

    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))


def _crd(_: list[str]) -> int:
    from cronwright.model.crd import crd_yaml

    print(crd_yaml(), end="")
    return 0


def _next(arguments: list[str]) -> int:
    from cronwright.next import main as show_next

    return show_next(arguments)


def _backfill(arguments: list[str]) -> int:
    from cronwright.backfill import main as ask

    return ask(arguments)


_COMMANDS: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    "operator": ("reconcile ScheduledTasks and record their runs", _operator),
    "api": ("serve the HTTP API", _api),
    "crd": ("print the CustomResourceDefinition", _crd),
    "next": ("show when a schedule is due", _next),
    "backfill": ("ask for runs of slots that have passed", _backfill),
}


def _settings(kind: type[Settings], arguments: list[str]) -> Settings | None:
    """Read the settings of a command and set logging up; None where they can't be read."""
    from pydantic import ValidationError
    from pydantic_settings import CliApp, SettingsError

    from cronwright.log import set_up

    try:
        settings = CliApp.run(kind, cli_args=arguments)
    except ValidationError as error:
        _explain(error)
        return None
    except SettingsError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return None
    set_up(settings.log_level, settings.log_format)
    return settings


def _explain(error: "ValidationError") -> None:
    for each in error.errors(include_url=False):
        name = ".".join(str(part) for part in each["loc"]) or error.title
        flag = name.replace("_", "-")
        print(
            f"cronwright: --{flag} (CRONWRIGHT_{name.upper()}) {each['input']!r}: {each['msg']}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main())
