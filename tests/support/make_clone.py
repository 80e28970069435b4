"""Clone a database, in a process that a test can kill: `python make_clone.py URL TEMPLATE NAME`."""

from __future__ import annotations

import sys

from corelib.testing.database.postgresql.cloner import PostgresqlCloner
from corelib.testing.database.postgresql.server import PostgresqlServer

if __name__ == "__main__":
    url, template, name = sys.argv[1:]
    PostgresqlCloner(PostgresqlServer(url)).clone(template, name)
