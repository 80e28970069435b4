from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import LINUX, VERSION_2022, Answer, server_with
from tests.unit.testing.database.mssql.test_migrating import Source

from corelib.errors import InvalidSetting
from corelib.testing.database.errors import CannotClone, CannotReset
from corelib.testing.database.mssql.backup_restore import BackupRestoreCloner
from corelib.testing.database.mssql.choose import Choice, choice_for, choose_cleaner, choose_cloner
from corelib.testing.database.mssql.cleaner import MssqlCleaner
from corelib.testing.database.mssql.facts import PROPERTIES, RIGHTS
from corelib.testing.database.mssql.migrating import MigratingCloner
from corelib.testing.database.settings import ResetBy

AZURE: Answer = [(*VERSION_2022, *LINUX, 5, 0)]
POWERLESS: Answer = [(0, 0, 0, "test]er")]


class TestChooseCloner:
    def test_takes_backup_and_restore_where_it_can(self) -> None:
        server, _ = server_with({})

        assert isinstance(choose_cloner(server, Source(), None), BackupRestoreCloner)

    def test_takes_migrations_where_it_must(self) -> None:
        server, _ = server_with({PROPERTIES: AZURE})

        cloner = choose_cloner(server, Source(), None)

        assert isinstance(cloner, MigratingCloner)
        assert cloner.label == "migrations for each clone (Azure SQL Database has no BACKUP)"


class TestChooseCleaner:
    def test_deletes_if_told(self) -> None:
        server, _ = server_with({})

        assert choose_cleaner(server, ResetBy.DELETE) is MssqlCleaner

    def test_makes_no_other_choice_for_a_server_without_snapshots(self) -> None:
        server, _ = server_with({PROPERTIES: AZURE})

        with pytest.raises(CannotReset, match="by a database snapshot, which takes RESTORE, but Azure SQL Database"):
            choose_cleaner(server, ResetBy.SNAPSHOT)("mssql://testhost/shop")


class TestChoiceFor:
    class WhenTheServerCanBackUp:
        @pytest.mark.parametrize(
            ("told", "choice"),
            [
                (None, Choice("backup", "the server can back up and restore")),
                ("backup", Choice("backup", "as told")),
                ("migrate", Choice("migrate", "as told")),
            ],
        )
        def test_takes_what_is_told_and_else_the_quicker_one(self, told: str | None, choice: Choice) -> None:
            server, _ = server_with({})

            assert choice_for(server.facts(), told) == choice

    class WhenTheServerCannotBackUp:
        def test_refuses_to_be_told_otherwise(self) -> None:
            server, _ = server_with({PROPERTIES: AZURE})

            with pytest.raises(CannotClone, match=r"but Azure SQL Database has no BACKUP\. Take migrate"):
                choice_for(server.facts(), "backup")

    class WhenTheLoginMayNotMakeDatabases:
        @pytest.mark.parametrize("told", [None, "backup", "migrate"])
        def test_says_what_to_grant(self, told: str | None) -> None:
            server, _ = server_with({RIGHTS: POWERLESS})

            with pytest.raises(CannotClone) as refused:
                choice_for(server.facts(), told)

            assert "The login test]er may not make databases" in refused.value.message
            assert refused.value.hint.endswith("GRANT CREATE ANY DATABASE TO [test]]er]")

    class WhenSomethingElseIsTold:
        def test_says_what_there_is(self) -> None:
            server, _ = server_with({})

            with pytest.raises(InvalidSetting, match="Take backup or migrate"):
                choice_for(server.facts(), "copy")
