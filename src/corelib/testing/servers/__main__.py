"""Find or start the servers, run a command with their URLs, stop what was started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from corelib.errors import ConfigurationError
from corelib.testing.servers.kinds import KINDS
from corelib.testing.servers.model import Kind, Missing, Server
from corelib.testing.servers.options import Options, parse
from corelib.testing.servers.relay import SignalRelay
from corelib.testing.servers.report import command_environment, report
from corelib.testing.servers.requirements import required_names, unmet

EXIT_CONFIGURATION = 2
EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127

_NAMES = tuple(kind.name for kind in KINDS)


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the whole and return the exit code.

    Args:
        arguments: the command line without the program's name.
        environ: the environment, which names servers and requirements.

    Returns:
        The command's exit code; 2 when a server that is named or required cannot be used; as in a shell, 127 when there
        is no such command and 126 when it cannot be executed.
    """
    try:
        options = parse(arguments, _NAMES)
        required = required_names(environ, _NAMES)
        with SignalRelay() as relay:
            return _run(options, required, environ, relay)
    except ConfigurationError as error:
        return _fail([str(error)])


def _run(options: Options, required: frozenset[str], environ: Mapping[str, str], relay: SignalRelay) -> int:
    results: dict[str, Server | Missing] = {}
    with ExitStack() as started:
        for kind in KINDS:
            if kind.name in options.only:
                result = results[kind.name] = kind.find(environ)
                if isinstance(result, Server):
                    started.callback(_stop, kind, result)
        started.callback(relay.ignore)  # comes first when the stack unwinds
        _say(report(KINDS, results))
        failures = unmet(required, KINDS, results)
        if failures:
            return _fail(failures)
        return _command(options.command, command_environment(environ, KINDS, results), relay)


def _command(command: Sequence[str], environ: Mapping[str, str], relay: SignalRelay) -> int:
    try:
        return relay.run(command, environ)
    except FileNotFoundError:
        _fail([f"There is no command {command[0]!r}: check its spelling and the PATH."])
        return EXIT_NOT_FOUND
    except OSError as error:
        _fail([f"The command {command[0]!r} cannot be executed: {error.strerror}."])
        return EXIT_NOT_EXECUTABLE


def _stop(kind: Kind, server: Server) -> None:
    try:
        server.stop()
    except Exception as error:  # noqa: BLE001 - the other servers are stopped all the same, and the exit code stays
        _fail([f"{kind.title}, {server.origin}, could not be stopped, do it by hand: {type(error).__name__} {error}."])


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()  # before the command writes to the same place


def _fail(sentences: Sequence[str]) -> int:
    sys.stderr.write("".join(f"{sentence}\n" for sentence in sentences))
    sys.stderr.flush()
    return EXIT_CONFIGURATION


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
