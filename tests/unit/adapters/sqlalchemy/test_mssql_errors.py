from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.sample import shop_schema

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.mssql_errors import BY_NUMBER, BY_STATE
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    AuthenticationFailed,
    ConfigurationError,
    CorelibError,
    IntegrityViolation,
    InvalidData,
    InvalidSetting,
    PermissionDenied,
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


def reported(number: int, state: str, text: str, kind: type[standin.Error] = standin.ProgrammingError) -> standin.Error:
    """An error that SQL Server reports, as pyodbc raises it."""
    return kind(state, f"[{state}] {SERVER}{text} ({number}) (SQLExecDirectW)")


QUERY_TIMEOUT = standin.OperationalError("HYT00", f"[HYT00] {DRIVER}Query timeout expired (0) (SQLExecDirectW)")
LOCK_TIMEOUT = reported(1222, "HYT00", "Lock request time out period exceeded.", standin.OperationalError)
KILLED = reported(596, "HY000", "Cannot continue the execution because the session is in the kill state.")


def failing(error: Exception) -> CorelibError:
    """What becomes of an error of a statement, SQLAlchemy in between."""
    engine = standin.mssql_engine({"UPDATE": error})
    with (
        pytest.raises(CorelibError) as caught,
        translated(MssqlDialect()),
        engine.connect() as connection,
    ):
        connection.exec_driver_sql("UPDATE shop_ware SET version = 2")
    return caught.value


