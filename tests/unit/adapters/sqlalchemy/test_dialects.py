from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.sample import sent_by, shop_schema

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.mssql import SKIP_LOCKED, MssqlDialect, require_hint
from corelib.adapters.sqlalchemy.mssql_locks import BEGIN_IF_NEEDED
from corelib.adapters.sqlalchemy.postgresql import PostgresqlDialect
from corelib.adapters.sqlalchemy.sqlite import SqliteDialect
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    AuthenticationFailed,
    ConfigurationError,
    CorelibError,
    DatabaseMissing,
    InvalidData,
    MissingDriver,
    MisuseError,
    PermissionDenied,
    PersistentFailure,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    SchemaMissing,
    ServerUnreachable,
    StatementTimeout,
    StorageFull,
    TransientFailure,
)

DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server]"
SERVER = f"{DRIVER}[SQL Server]"


def wrapped(
    error: Exception, base: type[Exception], *, lost: bool = False, statement: str | None = "SELECT 1"
) -> Exception:
    """The error as SQLAlchemy hands it on."""
    return sa.exc.DBAPIError.instance(statement, None, error, base, hide_parameters=True, connection_invalidated=lost)


def translation(dialect: SqlDialect, error: Exception, *, committing: bool = False) -> CorelibError:
    """What becomes of an error that is raised within `translated`."""
    with pytest.raises(CorelibError) as caught, translated(dialect, committing=committing):
        raise error
    assert caught.value.__cause__ is error or caught.value is getattr(error, "orig", None)
    return caught.value


def of_server(number: int, state: str, text: str, kind: type[Exception] = standin.ProgrammingError) -> Exception:
    """An error that SQL Server reports, as pyodbc raises it."""
    return kind(state, f"[{state}] {SERVER}{text} ({number}) (SQLExecDirectW)")


@contextmanager
def ended(engine: Engine) -> Iterator[list[str]]:
    """How transactions end within the block."""
    ends: list[str] = []
    sa.event.listen(engine, "commit", lambda _: ends.append("commit"))
    sa.event.listen(engine, "rollback", lambda _: ends.append("rollback"))
    yield ends


def on_mssql(error: Exception) -> CorelibError:
    return translation(MssqlDialect(), wrapped(error, standin.Error))


def on_postgresql(error: Exception) -> CorelibError:
    return translation(PostgresqlDialect(), wrapped(error, psycopg.Error))


def on_sqlite(error: Exception) -> CorelibError:
    return translation(SqliteDialect(), wrapped(error, sqlite3.Error))


# Texts as SQL Server has them, shortened, with a likely name in each place.
MSSQL_ERRORS = [
    (1205, "40001", "Transaction (Process ID 52) was deadlocked on lock resources with another", TransientFailure),
    (1204, "HY000", "The instance cannot obtain a LOCK resource at this time.", TransientFailure),
    (1222, "HYT00", "Lock request time out period exceeded.", RowLocked),
    (3960, "42000", "Snapshot isolation transaction aborted due to update conflict.", TransientFailure),
    (3961, "42000", "Snapshot isolation transaction failed, modified by a DDL statement.", TransientFailure),
    (41301, "42000", "A previous transaction that the current one depended on has aborted.", TransientFailure),
    (41302, "42000", "The current transaction attempted to update a changed record.", TransientFailure),
    (41305, "42000", "The current transaction failed: repeatable read validation.", TransientFailure),
    (41325, "42000", "The current transaction failed: serializable validation.", TransientFailure),
    (40197, "HY000", "The service has encountered an error. Error code 4815.", TransientFailure),
    (40501, "42000", "The service is currently busy. Retry after 10 seconds.", TransientFailure),
    (40613, "HY000", "Database 'shop' on server 'srv' is not currently available.", TransientFailure),
    (10928, "42000", "Resource ID: 1. The request limit is 60 and has been reached.", TransientFailure),
    (10929, "42000", "Resource ID: 1. The server is currently too busy.", TransientFailure),
    (49918, "42000", "Cannot process request. Not enough resources.", TransientFailure),
    (49919, "42000", "Cannot process create or update request.", TransientFailure),
    (49920, "42000", "Cannot process request. Too many operations in progress.", TransientFailure),
    (2601, "23000", "Cannot insert duplicate key row. The duplicate key value is (1205).", AlreadyExists),
    (2627, "23000", "Violation of PRIMARY KEY constraint 'PK_ware'. Cannot insert duplicate key.", AlreadyExists),
    (547, "23000", 'The INSERT statement conflicted with the FOREIGN KEY constraint "FK".', ReferenceViolation),
    (547, "23000", 'The DELETE statement conflicted with the REFERENCE constraint "FK".', ReferenceViolation),
    (547, "23000", 'The INSERT statement conflicted with the CHECK constraint "ck".', InvalidData),
    (515, "23000", "Cannot insert the value NULL into column 'name'; column does not allow nulls.", InvalidData),
    (2628, "22001", "String or binary data would be truncated in table 'ware', column 'name'.", InvalidData),
    (8152, "22001", "String or binary data would be truncated.", InvalidData),
    (8115, "22003", "Arithmetic overflow error converting expression to data type int.", InvalidData),
    (220, "22003", "Arithmetic overflow error for data type tinyint, value = 256.", InvalidData),
    (208, "42S02", "Invalid object name 'shop_ware'.", SchemaMissing),
    (207, "42S22", "Invalid column name 'colour'.", SchemaMissing),
    (18456, "28000", "Login failed for user 'sa'.", AuthenticationFailed),
    (4060, "42000", 'Cannot open database "shop" requested by the login.', DatabaseMissing),
    (911, "08004", "Database 'shop' does not exist.", DatabaseMissing),
]


