"""A driver for SQL Server that needs no server and no pyodbc: it gives the answers that it is told."""

from __future__ import annotations

from collections import ChainMap
from itertools import chain
from types import SimpleNamespace

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy.mssql import MssqlDialect

# What SQLAlchemy asks a server when it connects for the first time: this is SQL Server 2022.
GREETING: dict[str, object] = {
    "ProductVersion": "16.0.1000.6",
    "schema_name()": "dbo",
    "sys.system_views": "dm_exec_sessions",
    "sys.dm_exec_sessions": "READ COMMITTED",
    "fn_listextendedproperty": 1,
}


COLUMN = ("column", None, None, None, None, None, None)


class Error(Exception):
    """As pyodbc's: the arguments are the SQLSTATE and the message."""


class OperationalError(Error): ...


class InterfaceError(Error): ...


class ProgrammingError(Error): ...


class DataError(Error): ...


class IntegrityError(Error): ...


class Row(tuple[object, ...]):
    """An answer of more than one column, or of none: then there is no row."""

    __slots__ = ()

    def __new__(cls, *values: object) -> Row:
        return super().__new__(cls, values)


NO_ROW = Row()


@frozen
class AfterMessage:
    """An answer before which the server sends a message, which comes as a result without rows."""

    answer: object


class Cursor:
    def __init__(self, answers: ChainMap[str, object], executed: list[str]) -> None:
        self._answers = answers
        self._executed = executed
        self._row: tuple[object, ...] | None = None
        self.description: list[tuple[object, ...]] | None = [COLUMN]
        self.rowcount = -1

    def setinputsizes(self, *_: object) -> None: ...

    def execute(self, statement: str, *_: object) -> None:
        self._executed.append(statement)
        parts = chain.from_iterable(answers.items() for answers in self._answers.maps)
        answer = next((answer for part, answer in parts if part in statement), None)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if isinstance(answer, Exception):
            raise answer
        self._take(answer)

    def _take(self, answer: object) -> None:
        if isinstance(answer, AfterMessage):
            self.description, self._row = None, (answer.answer,)
        elif isinstance(answer, Row):
            self._row = answer or None
            self.description = [(f"column{number}", *[None] * 6) for number in range(max(len(answer), 3))]
        else:
            self.description, self._row = [COLUMN], (answer,)

    def fetchone(self) -> tuple[object, ...] | None:
        row, self._row = self._row, None
        return row

    def fetchall(self) -> list[tuple[object, ...]]:
        row = self.fetchone()
        return [] if row is None else [row]

    def nextset(self) -> bool:
        was_message, self.description = self.description is None, [COLUMN]
        return was_message

    def close(self) -> None: ...


class Connection:
    def __init__(self, answers: ChainMap[str, object], executed: list[str]) -> None:
        self._answers = answers
        self._executed = executed
        self.autocommit = False
        self.timeout = 0

    def cursor(self) -> Cursor:
        return Cursor(self._answers, self._executed)

    def _control(self, statement: str) -> None:
        self.cursor().execute(statement)

    def commit(self) -> None:
        self._control("COMMIT")

    def rollback(self) -> None:
        self._control("ROLLBACK")

    def close(self) -> None: ...

    def add_output_converter(self, *_: object) -> None: ...


def mssql_engine(
    answers: dict[str, object] | None = None,
    *,
    pool_pre_ping: bool = False,
    logins: list[tuple[str, dict[str, object]]] | None = None,
    login: str = "sa:s3cret@",
    executed: list[str] | None = None,
) -> Engine:
    """An engine whose driver answers a statement by the first of these parts that it has.

    An answer is a value, a `Row`, an exception to raise, or a list of these: one after the other, then NULL. "LOGIN"
    is asked for each new connection. `logins` takes the connection string and the options of each. What the driver
    executes is appended to `executed`.
    """
    noted = executed if executed is not None else []
    told = ChainMap(answers if answers is not None else {}, GREETING)

    def connect(text: str, **options: object) -> Connection:
        if logins is not None:
            logins.append((text, options))
        connection = Connection(told, noted)
        connection.cursor().execute("LOGIN")
        return connection

    module = SimpleNamespace(
        connect=connect,
        Error=Error,
        DatabaseError=Error,
        InternalError=Error,
        NotSupportedError=Error,
        Warning=Error,
        OperationalError=OperationalError,
        InterfaceError=InterfaceError,
        ProgrammingError=ProgrammingError,
        DataError=DataError,
        IntegrityError=IntegrityError,
        Cursor=Cursor,
        paramstyle="qmark",
        version="5.3.0",
        pooling=True,
        Binary=bytes,
        **dict.fromkeys(
            ("NUMBER", "STRING", "DATETIME", "BINARY", "SQL_VARCHAR", "SQL_WVARCHAR", "SQL_DECIMAL"), object
        ),
    )
    engine = sa.create_engine(
        f"mssql+pyodbc://{login}server/shop?driver=any",
        module=module,
        pool_pre_ping=pool_pre_ping,
        hide_parameters=True,
    )
    MssqlDialect().prepare(engine)
    return engine
