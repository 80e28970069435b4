"""The command line of `python -m corelib.testing.servers`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from corelib.testing.servers.requirements import names_in

_DESCRIPTION = "Find or start the servers that integration tests use, run a command with their URLs, stop them again."
_EPILOG = "CORELIB_REQUIRE=mssql,postgresql,redis,rabbitmq makes the absence of the named ones a failure."


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for.

    Args:
        only: names of the servers to look for.
        command: the program to run and its arguments.
    """

    only: frozenset[str]
    command: tuple[str, ...]


def parse(arguments: Sequence[str], known: Sequence[str]) -> Options:
    """Read the command line; all that follows the first `--` is the command.

    Args:
        arguments: the command line without the program's name.
        known: the names of all servers.

    Raises:
        InvalidSetting: `--only` names a server that is not known.
        SystemExit: the command line is wrong, or only help was asked for; the text is printed already.
    """
    parser = argparse.ArgumentParser(
        prog="python -m corelib.testing.servers",
        usage="%(prog)s [--only NAME,NAME] -- COMMAND [ARGUMENT ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--only", metavar="NAME,NAME", help=f"look for these alone, of: {', '.join(known)}")
    own, command = _split(arguments)
    options = parser.parse_args(own)
    if not command:
        parser.error("a command is wanted after --, as in: -- pytest tests/integration")
    only = frozenset(known) if options.only is None else names_in(options.only, known, source="--only")
    return Options(only=only, command=tuple(command))


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    own = list(arguments)
    if "--" not in own:
        return own, []
    at = own.index("--")
    return own[:at], own[at + 1 :]
