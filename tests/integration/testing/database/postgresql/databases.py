"""An empty database, who logs in to it, and what its catalogue says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import sqlalchemy as sa
from tests.support.databases import POSTGRESQL, fresh_database, run_on_server, server_named_by

PASSWORD = "no-secret"

STATE = """
SELECT 'key', k.conrelid::regclass::text, k.conname, k.convalidated::text, k.condeferrable::text, k.condeferred::text
  FROM pg_constraint k WHERE k.contype = 'f'
UNION ALL SELECT 'trigger', t.tgrelid::regclass::text, t.tgname, t.tgenabled::text, t.tgfoid::text, '' FROM pg_trigger t
ORDER BY 1, 2, 3"""


@contextmanager
def empty_database() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as url:
        yield url


@contextmanager
def owner_of(url: str) -> Iterator[str]:
    """The URL of the same database for a login that is no superuser, and owns what it makes there."""
    role = f"corelib_test_{uuid4().hex}"
    known = sa.make_url(url)
    run_on_server(url, f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    run_on_server(url, f"GRANT ALL ON SCHEMA public TO {role}; GRANT CREATE ON DATABASE {known.database} TO {role}")
    try:
        yield known.set(username=role, password=PASSWORD).render_as_string(hide_password=False)
    finally:
        run_on_server(url, f"DROP OWNED BY {role} CASCADE")
        run_on_server(url, f"DROP ROLE {role}")


def run(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    for statement in statements:
        run_on_server(url, statement)


def ask(url: str, query: str) -> Sequence[tuple[object, ...]]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return rows


def state(url: str) -> Sequence[tuple[object, ...]]:
    """Foreign keys and triggers, those of the keys included, and whether they are enabled and validated."""
    return ask(url, STATE)
