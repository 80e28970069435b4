"""What PostgreSQL is told, as texts: commands about databases take no parameters."""

from __future__ import annotations

from enum import Enum


class Strategy(Enum):
    """How a database is copied (PostgreSQL: "CREATE DATABASE")."""

    WAL_LOG = "WAL_LOG"
    """Block by block through the write-ahead log, without a checkpoint."""

    FILE_COPY = "FILE_COPY"
    """File by file, with a checkpoint before and after."""


def quoted(name: str) -> str:
    """Return a name as an identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def literal(text: str) -> str:
    """Return a text as a constant, whatever `standard_conforming_strings` says about backslashes."""
    doubled = text.replace("'", "''").replace("\\", "\\\\")
    return f" E'{doubled}'" if "\\" in text else f"'{doubled}'"


def create(name: str) -> str:
    """Return what makes an empty database."""
    return f"CREATE DATABASE {quoted(name)}"


def create_clone(name: str, template: str, strategy: Strategy) -> str:
    """Return what makes a database like another one, open to connections even if that one is closed to them."""
    return (
        f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)} STRATEGY {strategy.value} "
        "ALLOW_CONNECTIONS true IS_TEMPLATE false"
    )


def settle_clone(name: str, template: str) -> str:
    """Return what gives a clone the settings of its template, and lets it not wait for the disk; one round trip.

    CREATE DATABASE does not copy settings that were made by ALTER DATABASE ... SET (PostgreSQL: "Template Databases").
    They are taken over from the block's own settings, so that lists as search_path need no quoting here. A template
    that says itself whether to wait for the disk is followed in that too. It fails if there is no such database, or if
    its making was broken off.
    """
    source, target = literal(template), literal(quoted(name))
    return f"""DO $kit$
DECLARE
    setting text;
BEGIN
    ALTER DATABASE {quoted(name)} SET synchronous_commit = off;
    FOR setting IN
        SELECT unnest(kept.setconfig) FROM pg_db_role_setting AS kept
        JOIN pg_database AS template ON template.oid = kept.setdatabase
        WHERE template.datname = {source} AND kept.setrole = 0
    LOOP
        PERFORM set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true);
        EXECUTE concat('ALTER DATABASE ', {target}, ' SET ', split_part(setting, '=', 1), ' FROM CURRENT');
    END LOOP;
END
$kit$"""  # noqa: S608 - names and texts are quoted


def give_setting(database: str, name: str, value: str) -> str:
    """Return what gives a database a setting, for sessions to come; a list of names needs no quoting this way."""
    parameter = ".".join(map(quoted, name.split(".")))
    return f"""DO $kit$
BEGIN
    PERFORM set_config({literal(name)}, {literal(value)}, true);
    ALTER DATABASE {quoted(database)} SET {parameter} FROM CURRENT;
END
$kit$"""


def open_again(name: str) -> str:
    """Return what makes a template an ordinary database, so that it can be dropped; nobody gets in meanwhile."""
    return f"ALTER DATABASE {quoted(name)} IS_TEMPLATE false ALLOW_CONNECTIONS false"


def seal(name: str) -> str:
    """Return what closes a template; whoever may create databases can clone it (PostgreSQL: "CREATE DATABASE")."""
    return f"ALTER DATABASE {quoted(name)} IS_TEMPLATE true ALLOW_CONNECTIONS false"


def drop(name: str) -> str:
    """Return what drops a database and ends the sessions that are connected to it."""
    return f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)"


def rename(name: str, new_name: str) -> str:
    """Return what gives a database another name."""
    return f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(new_name)}"


def comment(name: str, text: str) -> str:
    """Return what writes a comment, over an older one; the database may be closed to connections."""
    return f"COMMENT ON DATABASE {quoted(name)} IS {literal(text)}"
