"""A console that is told what a SQL Server answers, and the errors as its driver raises them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from attrs import define, field, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy import standin

from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.errors import CorelibError
from corelib.testing.database.mssql.console import MASTER, Row
from corelib.testing.database.mssql.facts import MASTER_FILES, MODEL, PROPERTIES, RIGHTS
from corelib.testing.database.mssql.patience import Patience
from corelib.testing.database.mssql.server import MssqlServer

URL = "mssql://sa:s3cret@testhost:1434/master?driver=any"
Answer = Sequence[Row] | CorelibError

VERSION_2022 = ("16.0.4135.4", "Developer Edition (64-bit)", "SQL_Latin1_General_CP1_CI_AS")
LINUX = ("/var/opt/mssql/data/", "/var/opt/mssql/log/", "/var/opt/mssql/backup/")
ENTERPRISE = (3, 1)

FACTS: Mapping[str, Answer] = {
    PROPERTIES: [(*VERSION_2022, *LINUX, *ENTERPRISE)],
    RIGHTS: [(1, 1, 1, "sa")],
    MASTER_FILES: [("ROWS", "/var/opt/mssql/data/master.mdf"), ("LOG", "/var/opt/mssql/data/mastlog.ldf")],
    MODEL: [(160, False, 0)],
}


def refusal(*errors: tuple[int, str], state: str = "42000") -> CorelibError:
    """The error for what a server refuses with these numbers and texts, as the console raises it."""
    driver = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
    parts = (f"[{state}] {driver}{text} ({number}) (SQLExecDirectW)" for number, text in errors)
    cause = standin.ProgrammingError(state, "; ".join(parts))
    try:
        with translated(MssqlDialect()):
            raise sa.exc.ProgrammingError("statement", None, cause)
    except CorelibError as error:
        return error


@frozen
class Then:
    """Answers, one after the other; the last one again and again."""

    answers: Sequence[Answer]

    def after(self, asked: int) -> Answer:
        return self.answers[min(asked, len(self.answers)) - 1]


@define
class ScriptedConsole:
    """Answers a batch by the first entry whose key stands in it; no rows if none does. Notes what it ran, and where."""

    answers: Mapping[str, Answer | Then]
    ran: list[tuple[str, str]] = field(factory=list)
    closed: bool = False
    _asked: Counter[str] = field(factory=Counter)

    def rows(self, text: str, database: str = MASTER) -> Sequence[Row]:
        self.ran.append((text, database))
        key, answer = next(((part, answer) for part, answer in self.answers.items() if part in text), ("", []))
        if isinstance(answer, Then):
            self._asked[key] += 1
            answer = answer.after(self._asked[key])
        if isinstance(answer, CorelibError):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True

    def texts(self, *kinds: str) -> list[str]:
        """Return what was run, only what begins with one of these words if any are given."""
        return [text for text, _ in self.ran if not kinds or text.startswith(kinds)]


@define
class Pauses:
    """Stands for the waiting between attempts."""

    seconds: list[float] = field(factory=list)

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


def server_with(
    answers: Mapping[str, Answer | Then], *, options: Mapping[str, str] | None = None, attempts: int = 5
) -> tuple[MssqlServer, ScriptedConsole]:
    """Return a SQL Server 2022 that answers so, and its console; what is told comes before the facts."""
    console = ScriptedConsole({**answers, **FACTS, **answers})
    patience = Patience(attempts=attempts, sleep=Pauses().sleep)
    return MssqlServer(URL, options=options, console=console, patience=patience), console
