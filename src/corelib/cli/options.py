"""Options that several commands share."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from corelib.adapters.standard import StandardLogger
from corelib.application.app import App
from corelib.bootstrap import load_object
from corelib.errors import InvalidSetting
from corelib.ports.logger import Logger

DATABASE_VARIABLE = "CORELIB_DATABASE_URL"
BROKER_VARIABLE = "CORELIB_BROKER_URL"
KEYS_VARIABLE = "CORELIB_ENCRYPTION_KEYS"


def add_app(parser: argparse.ArgumentParser) -> None:
    """Add `--app` and `--database-url`."""
    parser.add_argument("--app", required=True, metavar="MODULE:NAME", help="the host's App, as kitlab.app:app")
    parser.add_argument("--database-url", metavar="URL", help=f"default: the environment variable {DATABASE_VARIABLE}")


def add_component(parser: argparse.ArgumentParser, default: str) -> None:
    """Add `--component`."""
    parser.add_argument("--component", metavar="NAME", help=f"corelib, or the name of the host's schema; {default}")


def load_app(path: str) -> App:
    """Import the host's App; modules of the working directory are found as Python finds them for a script there.

    Raises:
        InvalidSetting: if there is no App at that path.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return load_object(path, App)


def url_of(given: str | None, variable: str, purpose: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL of an option, else of its environment variable.

    Raises:
        InvalidSetting: if neither is there.
    """
    url = given or environment.get(variable)
    if not url:
        option = variable.removeprefix("CORELIB_").lower().replace("_", "-")
        raise InvalidSetting(f"No {purpose} is named.", hint=f"Pass --{option}, or set {variable}.")
    return url


def encryption_keys(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys of the environment variable, which separates them by commas.

    There is no option for them: `ps` shows options to everybody.
    """
    return tuple(key.strip() for key in environment.get(KEYS_VARIABLE, "").split(",") if key.strip())


def logger() -> Logger:
    """Return a logger on standard error: JSON lines with structlog where it is installed, else plain text."""
    # The brokers' clients write a traceback for every lost connection, Alembic what it is about to do; what matters of
    # that is in corelib's own lines.
    for name in ("pika", "dramatiq", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if find_spec("structlog") is None:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        return StandardLogger()
    from corelib.adapters.structlog import StructlogLogger  # noqa: PLC0415 - an extra

    return StructlogLogger()
