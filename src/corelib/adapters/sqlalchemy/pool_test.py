"""Testing pooled connections before use, but not those that were in use a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import ConnectionPoolEntry

RETURNED = "corelib_returned"


def test_when_idle_for(engine: Engine, seconds: float, seems_over: Callable[[Any], bool]) -> None:
    """Test a connection of the pool when it is taken, if it was given back so long ago or longer, or seems to be over.

    What SQLAlchemy's own test does (`pool_pre_ping`), which asks the server each time: of a busy pool's round trips
    that is every fourth. Other pools do likewise (HikariCP: "aliveBypassWindowMs").

    Args:
        engine: whose pool has no test of its own.
        seconds: how long a connection counts as tested after it was used.
        seems_over: tells of a driver's connection, without asking the server, whether it may be over.
    """

    def note(_: object, record: ConnectionPoolEntry) -> None:
        record.info[RETURNED] = time.monotonic()

    def look(driver_connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        returned = record.info.pop(RETURNED, None)  # a connection that is new has not been given back yet
        if returned is None or (time.monotonic() - returned < seconds and not seems_over(driver_connection)):
            return
        # As the pool calls it, so that the listeners of the engine judge the error.
        if not engine.dialect._do_ping_w_event(driver_connection):
            raise sa.exc.InvalidatePoolError

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)
