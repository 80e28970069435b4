"""A COMMIT that takes as long as a test wants, on PostgreSQL: a deferred trigger waits for a lock of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen
from sqlalchemy.engine import Connection
from tests.support.until import until

from corelib.adapters.sqlalchemy import SqlStorage

_LOCK = 7_001
_TRIGGER = f"""
    CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared({_LOCK}); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON bank_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""
_WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query "
_COMMITTING = _WAITING + "= 'COMMIT'"
_SECOND = _WAITING + "LIKE 'INSERT INTO corelib_idempotency_key%%'"


@frozen
class SlowCommit:
    """Holds back every COMMIT that follows an insert into the ledger."""

    connection: Connection

    def reached(self) -> int:
        """Wait until a session is at its COMMIT, and return its number."""
        return until(lambda: self.connection.exec_driver_sql(_COMMITTING).scalar(), "a session is at its COMMIT")

    def second_waits(self) -> None:
        """Wait until another session wants to store the same idempotency key as the one at its COMMIT."""
        until(lambda: self.connection.exec_driver_sql(_SECOND).scalar(), "a second session waits for the first")

    def let_go(self) -> None:
        """Let every COMMIT go on."""
        self.connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")


@contextmanager
def slow_commit(observer: SqlStorage) -> Iterator[SlowCommit]:
    """Hold back commits within the block, or until they are let go."""
    engine = observer.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(_TRIGGER)
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
        commit = SlowCommit(connection)
        try:
            yield commit
        finally:
            if not connection.invalidated:
                commit.let_go()
