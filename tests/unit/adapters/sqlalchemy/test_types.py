from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("hypothesis")

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import mssql, postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeEngine

from corelib.adapters.sqlalchemy import ExactDecimal, ExactInterval, UtcDateTime, create_engine
from corelib.errors import InvalidData

SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
MSSQL: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]

TOKYO = timezone(timedelta(hours=9))
offsets = st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))


class Shelf:
    """A table of one column in a file of its own."""

    def __init__(self, connection: Connection, kind: TypeEngine[Any]) -> None:
        self.connection = connection
        self.table = sa.Table("shelf", sa.MetaData(), sa.Column("value", kind))
        self.table.create(connection)

    def through(self, value: object) -> object:
        """Write a value and read it back."""
        self.connection.execute(self.table.delete())
        self.connection.execute(self.table.insert(), {"value": value})
        return self.connection.execute(sa.select(self.table.c.value)).scalar_one()

    def raw(self) -> object:
        return self.connection.exec_driver_sql("SELECT value FROM shelf").scalar_one()


@contextmanager
def shelf(folder: Path, kind: TypeEngine[Any]) -> Iterator[Shelf]:
    engine = create_engine(f"sqlite:///{(folder / 'shelf.sqlite').as_posix()}")
    try:
        with engine.connect() as connection:
            yield Shelf(connection, kind)
    finally:
        engine.dispose()


def ddl(kind: TypeEngine[Any], dialect: Dialect) -> str:
    return kind.compile(dialect=dialect)


class TestUtcDateTime:
    def test_round_trips_every_instant(self, tmp_path: Path) -> None:
        with shelf(tmp_path, UtcDateTime()) as sample:

            @given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets))  # noqa: DTZ001
            def check(instant: datetime) -> None:
                found = sample.through(instant)

                assert found == instant.astimezone(UTC)
                assert isinstance(found, datetime)
                assert found.utcoffset() == timedelta(0)

            check()

    def test_keeps_microseconds(self, tmp_path: Path) -> None:
        instant = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)

        with shelf(tmp_path, UtcDateTime()) as sample:
            found = sample.through(instant)

        assert found == instant

    def test_keeps_none(self, tmp_path: Path) -> None:
        with shelf(tmp_path, UtcDateTime()) as sample:
            found = sample.through(None)

        assert found is None

    @pytest.mark.parametrize(
        ("dialect", "text"),
        [(SQLITE, "DATETIME"), (POSTGRESQL, "TIMESTAMP WITH TIME ZONE"), (MSSQL, "DATETIME2(6)")],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_is_a_type_with_microseconds_on_every_engine(self, dialect: Dialect, text: str) -> None:
        assert ddl(UtcDateTime(), dialect) == text

    class WhenTheOffsetIsNotUtc:
        @pytest.mark.parametrize("dialect", [SQLITE, MSSQL], ids=lambda dialect: dialect.name)
        def test_sends_the_instant_in_utc_without_offset(self, dialect: Dialect) -> None:
            sent = UtcDateTime().process_bind_param(datetime(2026, 1, 1, 8, tzinfo=TOKYO), dialect)

            assert sent == datetime(2025, 12, 31, 23)  # noqa: DTZ001

        def test_sends_the_instant_in_utc_with_offset_to_postgresql(self) -> None:
            sent = UtcDateTime().process_bind_param(datetime(2026, 1, 1, 8, tzinfo=TOKYO), POSTGRESQL)

            assert sent == datetime(2025, 12, 31, 23, tzinfo=UTC)
            assert sent.utcoffset() == timedelta(0)

        def test_gives_back_utc(self) -> None:
            found = UtcDateTime().process_result_value(datetime(2026, 1, 1, 8, tzinfo=TOKYO), POSTGRESQL)

            assert found is not None
            assert (found.hour, found.tzinfo) == (23, UTC)

    class WhenThereIsNoTimeZone:
        @pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL, MSSQL], ids=lambda dialect: dialect.name)
        def test_refuses_and_says_how_to_give_one(self, dialect: Dialect) -> None:
            with pytest.raises(InvalidData, match=r"2026-01-01 00:00:00 has no time zone\. Give it one, as tzinfo=UTC"):
                UtcDateTime().process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001