class TestMssqlDialect:
    @pytest.mark.parametrize(
        ("number", "state", "text", "kind"), MSSQL_ERRORS, ids=[f"{row[0]}-{row[3].__name__}" for row in MSSQL_ERRORS]
    )
    def test_knows_an_error_by_its_number(self, number: int, state: str, text: str, kind: type[CorelibError]) -> None:
        error = on_mssql(of_server(number, state, text))

        assert type(error) is kind
        assert f"error {number}: " in error.message
        assert text in error.message

    @pytest.mark.parametrize(
        ("number", "hint"),
        [
            (18456, "Check user and password of the database URL."),
            (4060, "Create it with CREATE DATABASE, or correct its name in the URL."),
            (208, "Create the tables first."),
        ],
    )
    def test_says_what_to_do_about_a_fault_of_the_setup(self, number: int, hint: str) -> None:
        error = on_mssql(of_server(number, "42000", "Some text."))

        assert isinstance(error, ConfigurationError)
        assert error.hint == hint

    class WhenTheNumberIsUnknown:
        @pytest.mark.parametrize("number", [8134, 99999])
        def test_is_persistent(self, number: int) -> None:
            error = on_mssql(of_server(number, "22012", "Divide by zero error encountered."))

            assert type(error) is PersistentFailure
            assert "Divide by zero error encountered." in error.message

    class WhenTheServerReportsMoreThanOne:
        def test_takes_the_one_that_it_knows(self) -> None:
            text = (
                f"[01000] {SERVER}The statement has been terminated. (3621) (SQLExecute); [23000] {SERVER}Twice. (2627)"
            )

            error = on_mssql(standin.IntegrityError("23000", text))

            assert type(error) is AlreadyExists

        def test_takes_the_first_that_it_knows(self) -> None:
            text = f"[23000] {SERVER}Twice. (2627) (SQLExecute); [23000] {SERVER}No parent. (547)"

            error = on_mssql(standin.IntegrityError("23000", text))

            assert type(error) is AlreadyExists

        def test_takes_a_missing_database_for_the_cause_of_a_failed_login(self) -> None:
            login, database = "Login failed for user 'sa'.", 'Cannot open database "shop" requested by the login.'
            text = f"[28000] {SERVER}{login} (18456) (SQLDriverConnect); [28000] {SERVER}{database} (4060)"

            error = on_mssql(standin.InterfaceError("28000", text))

            assert type(error) is DatabaseMissing

    class WhenANumberStandsInTheData:
        def test_does_not_take_it_for_the_error(self) -> None:
            error = on_mssql(of_server(99999, "42000", "The value (1205) is not allowed."))

            assert type(error) is PersistentFailure

    class WhenThereIsASqlstateButNoNumber:
        @pytest.mark.parametrize(
            ("state", "text", "kind"),
            [
                ("40001", "Serialization failure", TransientFailure),
                ("22001", "String data, right truncation", InvalidData),
                ("22003", "Numeric value out of range", InvalidData),
            ],
        )
        def test_knows_the_error_by_it(self, state: str, text: str, kind: type[CorelibError]) -> None:
            error = on_mssql(standin.DataError(state, f"[{state}] {DRIVER}{text} (0) (SQLExecute)"))

            assert type(error) is kind
            assert text in error.message

    class WhenTheErrorIsOfPyodbcItself:
        """Its arguments stand the other way round."""

        def test_knows_a_text_that_is_too_long(self) -> None:
            error = on_mssql(standin.ProgrammingError("String data, right truncation: length 16 buffer 10", "HY000"))

            assert type(error) is InvalidData
            assert "String data, right truncation: length 16 buffer 10" in error.message

        def test_hands_on_the_text_of_any_other(self) -> None:
            error = on_mssql(standin.ProgrammingError("Invalid parameter type.  param-index=0", "HY105"))

            assert type(error) is PersistentFailure
            assert "Invalid parameter type." in error.message

        def test_needs_no_arguments(self) -> None:
            error = on_mssql(standin.Error())

            assert type(error) is PersistentFailure
            assert "Error" in error.message

    class WhenThereIsNoOdbcDriver:
        @pytest.mark.parametrize(
            ("state", "text"),
            [
                ("IM002", "[unixODBC][Driver Manager]Data source name not found and no default driver specified"),
                ("01000", "[unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18 for SQL Server' : file not found"),
            ],
        )
        def test_says_which_to_install(self, state: str, text: str) -> None:
            missing = standin.Error(state, f"[{state}] {text} (0) (SQLDriverConnect)")
            engine = standin.mssql_engine({"LOGIN": missing})

            with pytest.raises(MissingDriver, match=r"no Microsoft ODBC driver.*Install msodbcsql18"):
                SqlStorage(engine, shop_schema()).check()

    class WhenTheServerDoesNotAnswer:
        @pytest.mark.parametrize(
            ("state", "text"),
            [
                ("HYT00", "Login timeout expired"),
                ("08001", "TCP Provider: Error code 0x2749"),
                (
                    "08001",
                    "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate]",
                ),
                ("08S01", "TCP Provider: Error code 0x68"),
                ("HYT01", "Connection timeout expired"),
            ],
        )
        def test_says_so(self, state: str, text: str) -> None:
            silent = standin.OperationalError(state, f"[{state}] {DRIVER}{text} (0) (SQLDriverConnect)")
            engine = standin.mssql_engine({"LOGIN": silent})

            with pytest.raises(ServerUnreachable, match="The SQL Server does not answer") as caught:
                SqlStorage(engine, shop_schema()).check()

            assert text in caught.value.message
            assert "s3cret" not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}{engine!r}"

    class WhenAConnectionOfThePoolHasDied:
        def test_takes_another_one(self) -> None:
            dead = standin.OperationalError(
                "08S01", f"[08S01] {DRIVER}TCP Provider: Error code 0x68 (104) (SQLExecDirectW)"
            )
            engine = standin.mssql_engine({"SELECT 1": [dead]}, pool_pre_ping=True)
            engine.connect().close()

            with translated(MssqlDialect()), engine.connect() as connection:
                assert connection.closed is False

    class WhenTheConnectionIsLostInAStatement:
        def test_is_transient(self) -> None:
            lost = standin.OperationalError(
                "08S01", f"[08S01] {DRIVER}TCP Provider: Error code 0x68 (104) (SQLExecDirectW)"
            )
            engine = standin.mssql_engine({"shop_version": lost})

            with (
                pytest.raises(TransientFailure, match="connection to the database was lost"),
                translated(MssqlDialect()),
                engine.connect() as connection,
            ):
                connection.exec_driver_sql("SELECT version_num FROM shop_version")

    class WhenTheConnectionIsLostDuringCommit:
        def test_is_ambiguous(self) -> None:
            lost = standin.OperationalError("08S01", f"[08S01] {DRIVER}Communication link failure (0) (SQLEndTran)")
            transaction = SqlStorage(standin.mssql_engine({"COMMIT": lost}), shop_schema()).begin()
            transaction.connection.exec_driver_sql("UPDATE shop_ware SET version = 2")

            with pytest.raises(AmbiguousCommit):
                transaction.commit()

    def test_switches_off_the_pool_of_the_driver_manager(self) -> None:
        engine = standin.mssql_engine()

        assert engine.dialect.loaded_dbapi.pooling is False

    class WhenTablesAreToBeChanged:
        @pytest.mark.parametrize("code", [0, 1])
        def test_goes_on_with_the_lock(self, code: int) -> None:
            with standin.mssql_engine({"sp_getapplock": code}).connect() as connection:
                MssqlDialect().lock_schema(connection)

        @pytest.mark.parametrize("code", [-1, -2, -3, -999])
        def test_gives_up_without_the_lock(self, code: int) -> None:
            with (
                standin.mssql_engine({"sp_getapplock": code}).connect() as connection,
                pytest.raises(TransientFailure, match=f"sp_getapplock returned {code}"),
            ):
                MssqlDialect().lock_schema(connection)

        def test_changes_them_in_a_transaction_that_holds_it(self) -> None:
            engine = standin.mssql_engine({"sp_getapplock": 0})

            with (
                engine.connect() as connection,
                ended(engine) as ends,
                sent_by(engine) as sent,
                MssqlDialect().changing_tables(connection),
            ):
                connection.exec_driver_sql("CREATE TABLE ware (id INT)")

            assert sent[0] == BEGIN_IF_NEEDED
            assert ["sp_getapplock" in text for text in sent[1:]] == [True, False]
            assert ends == ["commit"]

        def test_undoes_everything_if_one_change_fails(self) -> None:
            refused = of_server(2714, "42S01", "There is already an object named 'ware' in the database.")
            engine = standin.mssql_engine({"sp_getapplock": 0, "CREATE TABLE": refused})

            with (
                engine.connect() as connection,
                ended(engine) as ends,
                pytest.raises(sa.exc.DBAPIError),
                MssqlDialect().changing_tables(connection),
            ):
                connection.exec_driver_sql("CREATE TABLE ware (id INT)")

            assert ends == ["rollback"]

    class WhenRowsAreToBeSkipped:
        def test_refuses_a_statement_that_has_lost_its_hint(self) -> None:
            ware = shop_schema().metadata.tables["shop_ware"]
            alias = ware.alias()
            hinted = sa.select(alias.c.id).with_hint(ware, SKIP_LOCKED, "mssql")

            with pytest.raises(MisuseError, match="was dropped from a statement"):
                require_hint(hinted, SKIP_LOCKED)


