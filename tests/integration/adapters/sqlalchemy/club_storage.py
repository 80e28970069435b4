"""The club of the unit tests in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.club import errand_mapping, member_mapping, setting_mapping, ticket_mapping

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine
from corelib.application.context import use_context
from corelib.domain.context import Context


@contextmanager
def opened_club(folder: Path) -> Iterator[SqlStorage]:
    """Give a storage to the block, which runs for the tenant `one`."""
    mappings = [member_mapping(), ticket_mapping(), setting_mapping(), errand_mapping()]
    metadata = sa.MetaData()
    for mapping in mappings:
        for table in mapping.table.metadata.sorted_tables:
            table.to_metadata(metadata)
    engine = create_engine(f"sqlite:///{(folder / 'club.sqlite').as_posix()}")
    storage = SqlStorage(engine, SqlSchema(name="club", metadata=metadata, mappings=mappings))
    try:
        storage.create()
        with use_context(Context("c-1", tenant="one")):
            yield storage
    finally:
        storage.close()
