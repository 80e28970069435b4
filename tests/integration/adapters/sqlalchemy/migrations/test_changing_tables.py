from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

import sqlalchemy as sa
from tests.support.garden import garden, write_revision
from tests.support.migrating import on_sqlite, revision_of, rows, run

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.errors import (
    ReferenceViolation,
)


class TestChangingTables:
    """What SQLite does in its own way: it changes a table by making it anew."""

    WIDER = "with op.batch_alter_table('garden_bed') as batch:\n    batch.alter_column('number', type_=sa.Unicode(99))"

    @pytest.fixture
    def storage(self, tmp_path: Path, folder: Path) -> Iterator[SqlStorage]:
        with on_sqlite(tmp_path, garden(folder)) as made:
            made.migrations.write("first")
            made.create()
            run(made, "INSERT INTO garden_bed (id, number, area) VALUES (1, '1a', 0)")
            run(
                made,
                "INSERT INTO garden_plant (id, bed_id, name) VALUES ('0198a0de00007000800000000000000a', 1, 'Rose')",
            )
            yield made

    def test_keeps_rows_that_refer_to_a_table_made_anew(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", self.WIDER)

        storage.migrations.upgrade()

        assert rows(storage, "SELECT bed_id, name FROM garden_plant") == [(1, "Rose")]

    def test_minds_foreign_keys_again_afterwards(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", self.WIDER)
        storage.migrations.upgrade()

        with pytest.raises(sa.exc.IntegrityError):
            run(storage, "DELETE FROM garden_bed")

    def test_undoes_a_migration_that_leaves_rows_referring_to_nothing(self, storage: SqlStorage, folder: Path) -> None:
        write_revision(folder, "0002", "0001", f"{self.WIDER}\nop.execute('DELETE FROM garden_bed')")

        with pytest.raises(ReferenceViolation, match="row of garden_plant refers to a row of garden_bed"):
            storage.migrations.upgrade()

        assert rows(storage, "SELECT id FROM garden_bed") == [(1,)]
        assert revision_of(storage) == "0001"
