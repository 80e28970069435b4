"""Imports a file of orders and is killed at it: `python import_orders.py FILE REJECTS`, URLs by environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from corelib import Settings
from corelib.bootstrap import bootstrap
from corelib.cli.options import logger
from kitlab.app import app
from kitlab.demo.importer import import_file


def main() -> None:
    settings = Settings(
        database_url=os.environ["CORELIB_DATABASE_URL"],
        broker_url=os.environ["CORELIB_BROKER_URL"],
        namespace=os.environ["E2E_NAMESPACE"],
    )
    with bootstrap(app, settings, log=logger()) as host:
        import_file(host, Path(sys.argv[1]), Path(sys.argv[2]), lambda _: None)


if __name__ == "__main__":
    main()
