"""Units of work, repositories and durable jobs on SQL Server, PostgreSQL and SQLite with SQLAlchemy Core.

Needs the extra `mssql` or `postgresql`; `sqlalchemy` alone for SQLite.
"""

from corelib.adapters.sqlalchemy.engine import Engines, create_engine, create_engines, warnings_of
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings
from corelib.adapters.sqlalchemy.hierarchy import Subclasses
from corelib.adapters.sqlalchemy.locks import SqlLocks
from corelib.adapters.sqlalchemy.mapping import AggregateMapping, MappingError, mapped
from corelib.adapters.sqlalchemy.parts import Parts
from corelib.adapters.sqlalchemy.schema import SqlSchema
from corelib.adapters.sqlalchemy.statement_log import StatementLog
from corelib.adapters.sqlalchemy.storage import SqlStorage
from corelib.adapters.sqlalchemy.transaction import connection_of
from corelib.adapters.sqlalchemy.types import ExactDecimal, ExactInterval, RowVersion, UtcDateTime

__all__ = [
    "AggregateMapping",
    "EngineSettings",
    "Engines",
    "ExactDecimal",
    "ExactInterval",
    "MappingError",
    "Parts",
    "RowVersion",
    "SqlLocks",
    "SqlSchema",
    "SqlStorage",
    "StatementLog",
    "Subclasses",
    "UtcDateTime",
    "connection_of",
    "create_engine",
    "create_engines",
    "mapped",
    "warnings_of",
]
