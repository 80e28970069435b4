from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from corelib.errors import InvalidSetting
from corelib.testing.database.sources import (
    AlembicSource,
    SchemaObjectSource,
    ScriptsSource,
    SeededSource,
    source_named,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "alembic.ini").touch()
    return tmp_path


class TestSourceNamed:
    def test_takes_a_file_ini_for_alembics(self, project: Path) -> None:
        assert source_named("backend/alembic.ini", root=project) == AlembicSource(project / "backend" / "alembic.ini")

    def test_takes_a_folder_for_scripts(self, project: Path) -> None:
        assert source_named("backend", root=project) == ScriptsSource(project / "backend")

    def test_takes_a_path_that_is_absolute(self, project: Path) -> None:
        assert source_named(str(project / "backend")) == ScriptsSource(project / "backend")

    def test_takes_a_module_and_a_name_for_a_schema(self, project: Path) -> None:
        assert source_named(" shop.tables:schema ", root=project) == SchemaObjectSource("shop.tables:schema")

    def test_adds_seed_data(self, project: Path) -> None:
        source = source_named("backend", "shop.seed:fill", project)

        assert source == SeededSource(ScriptsSource(project / "backend"), "shop.seed:fill")

    @pytest.mark.parametrize(
        "text", ["", "alembic.ini", "nowhere", "shop.tables", "shop/tables:schema", "shop:", ":schema"]
    )
    def test_refuses_anything_else(self, project: Path, text: str) -> None:
        with pytest.raises(InvalidSetting, match="corelib_migrations names") as refused:
            source_named(text, root=project)

        assert "Name the alembic.ini, a folder" in str(refused.value)