POSTGRESQL_ERRORS = [
    ("SerializationFailure", "could not serialize access due to concurrent update", TransientFailure),
    ("DeadlockDetected", "deadlock detected", TransientFailure),
    ("LockNotAvailable", "canceling statement due to lock timeout", RowLocked),
    ("TooManyConnections", "sorry, too many clients already", TransientFailure),
    ("AdminShutdown", "terminating connection due to administrator command", TransientFailure),
    ("CannotConnectNow", "the database system is shutting down", TransientFailure),
    ("UniqueViolation", 'duplicate key value violates unique constraint "shop_ware_pkey"', AlreadyExists),
    (
        "ForeignKeyViolation",
        'insert or update on table "line" violates foreign key constraint "fk"',
        ReferenceViolation,
    ),
    ("NotNullViolation", 'null value in column "name" violates not-null constraint', InvalidData),
    ("CheckViolation", 'new row for relation "line" violates check constraint "ck_quantity"', InvalidData),
    ("StringDataRightTruncation", "value too long for type character varying(10)", InvalidData),
    ("NumericValueOutOfRange", "integer out of range", InvalidData),
    ("CharacterNotInRepertoire", 'invalid byte sequence for encoding "UTF8": 0x00', InvalidData),
    ("ObjectInUse", 'database "shop" is being accessed by other users', TransientFailure),
    ("SnapshotTooOld", "snapshot too old", TransientFailure),
    ("InFailedSqlTransaction", "current transaction is aborted, commands ignored", TransientFailure),
    ("QueryCanceled", "canceling statement due to statement timeout", StatementTimeout),
    ("IdleInTransactionSessionTimeout", "terminating connection due to idle-in-transaction timeout", TransientFailure),
    ("IdleSessionTimeout", "terminating connection due to idle-session timeout", TransientFailure),
    ("InsufficientResources", "not enough shared memory", TransientFailure),
    ("OutOfMemory", "out of memory", TransientFailure),
    ("CrashShutdown", "terminating connection because of crash of another server process", TransientFailure),
    ("ConnectionException", "connection failed", TransientFailure),
    ("ConnectionDoesNotExist", "connection does not exist", TransientFailure),
    ("ConnectionFailure", "connection failure", TransientFailure),
    ("ProtocolViolation", "query_wait_timeout", TransientFailure),
    ("SqlclientUnableToEstablishSqlconnection", "could not connect", ServerUnreachable),
    ("SqlserverRejectedEstablishmentOfSqlconnection", "rejected", ServerUnreachable),
    ("ExclusionViolation", 'conflicting key value violates exclusion constraint "ex_room"', AlreadyExists),
    ("RestrictViolation", 'update or delete on table "ware" violates RESTRICT setting', ReferenceViolation),
    ("WithCheckOptionViolation", 'new row violates check option for view "cheap"', InvalidData),
    ("InvalidDatetimeFormat", 'invalid input syntax for type date: "x"', InvalidData),
    ("DatetimeFieldOverflow", 'date/time field value out of range: "2026-02-30"', InvalidData),
    ("InvalidTextRepresentation", 'invalid input syntax for type integer: "x"', InvalidData),
    ("InvalidBinaryRepresentation", "incorrect binary data format", InvalidData),
    ("UntranslatableCharacter", "unsupported Unicode escape sequence", InvalidData),
    ("InvalidJsonText", "invalid JSON text", InvalidData),
    ("ProgramLimitExceeded", "index row size 3000 exceeds maximum 2704", InvalidData),
    (
        "InternalError_",
        "new multixact has more than one updating member: 0 2[7 (nokeyupd), 8 (nokeyupd)]",
        TransientFailure,
    ),
    ("InternalError_", "cache lookup failed for relation 16384", PersistentFailure),
    ("DiskFull", "could not extend file: No space left on device", StorageFull),
    ("ConfigurationLimitExceeded", "temporary file size exceeds temp_file_limit", StorageFull),
    ("InsufficientPrivilege", "permission denied for table ware", PermissionDenied),
    ("ReadOnlySqlTransaction", "cannot execute INSERT in a read-only transaction", ReadOnlyStore),
    ("InvalidSchemaName", 'schema "shop" does not exist', SchemaMissing),
    ("DatabaseDropped", 'database "shop" was dropped', DatabaseMissing),
    ("UndefinedTable", 'relation "shop_ware" does not exist', SchemaMissing),
    ("UndefinedColumn", 'column "colour" does not exist', SchemaMissing),
    ("InvalidPassword", 'password authentication failed for user "x"', AuthenticationFailed),
    ("InvalidAuthorizationSpecification", 'role "x" does not exist', AuthenticationFailed),
    ("InvalidCatalogName", 'database "shop" does not exist', DatabaseMissing),
]
CONNECTING = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
POSTGRESQL_LOGINS = [
    ('FATAL:  password authentication failed for user "x"', AuthenticationFailed),
    ("fe_sendauth: no password supplied", AuthenticationFailed),
    (
        'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "x", database "shop", no encryption',
        AuthenticationFailed,
    ),
    ('FATAL:  Peer authentication failed for user "x"', AuthenticationFailed),
    ('FATAL:  role "x" does not exist', AuthenticationFailed),
    ('FATAL:  role "x" is not permitted to log in', AuthenticationFailed),
    ('FATAL:  permission denied for database "shop"', AuthenticationFailed),
    ('FATAL:  database "shop" does not exist', DatabaseMissing),
    ("FATAL:  sorry, too many clients already", TransientFailure),
    ('FATAL:  too many connections for role "x"', TransientFailure),
    ('FATAL:  too many connections for database "shop"', TransientFailure),
    ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", TransientFailure),
    ("FATAL:  the database system is starting up", TransientFailure),
    ("FATAL:  the database system is shutting down", TransientFailure),
    ("FATAL:  the database system is in recovery mode", TransientFailure),
    ("FATAL:  the database system is not yet accepting connections", TransientFailure),
    ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", ServerUnreachable),
    ("server closed the connection unexpectedly", ServerUnreachable),
]