# Texts as SQL Server has them, with a likely name in each place.
ERRORS = [
    (3966, "Transaction is rolled back when accessing version store.", TransientFailure),
    (3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.", TransientFailure),
    (3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.", TransientFailure),
    (3930, "The current transaction cannot be committed and cannot support operations.", TransientFailure),
    (3998, "Uncommittable transaction is detected at the end of the batch.", TransientFailure),
    (13535, "Data modification failed on system-versioned table 'shop.dbo.ware'.", TransientFailure),
    (4891, "Insert bulk failed due to a schema change of the target table.", TransientFailure),
    (41839, "Transaction exceeded the maximum number of commit dependencies.", TransientFailure),
    (701, "There is insufficient system memory in resource pool 'default' to run this query.", TransientFailure),
    (802, "There is insufficient memory available in the buffer pool.", TransientFailure),
    (8645, "A timeout occurred while waiting for memory resources to execute the query.", TransientFailure),
    (8651, "Could not perform the operation because the requested memory grant was not available.", TransientFailure),
    (17142, "SQL Server service has been paused. No new connections will be allowed.", TransientFailure),
    (18401, "Login failed for user 'sa'. Reason: Server is in script upgrade mode.", TransientFailure),
    (921, "Database 'shop' has not been recovered yet.", TransientFailure),
    (922, "Database 'shop' is being recovered.", TransientFailure),
    (924, "Database 'shop' is already open and can only have one user at a time.", TransientFailure),
    (983, "Unable to access availability database 'shop', the replica is not in the PRIMARY role.", TransientFailure),
    (4221, "Login to read-secondary failed due to long wait.", TransientFailure),
    (42109, "The SQL pool is warming up. Please try again.", TransientFailure),
    (232, "Arithmetic overflow error for type int, value = 3000000000.000000.", InvalidData),
    (241, "Conversion failed when converting date and/or time from character string.", InvalidData),
    (242, "The conversion of a varchar data type to a datetime data type was out of range.", InvalidData),
    (245, "Conversion failed when converting the varchar value 'x' to data type int.", InvalidData),
    (8114, "Error converting data type nvarchar to bigint.", InvalidData),
    (8169, "Conversion failed when converting from a character string to uniqueidentifier.", InvalidData),
    (1101, "Could not allocate a new page for database 'shop' because of insufficient disk space.", StorageFull),
    (1105, "Could not allocate space for object 'dbo.ware' because the 'PRIMARY' filegroup is full.", StorageFull),
    (9002, "The transaction log for database 'shop' is full due to 'LOG_BACKUP'.", StorageFull),
    (3958, "Transaction aborted when accessing versioned row. Your tempdb is out of space.", StorageFull),
    (40544, "The database 'shop' has reached its size quota.", StorageFull),
    (229, "The INSERT permission was denied on the object 'ware', schema 'dbo'.", PermissionDenied),
    (230, "The SELECT permission was denied on the column 'name' of the object 'ware'.", PermissionDenied),
    (262, "CREATE TABLE permission denied in database 'shop'.", PermissionDenied),
    (297, "The user does not have permission to perform this action.", PermissionDenied),
    (300, "VIEW SERVER STATE permission was denied on object 'server', database 'master'.", PermissionDenied),
    (916, "The server principal 'app' is not able to access the database 'shop'.", PermissionDenied),
    (33504, "The attempted operation failed because the target object has a block predicate.", PermissionDenied),
    (3906, 'Failed to update database "shop" because the database is read-only.', ReadOnlyStore),
    (978, "The target database ('shop') is accessible when the intent is set to read only.", ReadOnlyStore),
    (334, "The target table 'ware' cannot have any enabled triggers if there is an OUTPUT clause.", InvalidSetting),
    (3952, "Snapshot isolation transaction failed accessing database 'shop'.", InvalidSetting),
    (2812, "Could not find stored procedure 'shop_sum'.", SchemaMissing),
    (18452, "Login failed. The login is from an untrusted domain.", AuthenticationFailed),
    (18470, "Login failed for user 'app'. Reason: The account is disabled.", AuthenticationFailed),
    (18486, "Login failed for user 'app' because the account is currently locked out.", AuthenticationFailed),
    (18487, "Login failed for user 'app'. Reason: The password of the account has expired.", AuthenticationFailed),
    (18488, "Login failed for user 'app'. Reason: The password must be changed.", AuthenticationFailed),
    (40615, "Cannot open server 'srv' requested by the login. Client is not allowed.", AuthenticationFailed),
]

NAMED = [
    (
        2601,
        (
            "Cannot insert duplicate key row in object 'dbo.ware' with unique index 'ux_ware_name'. "
            "The duplicate key value is ('lamp', it's 'red')."
        ),
        AlreadyExists,
        "ux_ware_name",
    ),
    (
        2601,
        (
            "Eine Zeile mit doppeltem Schlüssel kann in das dbo.ware-Objekt mit dem eindeutigen Index 'ux_ware_name' "
            "nicht eingefügt werden. Der doppelte Schlüsselwert ist (lamp)."
        ),
        AlreadyExists,
        "ux_ware_name",
    ),
    (
        2601,
        (
            "Impossible d'insérer une clé en double dans l'objet 'dbo.ware' avec un index unique 'ux_ware_name'. "
            "Valeur clé dupliquée : (lamp)."
        ),
        AlreadyExists,
        "ux_ware_name",
    ),
    (
        2627,
        (
            "Violation of UNIQUE KEY constraint 'uq_ware_name'. Cannot insert duplicate key in object 'dbo.ware'. "
            "The duplicate key value is (lamp)."
        ),
        AlreadyExists,
        "uq_ware_name",
    ),
    (
        2627,
        "Violation of PRIMARY KEY constraint 'pk.ware'. Cannot insert duplicate key in object 'dbo.ware'.",
        AlreadyExists,
        "pk.ware",
    ),
    (
        547,
        (
            'The INSERT statement conflicted with the FOREIGN KEY constraint "fk_line_ware". The conflict occurred in '
            'database "shop", table "dbo.ware", column \'id\'.'
        ),
        ReferenceViolation,
        "fk_line_ware",
    ),
    (
        547,
        (
            'The DELETE statement conflicted with the REFERENCE constraint "fk_CHECK_ware". The conflict occurred in '
            'database "CHECK", table "dbo.line", column \'ware_id\'.'
        ),
        ReferenceViolation,
        "fk_CHECK_ware",
    ),
    (
        547,
        (
            'The MERGE statement conflicted with the FOREIGN KEY SAME TABLE constraint "fk_ware_part". The conflict '
            'occurred in database "shop", table "dbo.ware".'
        ),
        ReferenceViolation,
        "fk_ware_part",
    ),
    (
        547,
        (
            'Die INSERT-Anweisung steht in Konflikt mit der CHECK-Einschränkung "ck_quantity". Der Konflikt trat in '
            'der "shop"-Datenbank, Tabelle "dbo.line", column \'quantity\' auf.'
        ),
        InvalidData,
        "ck_quantity",
    ),
    (515, "Cannot insert the value NULL into column 'name', table 'shop.dbo.ware'.", InvalidData, None),
    (547, "The statement conflicted with a constraint.", ReferenceViolation, None),
]


class TestKnownErrors:
    @pytest.mark.parametrize(("number", "text", "kind"), ERRORS, ids=[str(row[0]) for row in ERRORS])
    def test_know_a_number(self, number: int, text: str, kind: type[CorelibError]) -> None:
        error = failing(reported(number, "42000", text))

        assert type(error) is kind
        assert f"error {number}: " in error.message
        assert text in error.message

    @pytest.mark.parametrize(
        ("state", "kind"), [("22007", InvalidData), ("22008", InvalidData), ("22018", InvalidData)]
    )
    def test_know_a_sqlstate(self, state: str, kind: type[CorelibError]) -> None:
        error = failing(standin.DataError(state, f"[{state}] {DRIVER}Invalid character value (0) (SQLExecDirectW)"))

        assert type(error) is kind

    @pytest.mark.parametrize("known", [*BY_NUMBER.values(), *BY_STATE.values()], ids=lambda known: known.text)
    def test_say_what_happened_what_to_do_and_where_it_is_written(self, known: object) -> None:
        kind, text, source, hint = known  # type: ignore[misc]

        assert text[0].isupper()
        assert not text.endswith(".")
        assert source
        assert hint or kind is not InvalidSetting

    @pytest.mark.parametrize("number", [229, 3906, 18456, 4060, 208, 334, 978, 3952, 18470])
    def test_give_a_hint_where_a_person_has_to_act(self, number: int) -> None:
        error = failing(reported(number, "42000", "Some text."))

        assert isinstance(error, ConfigurationError)
        assert error.hint

    class WhenAConstraintIsViolated:
        @pytest.mark.parametrize(("number", "text", "kind", "name"), NAMED)
        def test_names_it_in_any_language(
            self, number: int, text: str, kind: type[IntegrityViolation], name: str | None
        ) -> None:
            error = failing(reported(number, "23000", text, standin.IntegrityError))

            assert type(error) is kind
            assert isinstance(error, IntegrityViolation)
            assert error.constraint == name


class TestStatementTimeout:
    def test_is_an_error_of_its_own(self) -> None:
        error = failing(QUERY_TIMEOUT)

        assert type(error) is StatementTimeout
        assert error.hint == "Make the statement quicker, or allow it more time."

    @pytest.mark.parametrize("timeout", [QUERY_TIMEOUT, LOCK_TIMEOUT])
    def test_keeps_the_connection(self, timeout: Exception) -> None:
        logins: list[tuple[str, dict[str, object]]] = []
        engine = standin.mssql_engine({"UPDATE": [timeout]}, logins=logins)

        with engine.connect() as connection:
            with pytest.raises(CorelibError), translated(MssqlDialect()):
                connection.exec_driver_sql("UPDATE shop_ware SET version = 2")
            assert not connection.invalidated
        engine.connect().close()

        assert len(logins) == 1

    class WhenItWasTheWaitForALock:
        def test_is_transient(self) -> None:
            error = failing(LOCK_TIMEOUT)

            assert type(error) is RowLocked
            assert isinstance(error, TransientFailure)

    class WhenItCameDuringCommit:
        def test_leaves_the_outcome_unknown(self) -> None:
            late = standin.OperationalError("HYT00", f"[HYT00] {DRIVER}Timeout expired (0) (SQLEndTran)")
            transaction = SqlStorage(standin.mssql_engine({"COMMIT": late}), shop_schema()).begin()
            transaction.connection.exec_driver_sql("UPDATE shop_ware SET version = 2")

            with pytest.raises(AmbiguousCommit):
                transaction.commit()


class TestLostSessions:
    @pytest.mark.parametrize(
        "lost",
        [
            KILLED,
            reported(6005, "HY000", "SHUTDOWN is in progress."),
            reported(40197, "HY000", "The service has encountered an error processing your request."),
            standin.OperationalError(
                "08S01", f"[08S01] {DRIVER}TCP Provider: An existing connection (10054) (SQLExecute)"
            ),
            standin.OperationalError("HYT01", f"[HYT01] {DRIVER}Connection timeout expired (0) (SQLExecute)"),
        ],
    )
    def test_are_transient_and_leave_the_pool(self, lost: Exception) -> None:
        logins: list[tuple[str, dict[str, object]]] = []
        engine = standin.mssql_engine({"UPDATE": [lost]}, logins=logins)

        with (
            pytest.raises(TransientFailure, match="connection to the database was lost"),
            translated(MssqlDialect()),
            engine.connect() as connection,
        ):
            connection.exec_driver_sql("UPDATE shop_ware SET version = 2")
        engine.connect().close()

        assert len(logins) == 2

    def test_are_replaced_where_the_pool_finds_them(self) -> None:
        logins: list[tuple[str, dict[str, object]]] = []
        engine = standin.mssql_engine({"SELECT 1": [KILLED]}, pool_pre_ping=True, logins=logins)
        engine.connect().close()

        engine.connect().close()

        assert len(logins) == 2

    @pytest.mark.parametrize("number", [64, 121, 233, 10053, 10054, 10060])
    def test_are_servers_that_do_not_answer_where_there_was_no_session_yet(self, number: int) -> None:
        refused = standin.OperationalError("08001", f"[08001] {DRIVER}TCP Provider: no ({number}) (SQLDriverConnect)")
        engine = standin.mssql_engine({"LOGIN": refused})

        with pytest.raises(ServerUnreachable, match="The SQL Server does not answer"), translated(MssqlDialect()):
            engine.connect()


class TestRolledBackTransactions:
    @pytest.mark.parametrize("number", [1205, 3609, 3930, 3960, 3998])
    def test_cannot_be_committed_by_whoever_caught_the_error(self, number: int) -> None:
        engine = standin.mssql_engine({"UPDATE": [reported(number, "42000", "Gone.")]})
        transaction = SqlStorage(engine, shop_schema()).begin()
        with pytest.raises(CorelibError), translated(MssqlDialect()):
            transaction.connection.exec_driver_sql("UPDATE shop_ware SET version = 2")

        with pytest.raises(TransientFailure, match="given up by the server"):
            transaction.commit()
