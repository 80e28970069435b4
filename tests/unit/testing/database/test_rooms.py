from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import InvalidSetting, UnknownScheme
from corelib.testing.database.memory.source import MemorySource
from corelib.testing.database.memory.world import MemoryWorld
from corelib.testing.database.rooms import open_room
from corelib.testing.database.settings import KitSettings

RUN = "0123456789ab"


def opened(url: str, options: Mapping[str, str]) -> None:
    open_room(url, MemorySource(MemoryWorld()), KitSettings(RUN, options=options)).close()


class TestOpenRoom:
    def test_knows_the_engines(self) -> None:
        with pytest.raises(UnknownScheme, match="oracle"):
            opened("oracle://localhost/x", {})

    class WhenAnEngineDoesNotKnowAnOption:
        def test_is_told_by_sql_server_before_it_is_asked(self) -> None:
            pytest.importorskip("pyodbc", exc_type=ImportError)

            with pytest.raises(InvalidSetting, match=r"'timezone': 'UTC' .* on SQL Server"):
                opened("mssql://sa:secret@localhost:1/master?driver=any", {"timezone": "UTC"})

        def test_is_told_by_postgresql_if_it_can_be_no_name(self) -> None:
            pytest.importorskip("psycopg")

            with pytest.raises(InvalidSetting, match=r"'time zone': 'UTC' .* on PostgreSQL"):
                opened("postgresql://localhost:1/postgres", {"time zone": "UTC"})

        def test_is_told_by_sqlite_of_any(self) -> None:
            with pytest.raises(InvalidSetting, match="SQLite keeps no options of a database such as timezone"):
                opened("sqlite:///:memory:", {"timezone": "UTC"})

    class WhenClonesAreToBeResetByASnapshot:
        @pytest.mark.parametrize(
            ("url", "engine"),
            [("postgresql://localhost:1/postgres", "PostgreSQL"), ("sqlite:///{folder}/", "SQLite")],
        )
        def test_refuses_an_engine_without_them_and_names_what_to_take(
            self, url: str, engine: str, tmp_path: Path
        ) -> None:
            with pytest.raises(InvalidSetting, match=rf'which {engine} has not\. Take delete.*reset="clone"'):
                open_room(
                    url.format(folder=tmp_path), MemorySource(MemoryWorld()), KitSettings(RUN, reset_by="snapshot")
                )

            assert list(tmp_path.iterdir()) == []
