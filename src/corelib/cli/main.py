"""Entry point of the `corelib` command.

Exit codes: 0 for success, 1 if the work failed, 2 if a setting, a server or a database is not as it has to be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from corelib.cli import db, doctor, jobs, testing, worker
from corelib.errors import ConfigurationError, CorelibError

FAILED = 1
MISCONFIGURED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; errors are one line on standard error, without a stack trace."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ConfigurationError as error:
        print(f"corelib: {error}", file=sys.stderr)
        return MISCONFIGURED
    except CorelibError as error:
        print(f"corelib: {error}", file=sys.stderr)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="corelib", description="Runs the workers of a host application, keeps its tables, and checks its servers."
    )
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    worker.add_to(commands)
    jobs.add_to(commands)
    db.add_to(commands)
    doctor.add_to(commands)
    testing.add_to(commands)
    return made
