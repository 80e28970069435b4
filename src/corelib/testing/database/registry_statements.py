"""What the registry asks and tells its table, in the terms of SQLAlchemy; each engine's dialect spells it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.testing.database.model import Kind
from corelib.testing.database.registry_table import LONGEST_NOTE, table

_MILLISECOND = timedelta(milliseconds=1)


def insert(name: str, kind: Kind, run: str, fingerprint: str) -> sa.Insert:
    """Write down a database, as of now."""
    return table.insert().values(
        name=name, kind=kind.value, run=run, fingerprint=fingerprint, made_at=utc_now(), used_at=utc_now(), note=""
    )


def become_template(build: str, name: str) -> sa.Update:
    """Turn the record of a build into that of a template."""
    is_build = (table.c.name == build) & (table.c.kind == Kind.BUILD.value)
    return table.update().where(is_build).values(name=name, kind=Kind.TEMPLATE.value, used_at=utc_now())


def touch(name: str) -> sa.Update:
    """Write down that a database is used now."""
    return table.update().where(table.c.name == name).values(used_at=utc_now())


def keep(name: str, duration: timedelta, note: str) -> sa.Update:
    """Let a database live on for some time from now."""
    return table.update().where(table.c.name == name).values(keep_until=_after(duration), note=note[:LONGEST_NOTE])


def forget(name: str) -> sa.Delete:
    """Remove a record."""
    return table.delete().where(table.c.name == name)


def find(name: str) -> sa.Select[tuple[object, ...]]:
    """Ask for one record."""
    return table.select().where(table.c.name == name)


def expired(templates_after: timedelta) -> sa.Select[tuple[object, ...]]:
    """Ask for what nobody keeps any longer and is no template in use."""
    nobody_keeps_it = table.c.keep_until.is_(None) | (table.c.keep_until <= utc_now())
    is_wanted = (table.c.kind == Kind.TEMPLATE.value) & (table.c.used_at > _after(-templates_after))
    return table.select().where(nobody_keeps_it & ~is_wanted)


def _after(duration: timedelta) -> utc_in:
    return utc_in(sa.literal(duration // _MILLISECOND, sa.BigInteger))
