from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from corelib.adapters.memory import LogLine, MemoryLogger
from corelib.adapters.sqlalchemy import StatementLog

WARE = sa.Table(
    "ware",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), unique=True),
    sa.Column("since", sa.Date),
)
SECRET = "s3cret"


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection to a database in memory that has a table."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    with engine.connect() as made:
        WARE.create(made)
        yield made
    engine.dispose()


def logged(connection: Connection, *, every: bool = True, slow: timedelta | None = None) -> MemoryLogger:
    """A log that takes the statements from here on."""
    log = MemoryLogger()
    StatementLog(log, every=every, slow=slow).attach(connection.engine)
    return log


def only(log: MemoryLogger) -> LogLine:
    (line,) = log.lines
    return line


class TestStatementLog:
    def test_tells_text_time_rows_and_the_types_of_parameters(self, connection: Connection) -> None:
        log = logged(connection)

        connection.execute(WARE.insert(), {"id": 1, "name": SECRET, "since": date(2026, 1, 31)})

        line = only(log)
        assert (line.level, line.event) == ("info", "statement")
        assert line.fields["sql"] == "INSERT INTO ware (id, name, since) VALUES (?, ?, ?)"
        assert line.fields["parameters"] == {"id": "int", "name": "str", "since": "date"}
        assert line.fields["rows"] == 1
        assert isinstance(line.fields["milliseconds"], float)
        assert 0 <= line.fields["milliseconds"] < 60_000

    @pytest.mark.parametrize(
        "statement",
        [
            sa.select(WARE).where(WARE.c.name == SECRET),
            sa.select(WARE).where(WARE.c.name.in_([SECRET, SECRET])),
            WARE.insert().values(name=SECRET),
            sa.text("SELECT :value").bindparams(value=SECRET),
        ],
    )
    def test_tells_no_value(self, connection: Connection, statement: sa.Executable) -> None:
        log = logged(connection)

        connection.execute(statement)

        assert SECRET not in str(log.lines)

    def test_says_for_how_many_sets_of_values_it_ran(self, connection: Connection) -> None:
        log = logged(connection)

        connection.execute(WARE.insert(), [{"name": "lamp"}, {"name": "desk"}, {"name": "chair"}])

        line = only(log)
        assert (line.fields["times"], line.fields["rows"]) == (3, 3)
        assert line.fields["parameters"] == {"name": "str"}

    def test_is_silent_about_rows_that_nobody_counts_and_parameters_that_are_not_there(
        self, connection: Connection
    ) -> None:
        log = logged(connection)

        connection.execute(sa.select(WARE))

        assert only(log).fields.keys() == {"sql", "milliseconds"}

    def test_cuts_a_very_long_text(self, connection: Connection) -> None:
        log = logged(connection)

        connection.execute(sa.select(*[sa.literal(1) for _ in range(1_000)]))

        text = only(log).fields["sql"]
        assert isinstance(text, str)
        assert len(text) == 4_004
        assert text.endswith(" ...")

    class WhenTheHostSendsItsOwnText:
        @pytest.mark.parametrize(
            ("statement", "values", "types"),
            [
                ("SELECT ?, ?", (SECRET, 1), {"1": "str", "2": "int"}),
                ("SELECT :name", {"name": SECRET}, {"name": "str"}),
            ],
        )
        def test_names_parameters_as_they_were_given(
            self, connection: Connection, statement: str, values: object, types: dict[str, str]
        ) -> None:
            log = logged(connection)

            connection.exec_driver_sql(statement, values)  # type: ignore[arg-type]

            assert only(log).fields["parameters"] == types

        def test_counts_the_sets(self, connection: Connection) -> None:
            log = logged(connection)

            connection.exec_driver_sql("INSERT INTO ware (name) VALUES (?)", [("lamp",), ("desk",)])

            assert only(log).fields["times"] == 2
            assert only(log).fields["parameters"] == {"1": "str"}

    class WhenAStatementFails:
        def test_names_the_class_of_the_error_and_no_value(self, connection: Connection) -> None:
            connection.execute(WARE.insert(), {"name": SECRET})
            log = logged(connection)

            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(WARE.insert(), {"name": SECRET})

            line = only(log)
            assert line.fields["failed"] == "IntegrityError"
            assert SECRET not in str(log.lines)

        def test_takes_the_time_of_the_next_one_anew(self, connection: Connection) -> None:
            log = logged(connection)
            with pytest.raises(sa.exc.OperationalError):
                connection.exec_driver_sql("SELECT nothing FROM nowhere")

            connection.exec_driver_sql("SELECT 1")

            assert [line.fields["sql"] for line in log.lines] == ["SELECT nothing FROM nowhere", "SELECT 1"]

    class WhenAnErrorIsNoStatements:
        def test_says_nothing(self, connection: Connection) -> None:
            log = logged(connection)
            connection.exec_driver_sql("SELECT 1")

            with pytest.raises(sa.exc.StatementError):
                connection.execute(WARE.insert(), {"since": SECRET})

            assert only(log).fields["sql"] == "SELECT 1"

    class WhenStatementsAreSlow:
        def test_warns(self, connection: Connection) -> None:
            log = logged(connection, every=False, slow=timedelta(0))

            connection.exec_driver_sql("SELECT 1")

            assert only(log).level == "warning"

        def test_is_silent_about_the_others(self, connection: Connection) -> None:
            log = logged(connection, every=False, slow=timedelta(hours=1))

            connection.exec_driver_sql("SELECT 1")

            assert log.lines == ()
