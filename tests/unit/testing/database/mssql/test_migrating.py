from __future__ import annotations

import pytest
from attrs import define, field

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import Answer, Then, refusal, server_with

from corelib.errors import AlreadyExists, MigrationFailed, PersistentFailure
from corelib.testing.database.mssql.migrating import MigratingCloner

STATE = "SELECT state_desc"
ONLINE: Answer = [("ONLINE", False)]
GONE: Answer = []


@define
class Source:
    """Notes what it was to build, and fails if it is told to."""

    error: Exception | None = None
    built: list[str] = field(factory=list)

    label = "alembic.ini"

    def fingerprint(self) -> str:
        return "f00d"

    def build(self, url: str) -> None:
        self.built.append(url)
        if self.error is not None:
            raise self.error


class TestMigratingCloner:
    def test_has_a_label_with_the_reason(self) -> None:
        server, _ = server_with({})

        cloner = MigratingCloner(server, Source(), "Azure SQL Managed Instance backs up to a URL only")

        assert cloner.label == "migrations for each clone (Azure SQL Managed Instance backs up to a URL only)"
        assert len(cloner.label) <= 80

    def test_needs_nothing_prepared(self) -> None:
        server, console = server_with({})
        cloner = MigratingCloner(server, Source())

        cloner.prepare("shop_b_1", "shop_t_1")
        cloner.discard("shop_t_1")

        assert cloner.is_prepared("shop_t_1")
        assert cloner.label == "migrations for each clone"
        assert console.ran == []

    class WhenACloneIsMade:
        def test_builds_it_in_a_new_database(self) -> None:
            source = Source()
            server, console = server_with({STATE: ONLINE})

            MigratingCloner(server, source).clone("shop_t_1", "shop_c_1")

            assert console.texts("CREATE") == ["CREATE DATABASE [shop_c_1]"]
            assert source.built == [server.url("shop_c_1")]

    class WhenItFails:
        @pytest.mark.parametrize("error", [MigrationFailed("Revision 0002 failed."), ZeroDivisionError("no of mine")])
        def test_leaves_nothing_behind(self, error: Exception) -> None:
            server, console = server_with({STATE: ONLINE})

            with pytest.raises(type(error), match=str(error)):
                MigratingCloner(server, Source(error)).clone("shop_t_1", "shop_c_1")

            assert len(console.texts("ALTER DATABASE [shop_c_1] SET SINGLE_USER")) == 1

        def test_tells_the_first_error_if_the_drop_fails_too(self) -> None:
            server, _ = server_with({STATE: ONLINE, "SINGLE_USER": refusal((3702, "In use."))})

            with pytest.raises(MigrationFailed):
                MigratingCloner(server, Source(MigrationFailed("No."))).clone("shop_t_1", "shop_c_1")

        def test_refuses_a_database_that_is_not_online(self) -> None:
            server, _ = server_with({STATE: Then([ONLINE, [("SUSPECT", False)], GONE])})

            with pytest.raises(PersistentFailure, match="is SUSPECT"):
                MigratingCloner(server, Source()).clone("shop_t_1", "shop_c_1")

    class WhenThereIsADatabaseOfThatName:
        def test_touches_nothing(self) -> None:
            source = Source()
            server, console = server_with({"CREATE": refusal((1801, "Database exists.")), STATE: ONLINE})

            with pytest.raises(AlreadyExists):
                MigratingCloner(server, source).clone("shop_t_1", "shop_c_1")

            assert (source.built, console.texts("ALTER", "DROP")) == ([], [])

    class WhenThereIsNoSuchTemplate:
        def test_makes_nothing(self) -> None:
            source = Source()
            server, console = server_with({STATE: GONE})

            with pytest.raises(PersistentFailure, match="There is no template shop_t_1"):
                MigratingCloner(server, source).clone("shop_t_1", "shop_c_1")

            assert (source.built, console.texts("CREATE")) == ([], [])
