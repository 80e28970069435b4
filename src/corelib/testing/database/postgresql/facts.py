"""What a PostgreSQL server says about itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.testing.database.model import ServerFacts

_MAJOR = 10_000

OPTIONS = (
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "search_path",
    "default_transaction_isolation",
    "default_table_access_method",
    "default_text_search_config",
)
"""Settings that change what a migration makes, or how the same statements behave in its tables."""

TRAITS = ("fsync", "wal_level", "full_page_writes", "synchronous_commit")
"""Settings that change how fast a database is cloned, and nothing else."""


def facts_of(connection: Connection) -> ServerFacts:
    """Ask for version, locale and settings.

    The columns of pg_database differ between versions: the row is taken as JSON, where a missing one is just missing
    (PostgreSQL: "pg_database"; `daticulocale` became `datlocale` in version 17).
    """
    names = ("server_version_num", *OPTIONS, *TRAITS)
    found = connection.execute(sa.select(*[sa.func.current_setting(name) for name in names])).one()
    settings = dict(zip(names, found, strict=True))
    number = int(settings["server_version_num"])
    version = (number // _MAJOR, number % _MAJOR)
    row = connection.execute(_TEMPLATE).mappings().one()
    rights = connection.execute(_RIGHTS).mappings().one()
    return ServerFacts(
        engine="postgresql",
        product=f"PostgreSQL {version[0]}.{version[1]}",
        version=version,
        collation=row["collation"],
        options={
            **{name: text for name, text in row.items() if name != "collation" and text is not None},
            **{name: settings[name] for name in OPTIONS},
        },
        traits={**{name: settings[name] for name in TRAITS}, **{name: _yes_no(held) for name, held in rights.items()}},
    )


def _yes_no(answer: bool) -> str:  # noqa: FBT001 - what is turned into a word
    return "yes" if answer else "no"


_TEMPLATE = sa.text(
    "SELECT datcollate AS collation, datctype AS ctype, pg_encoding_to_char(encoding) AS encoding, "
    "to_jsonb(template) ->> 'datlocprovider' AS locale_provider, "
    "coalesce(to_jsonb(template) ->> 'datlocale', to_jsonb(template) ->> 'daticulocale') AS locale, "
    "to_jsonb(template) ->> 'daticurules' AS locale_rules, "
    "to_jsonb(template) ->> 'datcollversion' AS collation_version "
    "FROM pg_database AS template WHERE datname = 'template1'"
)
_RIGHTS = sa.text("SELECT rolsuper AS superuser, rolcreatedb AS createdb FROM pg_roles WHERE rolname = current_user")
