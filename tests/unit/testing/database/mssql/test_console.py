from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from attrs import define, field

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.standin import GREETING

from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.errors import PersistentFailure, StorageFull
from corelib.testing.database.mssql.console import SqlConsole, error_numbers, error_text

MESSAGE: list[tuple[object, ...]] | None = None
"""A result without columns, as each message of the server is one."""

OURS = ("BACKUP", "DROP", "EXEC sys.", "KILL", "RESTORE", "SELECT ...")
"""How the statements of these tests begin; all others are SQLAlchemy's."""

Result = list[tuple[object, ...]] | None | Exception


@define
class Script:
    """What a server sends for our statements, how many results were left unread, and what became of connections."""

    results: list[Result]
    executed: list[tuple[str, bool]] = field(factory=list)
    left: int = 0
    opened: list[str] = field(factory=list)
    closed: int = 0


class Cursor:
    def __init__(self, script: Script, connection: Connection) -> None:
        self._script, self._connection = script, connection
        self._results: list[Result] = []
        self.description: list[tuple[object, ...]] | None = None
        self.rowcount = -1

    def setinputsizes(self, *_: object) -> None: ...

    def execute(self, statement: str, *_: object) -> None:
        self._ours = statement.startswith(OURS)
        if self._ours:
            self._script.executed.append((statement, self._connection.autocommit))
            self._results = list(self._script.results)
        else:
            self._results = [[(next((answer for part, answer in GREETING.items() if part in statement), 1),)]]
        self._take()

    def _take(self) -> None:
        result = self._results.pop(0)
        if self._ours:
            self._script.left = len(self._results)
        if isinstance(result, Exception):
            raise result
        self._rows = list(result or [])
        self.description = None if result is None else [("column", *[None] * 6)]

    def fetchone(self) -> tuple[object, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[object, ...]]:
        rows, self._rows = self._rows, []
        return rows

    def nextset(self) -> bool:
        self.description = None
        if not self._results:
            return False
        self._take()
        return True

    def close(self) -> None: ...


class Connection:
    def __init__(self, script: Script) -> None:
        self._script = script
        self.autocommit = False
        self.timeout = 0

    def cursor(self) -> Cursor:
        return Cursor(self._script, self)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None:
        self._script.closed += 1

    def add_output_converter(self, *_: object) -> None: ...


def engines_of(script: Script) -> Callable[[str], Engine]:
    """Return what makes the engines of a server that answers by a script."""
    errors = {name: getattr(standin, name) for name in ("Error", "OperationalError", "InterfaceError")}
    errors |= {name: getattr(standin, name) for name in ("ProgrammingError", "DataError", "IntegrityError")}
    kinds = ("NUMBER", "STRING", "DATETIME", "BINARY", "SQL_VARCHAR", "SQL_WVARCHAR", "SQL_DECIMAL")
    named = dict.fromkeys(("DatabaseError", "InternalError", "NotSupportedError", "Warning"), standin.Error)

    def connect(text: str, **_: object) -> Connection:
        script.opened.append(text.partition("Database=")[2].partition(";")[0])
        return Connection(script)

    module = SimpleNamespace(
        connect=connect,
        Cursor=Cursor,
        paramstyle="qmark",
        version="5.3.0",
        pooling=True,
        Binary=bytes,
        **errors,
        **named,
        **dict.fromkeys(kinds, object),
    )

    def engine_of(database: str) -> Engine:
        url = f"mssql+pyodbc://sa:s3cret@server/{database}?driver=any"
        engine = sa.create_engine(url, module=module, hide_parameters=True)
        MssqlDialect().prepare(engine)
        return engine

    return engine_of


def console_for(*results: Result) -> tuple[SqlConsole, Script]:
    script = Script(list(results))
    console = SqlConsole(engines_of(script))
    console.engine.connect().close()  # the greeting is not what is tested
    return console, script


def failure(number: int, text: str) -> Exception:
    driver = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
    return standin.ProgrammingError("42000", f"[42000] {driver}{text} ({number}) (SQLMoreResults)")


class TestSqlConsole:
    class WhenABatchIsRun:
        def test_runs_it_outside_of_any_transaction(self) -> None:
            console, script = console_for(MESSAGE)

            console.rows("BACKUP DATABASE [shop]")

            assert script.executed == [("BACKUP DATABASE [shop]", True)]

        def test_reads_all_results_to_the_end(self) -> None:
            console, script = console_for(MESSAGE, MESSAGE, MESSAGE, MESSAGE)

            console.rows("BACKUP DATABASE [shop]")

            assert script.left == 0

        def test_returns_the_first_result_with_columns(self) -> None:
            console, _ = console_for(MESSAGE, [(1, "a"), (2, "b")], MESSAGE, [(3, "c")])

            rows = console.rows("SELECT ...")

            assert rows == [(1, "a"), (2, "b")]

        def test_returns_no_rows_where_there_are_none(self) -> None:
            console, _ = console_for(MESSAGE)

            assert console.rows("KILL 55") == []

        def test_takes_an_empty_result_for_the_first(self) -> None:
            console, _ = console_for([], [(3, "c")])

            assert console.rows("SELECT ...") == []

    class WhenTheServerRefuses:
        def test_raises_what_is_told_behind_the_first_result(self) -> None:
            console, _ = console_for(MESSAGE, MESSAGE, failure(1105, "Could not allocate space"))

            with pytest.raises(StorageFull):
                console.rows("RESTORE DATABASE [shop]")

        def test_keeps_the_numbers_and_the_text(self) -> None:
            console, _ = console_for(failure(3702, "Cannot drop the database, it is in use"))

            with pytest.raises(PersistentFailure) as refused:
                console.rows("DROP DATABASE [shop]")

            assert error_numbers(refused.value) == {3702}
            assert "Cannot drop the database" in error_text(refused.value)

    class WhenTheDatabaseIsMaster:
        def test_keeps_the_connection_for_the_next_one(self) -> None:
            console, script = console_for(MESSAGE)

            console.rows("KILL 55")
            console.rows("KILL 56")

            assert (script.opened, script.closed) == (["master"], 0)

        def test_closes_it_at_the_end(self) -> None:
            console, script = console_for(MESSAGE)

            console.close()

            assert script.closed == 1

    class WhenTheDatabaseIsAnother:
        def test_closes_the_connection_at_once(self) -> None:
            console, script = console_for(MESSAGE)

            console.rows("EXEC sys.sp_flush_log", "shop")

            assert (script.opened, script.closed) == (["master", "shop"], 1)

        def test_closes_it_after_an_error_too(self) -> None:
            console, script = console_for(failure(15135, "Object is invalid"))

            with pytest.raises(PersistentFailure):
                console.rows("EXEC sys.sp_flush_log", "shop")

            assert script.closed == 1


class TestErrorNumbers:
    def test_are_none_where_no_server_has_spoken(self) -> None:
        error = PersistentFailure("The database shop is RESTORING.")

        assert (error_numbers(error), error_text(error)) == (frozenset(), "")
