"""Where the tables of a template come from: Alembic, an SqlSchema, files of SQL; with or without seed data."""

from __future__ import annotations

from corelib.testing.database.sources.alembic import AlembicSource
from corelib.testing.database.sources.named import source_named
from corelib.testing.database.sources.schema import SchemaObjectSource
from corelib.testing.database.sources.scripts import ScriptsSource
from corelib.testing.database.sources.seeded import SeededSource

__all__ = ["AlembicSource", "SchemaObjectSource", "ScriptsSource", "SeededSource", "source_named"]
