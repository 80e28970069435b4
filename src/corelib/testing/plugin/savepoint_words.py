"""How each engine spells a transaction that lies within another."""

from __future__ import annotations

from typing import Any, Protocol

_CHECK = "SAVEPOINT corelib_check; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT corelib_check; "


class SavepointWords(Protocol):
    """The statements; each text is one round trip."""

    @property
    def outermost(self) -> str:
        """Return what begins the one transaction that is never committed."""
        ...

    def begin(self, name: str) -> str:
        """Return what begins a transaction within it."""
        ...

    def commit(self, name: str) -> str:
        """Return what commits that; an empty text if nothing has to be said."""
        ...

    def rollback(self, name: str) -> str:
        """Return what rolls it back."""
        ...

    def has_failed(self, driver_connection: object) -> bool:
        """Return whether a statement failed, so that a COMMIT would be a ROLLBACK."""
        ...


class PostgresqlWords:
    """PostgreSQL: psycopg begins the outermost transaction by itself.

    A commit checks constraints that are deferred, and leaves them deferred: the setting is undone with the savepoint
    (PostgreSQL: "SET CONSTRAINTS", "ROLLBACK TO SAVEPOINT").
    """

    outermost = "SELECT 1"

    def begin(self, name: str) -> str:
        """Set a savepoint."""
        return f"SAVEPOINT {name}"

    def commit(self, name: str) -> str:
        """Check what is deferred and release."""
        return f"{_CHECK}RELEASE SAVEPOINT {name}"

    def rollback(self, name: str) -> str:
        """Go back and release."""
        return f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"

    def has_failed(self, driver_connection: object) -> bool:
        """Ask libpq."""
        from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an optional driver, there by now

        connection: Any = driver_connection
        return bool(connection.info.transaction_status is TransactionStatus.INERROR)


class MssqlWords:
    """SQL Server: a savepoint cannot be released, it ends with the transaction (Microsoft: "SAVE TRANSACTION").

    Microsoft's driver begins the outermost transaction by itself where autocommit is off; one that needs to be told is.
    """

    outermost = "IF @@TRANCOUNT = 0 BEGIN TRANSACTION"

    def begin(self, name: str) -> str:
        """Set a savepoint."""
        return f"SAVE TRANSACTION {name}"

    def commit(self, name: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Say nothing."""
        return ""

    def rollback(self, name: str) -> str:
        """Go back; error 3931 if the server allows no more than the end of the whole."""
        return f"ROLLBACK TRANSACTION {name}"

    def has_failed(self, driver_connection: object) -> bool:  # noqa: ARG002 - the protocol's signature
        """Say no: a statement that failed leaves the transaction as it is, or ends it, and then COMMIT says so."""
        return False


class SqliteWords:
    """SQLite: corelib's engine has the driver begin nothing by itself."""

    outermost = "BEGIN IMMEDIATE"

    def begin(self, name: str) -> str:
        """Set a savepoint."""
        return f"SAVEPOINT {name}"

    def commit(self, name: str) -> str:
        """Release."""
        return f"RELEASE SAVEPOINT {name}"

    def rollback(self, name: str) -> str:
        """Go back; the savepoint stays, which does no harm, since the driver takes one statement at a time."""
        return f"ROLLBACK TO SAVEPOINT {name}"

    def has_failed(self, driver_connection: object) -> bool:  # noqa: ARG002 - the protocol's signature
        """Say no: a statement that failed leaves the transaction as it is."""
        return False


_WORDS: dict[str, SavepointWords] = {
    "postgresql": PostgresqlWords(),
    "mssql": MssqlWords(),
    "sqlite": SqliteWords(),
}


def words_of(engine: str) -> SavepointWords:
    """Return the words of an engine, by its name in SQLAlchemy."""
    return _WORDS[engine]
