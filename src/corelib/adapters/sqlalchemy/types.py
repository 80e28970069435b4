"""Column types that keep their values exactly, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from corelib.errors import InvalidData

MICROSECONDS = 6
LARGEST_SCALED_PRECISION = 18
LARGEST_INTEGER = 2**63 - 1
MICROSECOND = timedelta(microseconds=1)
_EXACT = Context(prec=2 * LARGEST_SCALED_PRECISION)  # the thread's own context may have a lower precision


class UtcDateTime(TypeDecorator[datetime]):
    """An instant with microseconds: TIMESTAMPTZ on PostgreSQL, DATETIME2(6) in UTC on SQL Server, text on SQLite.

    Takes datetimes with a time zone only and gives them back in UTC. SQL Server's DATETIME, which SQLAlchemy takes by
    default, rounds to 3 milliseconds.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.DateTime
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Choose the engine's type."""
        if dialect.name == "mssql":
            return dialect.type_descriptor(mssql.DATETIME2(MICROSECONDS))  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvalidData(f"The datetime {value} has no time zone.", hint="Give it one, as tzinfo=UTC.")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number of fixed scale: DECIMAL on servers, a scaled whole number on SQLite, which has no decimals.

    Args:
        precision: digits in all; at most 18, so that the scaled number fits SQLite's integers.
        scale: digits after the point. A value with more is refused, never rounded.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.Numeric
    cache_ok: bool | None = True

    def __init__(self, precision: int = 18, scale: int = 4) -> None:
        if not 0 <= scale <= precision <= LARGEST_SCALED_PRECISION:
            raise ValueError(f"ExactDecimal({precision}, {scale}) needs 0 <= scale <= precision <= 18")
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._unit = Decimal(1).scaleb(-scale)
        self._limit = Decimal(10) ** (precision - scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[int]:
        """Choose the engine's type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        """Check that nothing is lost, then convert."""
        if value is None:
            return None
        if not self._fits(value):
            raise InvalidData(
                f"{value} does not fit a decimal of {self.precision} digits with {self.scale} of them after the point."
            )
        return int(value.scaleb(self.scale, _EXACT)) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | None:
        """Return the decimal."""
        if value is None:
            return None
        return Decimal(value).scaleb(-self.scale, _EXACT) if dialect.name == "sqlite" else Decimal(value)

    def _fits(self, value: Decimal) -> bool:
        if not value.is_finite() or not -self._limit < value < self._limit:
            return False
        return value == value.quantize(self._unit, context=_EXACT)


class ExactInterval(TypeDecorator[timedelta]):
    """A span of time with microseconds: INTERVAL on PostgreSQL, elsewhere a whole number of microseconds.

    Up to 292,000 years. `sa.Interval` would become SQL Server's DATETIME, which rounds to 3 milliseconds.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.BigInteger
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the engine's type."""
        return dialect.type_descriptor(sa.Interval() if dialect.name == "postgresql" else sa.BigInteger())

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> timedelta | int | None:
        """Count the microseconds."""
        if value is None:
            return None
        microseconds = value // MICROSECOND
        if not -LARGEST_INTEGER <= microseconds <= LARGEST_INTEGER:
            raise InvalidData(f"{value} is too long for a column of spans of time.")
        return value if dialect.name == "postgresql" else microseconds

    def process_result_value(self, value: timedelta | int | None, dialect: Dialect) -> timedelta | None:  # noqa: ARG002
        """Return the span."""
        return timedelta(microseconds=value) if isinstance(value, int) else value


class RowVersion(TypeDecorator[int]):
    """The version of an aggregate: ROWVERSION on SQL Server, which the server makes; elsewhere a number that counts.

    SQL Server changes it with every UPDATE of the row, also one that comes from outside of corelib, so that such a
    change is noticed as well. (Microsoft: "rowversion (Transact-SQL)".) Versions only tell whether a row has changed:
    that of a newer change is the greater one, but not by one.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.BigInteger
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the engine's type."""
        if dialect.name == "mssql":
            return dialect.type_descriptor(mssql.ROWVERSION())  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | bytes | None:
        """Return the eight bytes of the server."""
        return value.to_bytes(8) if value is not None and dialect.name == "mssql" else value

    def process_result_value(self, value: int | bytes | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the bytes as a number."""
        return int.from_bytes(value) if isinstance(value, bytes) else value