class TestPostgresqlDialect:
    @pytest.mark.parametrize(("name", "text", "kind"), POSTGRESQL_ERRORS)
    def test_knows_an_error_by_its_sqlstate(self, name: str, text: str, kind: type[CorelibError]) -> None:
        error = on_postgresql(getattr(psycopg.errors, name)(text))

        assert type(error) is kind
        assert text in error.message

    @pytest.mark.parametrize(("text", "kind"), POSTGRESQL_LOGINS)
    def test_knows_a_failed_connection_by_its_text(self, text: str, kind: type[CorelibError]) -> None:
        failed = wrapped(psycopg.OperationalError(CONNECTING + text), psycopg.Error, statement=None)

        error = translation(PostgresqlDialect(), failed)

        assert type(error) is kind
        assert text.splitlines()[0] in error.message

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ('FATAL:  password authentication failed for user "x"', "Check user and password of the database URL."),
            (
                'FATAL:  database "shop" does not exist',
                "Create it with CREATE DATABASE, or correct its name in the URL.",
            ),
            ("Connection refused", "Check host and port, and that the server runs."),
        ],
    )
    def test_says_what_to_do_about_a_failed_connection(self, text: str, hint: str) -> None:
        error = on_postgresql(psycopg.OperationalError(CONNECTING + text))

        assert isinstance(error, ConfigurationError)
        assert error.hint == hint

    class WhenTheSqlstateIsUnknown:
        def test_is_persistent(self) -> None:
            error = on_postgresql(psycopg.errors.DivisionByZero("division by zero"))

            assert type(error) is PersistentFailure
            assert "division by zero" in error.message

    class WhenTheDriverRefusesAValue:
        def test_is_invalid_data(self) -> None:
            error = on_postgresql(psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"))

            assert type(error) is InvalidData

        def test_is_persistent_if_it_cannot_tell_why(self) -> None:
            error = on_postgresql(psycopg.ProgrammingError("cannot adapt type 'object'"))

            assert type(error) is PersistentFailure

    class WhenTheConnectionIsLost:
        def test_is_transient_in_a_statement(self) -> None:
            lost = wrapped(psycopg.OperationalError("consuming input failed: EOF detected"), psycopg.Error, lost=True)

            error = translation(PostgresqlDialect(), lost)

            assert type(error) is TransientFailure
            assert error.hint == "Run the unit of work again."

        def test_says_so_if_the_transaction_took_too_long(self) -> None:
            timeout = type("TransactionTimeout", (psycopg.OperationalError,), {"sqlstate": "25P04"})
            lost = wrapped(timeout("terminating connection due to transaction timeout"), psycopg.Error, lost=True)

            error = translation(PostgresqlDialect(), lost)

            assert type(error) is StatementTimeout

        def test_is_ambiguous_during_commit(self) -> None:
            broken = psycopg.OperationalError("consuming input failed: EOF detected")
            lost = wrapped(broken, psycopg.Error, lost=True, statement=None)

            error = translation(PostgresqlDialect(), lost, committing=True)

            assert type(error) is AmbiguousCommit
            assert error.hint.startswith("Read the data")


def raised_by(statement: str) -> sqlite3.Error:
    """The real error of a statement in a small database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(
            "CREATE TABLE ware (id TEXT PRIMARY KEY NOT NULL, name TEXT UNIQUE, amount INT CHECK (amount > 0));"
            "CREATE TABLE line (ware_id TEXT NOT NULL REFERENCES ware (id));"
            "INSERT INTO ware VALUES ('W-1', 'first', 1);"
            "INSERT INTO line (rowid, ware_id) VALUES (1, 'W-1');"
        )
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute(statement)
    return caught.value


class TestSqliteDialect:
    @pytest.mark.parametrize(
        ("statement", "name", "kind"),
        [
            ("INSERT INTO ware VALUES ('W-1', 'second', 1)", "SQLITE_CONSTRAINT_PRIMARYKEY", AlreadyExists),
            ("INSERT INTO ware VALUES ('W-2', 'first', 1)", "SQLITE_CONSTRAINT_UNIQUE", AlreadyExists),
            ("INSERT INTO line (rowid, ware_id) VALUES (1, 'W-1')", "SQLITE_CONSTRAINT_ROWID", AlreadyExists),
            ("INSERT INTO line VALUES ('W-9')", "SQLITE_CONSTRAINT_FOREIGNKEY", ReferenceViolation),
            ("INSERT INTO line VALUES (NULL)", "SQLITE_CONSTRAINT_NOTNULL", InvalidData),
            ("INSERT INTO ware VALUES ('W-2', 'second', 0)", "SQLITE_CONSTRAINT_CHECK", InvalidData),
            ("INSERT INTO line VALUES (zeroblob(2000))", "SQLITE_TOOBIG", InvalidData),
            ("SELECT * FROM shelf", "SQLITE_ERROR", SchemaMissing),
            ("SELECT colour FROM ware", "SQLITE_ERROR", SchemaMissing),
            ("SELECT FROM", "SQLITE_ERROR", PersistentFailure),
        ],
    )
    def test_knows_an_error_by_its_code(self, statement: str, name: str, kind: type[CorelibError]) -> None:
        raised = raised_by(statement)

        error = on_sqlite(raised)

        assert raised.sqlite_errorname == name
        assert type(error) is kind
        assert str(raised) in error.message

    def test_is_persistent_without_a_code(self) -> None:
        error = on_sqlite(sqlite3.ProgrammingError("Incorrect number of bindings supplied"))

        assert type(error) is PersistentFailure

    class WhenAnotherConnectionHoldsALock:
        def test_is_transient_if_it_writes(self, tmp_path: Path) -> None:
            with ExitStack() as stack:
                one, other = (
                    stack.enter_context(closing(sqlite3.connect(tmp_path / "db", timeout=0))) for _ in range(2)
                )
                one.execute("BEGIN IMMEDIATE")
                with pytest.raises(sqlite3.OperationalError) as caught:
                    other.execute("BEGIN IMMEDIATE")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_BUSY"
            assert type(error) is RowLocked

        def test_is_transient_if_it_wrote_after_the_first_read(self, tmp_path: Path) -> None:
            with ExitStack() as stack:
                one, other = (
                    stack.enter_context(closing(sqlite3.connect(tmp_path / "db", timeout=0, isolation_level=None)))
                    for _ in range(2)
                )
                one.execute("PRAGMA journal_mode = WAL")
                one.execute("CREATE TABLE ware (id TEXT)")
                one.execute("BEGIN")
                one.execute("SELECT * FROM ware").fetchall()
                other.execute("INSERT INTO ware VALUES ('W-1')")
                with pytest.raises(sqlite3.OperationalError) as caught:
                    one.execute("INSERT INTO ware VALUES ('W-2')")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"
            assert type(error) is TransientFailure

        def test_is_transient_if_it_reads_the_table(self) -> None:
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.execute("CREATE TABLE ware (id TEXT)")
                connection.execute("INSERT INTO ware VALUES ('W-1'), ('W-2')")
                reading = connection.execute("SELECT * FROM ware")
                reading.fetchone()
                with pytest.raises(sqlite3.OperationalError) as caught:
                    connection.execute("DROP TABLE ware")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_LOCKED"
            assert type(error) is RowLocked

    class WhenTheFileCannotBeUsed:
        def test_names_a_folder_where_a_file_should_be(self, tmp_path: Path) -> None:
            with pytest.raises(sqlite3.OperationalError) as caught:
                sqlite3.connect(tmp_path)

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_CANTOPEN"
            assert type(error) is DatabaseMissing

        def test_names_a_file_of_another_kind(self, tmp_path: Path) -> None:
            (tmp_path / "letter").write_text("Dear reader, " * 100)
            with (
                closing(sqlite3.connect(tmp_path / "letter")) as connection,
                pytest.raises(sqlite3.DatabaseError) as caught,
            ):
                connection.execute("SELECT * FROM sqlite_master")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_NOTADB"
            assert type(error) is DatabaseMissing

        def test_names_a_file_that_must_not_be_written(self, tmp_path: Path) -> None:
            (tmp_path / "db").touch()
            with (
                closing(sqlite3.connect(f"{(tmp_path / 'db').as_uri()}?mode=ro", uri=True)) as connection,
                pytest.raises(sqlite3.OperationalError) as caught,
            ):
                connection.execute("CREATE TABLE ware (id TEXT)")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_READONLY"
            assert type(error) is ReadOnlyStore

        def test_knows_a_variety_of_an_error_by_its_kind(self, tmp_path: Path) -> None:
            with closing(sqlite3.connect(tmp_path / "db")) as connection:
                connection.execute("CREATE TABLE ware (id TEXT)")
                (tmp_path / "db").rename(tmp_path / "elsewhere")
                with pytest.raises(sqlite3.OperationalError) as caught:
                    connection.execute("INSERT INTO ware VALUES ('W-1')")

            error = on_sqlite(caught.value)

            assert caught.value.sqlite_errorname == "SQLITE_READONLY_DBMOVED"
            assert type(error) is DatabaseMissing

    def test_lets_everybody_change_tables_who_holds_the_write_lock(self, tmp_path: Path) -> None:
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'db'}")

        with engine.connect() as connection:
            SqliteDialect().lock_schema(connection)
        engine.dispose()


class TestTranslated:
    def test_lets_a_block_without_errors_pass(self) -> None:
        with translated(SqliteDialect()):
            result = 1

        assert result == 1

    def test_lets_other_errors_pass(self) -> None:
        with pytest.raises(KeyError), translated(SqliteDialect()):
            raise KeyError

    class WhenAColumnTypeRefusesAValue:
        def test_hands_on_its_own_error(self) -> None:
            refusal = InvalidData("too many decimals")

            error = translation(SqliteDialect(), sa.exc.StatementError("message", "INSERT", None, refusal))

            assert error is refusal

        def test_names_what_sqlalchemy_refuses(self) -> None:
            refusal = TypeError("SQLite DateTime type only accepts Python datetime objects as input.")

            error = translation(SqliteDialect(), sa.exc.StatementError("message", "INSERT", None, refusal))

            assert type(error) is InvalidData
            assert "only accepts Python datetime" in error.message

    class WhenThePoolHasNoConnectionLeft:
        def test_is_transient(self) -> None:
            error = translation(SqliteDialect(), sa.exc.TimeoutError("QueuePool limit of size 1 overflow 0 reached"))

            assert type(error) is TransientFailure
            assert "pool_size" in error.hint

    class WhenTheMessageHasManyLines:
        def test_tells_the_first(self) -> None:
            error = on_postgresql(psycopg.errors.DivisionByZero("division by zero\nDETAIL: see below\nLINE 1: SELECT"))

            assert error.message == "The database refused a statement: division by zero"

        def test_tells_no_more_than_a_short_text(self) -> None:
            error = on_postgresql(psycopg.errors.DivisionByZero("x" * 1000))

            assert len(error.message) < 400


class TestCloseQuietly:
    class WhenRollingBackFails:
        @pytest.mark.parametrize("state", ["08S01", "HY000"], ids=["connection lost", "anything else"])
        def test_throws_the_connection_away(self, state: str) -> None:
            answers: dict[str, object] = {}
            engine = standin.mssql_engine(answers)
            connection = engine.connect()
            connection.exec_driver_sql("UPDATE shop_ware SET version = 2")
            answers["ROLLBACK"] = standin.OperationalError(state, f"[{state}] {DRIVER}Link failure (0) (SQLEndTran)")

            close_quietly(connection)

            assert connection.closed
            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
