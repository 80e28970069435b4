"""What the dialects share when they set the terms of a transaction and take them back."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

RESTORING = "corelib_restoring"


def before_return(connection: Connection, restore: Callable[[Any], None]) -> None:
    """Call `restore` with the driver's connection once before it is back in the pool; for what outlives a transaction.

    If that fails, SQLAlchemy throws the connection away.
    """
    connection.info.setdefault(RESTORING, []).append(restore)


def restore_on_return(engine: Engine) -> None:
    """Have the pool of an engine do what `before_return` asks for."""
    event.listen(engine, "reset", _restore)


def milliseconds_of(timeout: timedelta) -> int:
    """Return whole milliseconds, rounded up: 0 would mean no limit."""
    return math.ceil(timeout / timedelta(milliseconds=1))


def _restore(driver_connection: object, entry: ConnectionPoolEntry, _: object) -> None:
    for restore in entry.info.pop(RESTORING, ()):
        restore(driver_connection)