class TestExactDecimal:
    def test_round_trips_every_value_that_fits(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactDecimal(18, 4)) as sample:

            @given(st.decimals("-99999999999999.9999", "99999999999999.9999", places=4))
            def check(value: Decimal) -> None:
                assert sample.through(value) == value

            check()

    @given(st.decimals())
    def test_sends_the_exact_value_or_refuses(self, value: Decimal) -> None:
        try:
            sent = ExactDecimal(9, 2).process_bind_param(value, SQLITE)
        except InvalidData:
            return

        assert isinstance(sent, int)
        assert Decimal(sent) / 100 == value

    def test_is_a_scaled_whole_number_on_sqlite(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactDecimal(18, 4)) as sample:
            sample.through(Decimal("12.5"))

            assert sample.raw() == 125000

    @pytest.mark.parametrize(
        ("dialect", "text"),
        [(SQLITE, "BIGINT"), (POSTGRESQL, "NUMERIC(18, 4)"), (MSSQL, "NUMERIC(18, 4)")],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_is_a_decimal_on_servers(self, dialect: Dialect, text: str) -> None:
        assert ddl(ExactDecimal(18, 4), dialect) == text

    @pytest.mark.parametrize("dialect", [POSTGRESQL, MSSQL], ids=lambda dialect: dialect.name)
    def test_sends_the_decimal_itself_to_servers(self, dialect: Dialect) -> None:
        kind = ExactDecimal(18, 4)

        sent = kind.process_bind_param(Decimal("12.5"), dialect)

        assert sent == Decimal("12.5")
        assert kind.process_result_value(sent, dialect) == Decimal("12.5")

    def test_keeps_none(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactDecimal()) as sample:
            found = sample.through(None)

        assert found is None

    def test_compares_by_value_in_a_query(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactDecimal(18, 4)) as sample:
            sample.through(Decimal("12.5"))

            found = sample.connection.execute(
                sa.select(sa.func.count()).where(sample.table.c.value > Decimal("12.4999"))
            ).scalar_one()

        assert found == 1

    class WhenTheValueDoesNotFit:
        @pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL, MSSQL], ids=lambda dialect: dialect.name)
        @pytest.mark.parametrize(
            "text",
            [
                "1.23456",
                "0.00001",
                "1E-5",
                "100000000000000",
                "-100000000000000",
                "1E+99999999",
                "NaN",
                "sNaN",
                "-Infinity",
            ],
        )
        def test_refuses_instead_of_rounding(self, text: str, dialect: Dialect) -> None:
            with pytest.raises(
                InvalidData, match=r"does not fit a decimal of 18 digits with 4 of them after the point"
            ):
                ExactDecimal(18, 4).process_bind_param(Decimal(text), dialect)

    class WhenTheThreadCountsWithFewDigits:
        def test_reads_every_digit(self, tmp_path: Path) -> None:
            value = Decimal("12345678901234.5678")

            with shelf(tmp_path, ExactDecimal(18, 4)) as sample, localcontext() as context:
                context.prec = 5
                found = sample.through(value)

            assert found == value

    class WhenTheScaleCannotBeKept:
        @pytest.mark.parametrize(("precision", "scale"), [(19, 4), (4, 5), (4, -1)])
        def test_refuses_to_be_made(self, precision: int, scale: int) -> None:
            with pytest.raises(ValueError, match=r"needs 0 <= scale <= precision <= 18"):
                ExactDecimal(precision, scale)


class TestExactInterval:
    @pytest.mark.parametrize("value", [timedelta(0), timedelta(microseconds=-1), timedelta(days=10**8, microseconds=7)])
    def test_keeps_microseconds(self, tmp_path: Path, value: timedelta) -> None:
        with shelf(tmp_path, ExactInterval()) as sample:
            assert sample.through(value) == value
            assert sample.raw() == value // timedelta(microseconds=1)

    def test_keeps_nothing_as_null(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactInterval()) as sample:
            assert sample.through(None) is None

    @pytest.mark.parametrize(
        ("dialect", "kind"),
        [(SQLITE, "BIGINT"), (POSTGRESQL, "INTERVAL"), (MSSQL, "BIGINT")],
        ids=["sqlite", "postgresql", "mssql"],
    )
    def test_has_a_type_of_each_engine_that_loses_nothing(self, dialect: Dialect, kind: str) -> None:
        assert ExactInterval().compile(dialect=dialect) == kind

    def test_refuses_what_is_too_long(self, tmp_path: Path) -> None:
        with shelf(tmp_path, ExactInterval()) as sample, pytest.raises(sa.exc.StatementError) as caught:
            sample.through(timedelta.max)

        assert isinstance(caught.value.orig, InvalidData)
