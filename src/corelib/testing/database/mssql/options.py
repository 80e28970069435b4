"""The options of a test database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from corelib.errors import InvalidSetting
from corelib.testing.database.mssql.quoting import identifier

COLLATE: Final = "COLLATE"
"""Not an option of ALTER DATABASE ... SET, but told in the same way; it stands in CREATE DATABASE."""

QUICK: Mapping[str, str] = MappingProxyType(
    {"AUTO_CLOSE": "OFF", "AUTO_SHRINK": "OFF", "DELAYED_DURABILITY": "FORCED", "RECOVERY": "SIMPLE"}
)
"""What makes tests quick and loses nothing that a test needs; a server that knows one of them not does without.

A commit does not wait for the disk, and the log is not kept. Express makes databases that close themselves after the
last connection, and take long to open again. AUTO_UPDATE_STATISTICS_ASYNC stays off: its background thread connects to
the database, and keeps it from being set to SINGLE_USER and dropped (Microsoft: "ALTER DATABASE SET options", under
SINGLE_USER; "Control transaction durability").
"""

_ASSIGNED = frozenset(
    {
        "ACCELERATED_DATABASE_RECOVERY",
        "CHANGE_TRACKING",
        "COMPATIBILITY_LEVEL",
        "CONTAINMENT",
        "DEFAULT_FULLTEXT_LANGUAGE",
        "DEFAULT_LANGUAGE",
        "DELAYED_DURABILITY",
        "MEMORY_OPTIMIZED_ELEVATE_TO_SNAPSHOT",
        "NESTED_TRIGGERS",
        "QUERY_STORE",
        "TARGET_RECOVERY_TIME",
        "TRANSFORM_NOISE_WORDS",
        "TWO_DIGIT_YEAR_CUTOFF",
    }
)
"""Options that take an equals sign (Microsoft: "ALTER DATABASE SET options (Transact-SQL)", syntax)."""

_OTHERS = frozenset(
    {
        "ALLOW_SNAPSHOT_ISOLATION",
        "ANSI_NULLS",
        "ANSI_NULL_DEFAULT",
        "ANSI_PADDING",
        "ANSI_WARNINGS",
        "ARITHABORT",
        "AUTO_CLOSE",
        "AUTO_CREATE_STATISTICS",
        "AUTO_SHRINK",
        "AUTO_UPDATE_STATISTICS",
        "AUTO_UPDATE_STATISTICS_ASYNC",
        "CONCAT_NULL_YIELDS_NULL",
        "CURSOR_CLOSE_ON_COMMIT",
        "CURSOR_DEFAULT",
        "DATE_CORRELATION_OPTIMIZATION",
        "HONOR_BROKER_PRIORITY",
        "MIXED_PAGE_ALLOCATION",
        "NUMERIC_ROUNDABORT",
        "PAGE_VERIFY",
        "PARAMETERIZATION",
        "QUOTED_IDENTIFIER",
        "READ_COMMITTED_SNAPSHOT",
        "RECOVERY",
        "RECURSIVE_TRIGGERS",
        "TEMPORAL_HISTORY_RETENTION",
    }
)
"""Options that take none.

Left out are states, as READ_ONLY, which are the kit's to set; TRUSTWORTHY and DB_CHAINING, by which code reaches out of
a test database; and the service broker, whose identity a restored copy shares with its template (Microsoft: "Manage
Service Broker identities").
"""

_KNOWN = _ASSIGNED | _OTHERS | {COLLATE}
_VALUE = re.compile(r"\w[\w ]*", re.ASCII)


def checked_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options by name, in capitals, with their values as they stand in T-SQL.

    Args:
        options: names in any case, values without quotes: words, digits and spaces.

    Raises:
        InvalidSetting: if one has a name that is not known, as that of a state, which the kit sets, or a value that can
            be none.
    """
    checked: dict[str, str] = {}
    for told, value in options.items():
        name = told.upper()
        if name not in _KNOWN or name in checked or not _VALUE.fullmatch(value):
            raise InvalidSetting(
                f"{told!r}: {value!r} is no option that a test database can be given on SQL Server.",
                hint='Write it once, as ALTER DATABASE ... SET has it, as {"READ_COMMITTED_SNAPSHOT": "ON"}, '
                'or {"COLLATE": "Latin1_General_100_CI_AS"}.',
            )
        checked[name] = value if name == COLLATE else value.upper()
    return checked


def set_option(database: str, name: str, value: str) -> str:
    """Return the statement that sets one option; several in one statement do not go with all of them."""
    sign = " = " if name in _ASSIGNED else " "
    return f"ALTER DATABASE {identifier(database)} SET {name}{sign}{value}"


def create_database(database: str, options: Mapping[str, str]) -> str:
    """Return the statement that makes the database, with its collation if that is told."""
    collation = f" COLLATE {options[COLLATE]}" if COLLATE in options else ""
    return f"CREATE DATABASE {identifier(database)}{collation}"


def quick_options(told: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return what to set for speed, where nothing else is told."""
    return [(name, value) for name, value in QUICK.items() if name not in told]


def told_options(told: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return what to set because it is told."""
    return [(name, value) for name, value in told.items() if name != COLLATE]
