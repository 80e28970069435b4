from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import (
    ENTERPRISE,
    LINUX,
    VERSION_2022,
    Answer,
    ScriptedConsole,
    Then,
    refusal,
    server_with,
)

from corelib.errors import AlreadyExists, PermissionDenied, PersistentFailure, StorageFull, TransientFailure
from corelib.testing.database.mssql.backup_restore import BackupRestoreCloner
from corelib.testing.database.mssql.facts import PROPERTIES

PATH = "/var/opt/mssql/backup/shop_t_1.bak"
STATE, FILE_LIST, FILES = "SELECT state_desc", "FILELISTONLY", "SELECT name, state_desc"
ONLINE: Answer = [("ONLINE", False)]
NO_DATABASE: Answer = []
LISTED: Answer = [
    ("shop", "/old/shop.mdf", "D", "PRIMARY", 8, 9, 1, 0, None),
    ("shop_log", "/old/shop_log.ldf", "L", None, 8, 9, 2, 0, 0),
    ("gone", "/old/gone.ndf", "D", "PRIMARY", 8, 9, 3, 0, 36000000017600001),
]
THERE: Answer = [("shop", "ONLINE"), ("shop_log", "ONLINE")]
RESTORED: Mapping[str, Answer | Then] = {STATE: Then([NO_DATABASE, ONLINE]), FILE_LIST: LISTED, FILES: THERE}
TERMINATED = (3013, "RESTORE DATABASE is terminating abnormally.")
NOT_FOUND = (3201, f"Cannot open backup device '{PATH}'. Operating system error 2(The system cannot find the file).")
DENIED = (3201, f"Cannot open backup device '{PATH}'. Operating system error 5(Access is denied.).")
NO_ROOM = (3257, "There is insufficient free space on disk volume '/var/opt' to create the database.")
BUSY = (1807, "Could not obtain exclusive lock on database 'model'.")


def cloner_with(answers: Mapping[str, Answer | Then]) -> tuple[BackupRestoreCloner, ScriptedConsole]:
    server, console = server_with(answers)
    server.facts()
    console.ran.clear()
    return BackupRestoreCloner(server), console


class TestBackupRestoreCloner:
    def test_has_a_label(self) -> None:
        cloner, _ = cloner_with({})

        assert cloner.label == "BACKUP/RESTORE"

    class WhenATemplateIsPrepared:
        def test_backs_up_what_is_durable_and_reads_it_through(self) -> None:
            cloner, console = cloner_with({})

            cloner.prepare("shop_b_1", "shop_t_1")

            assert [(text.split(" TO ")[0].split(" FROM ")[0], database) for text, database in console.ran] == [
                ("EXEC sys.sp_flush_log", "shop_b_1"),
                ("BACKUP DATABASE [shop_b_1]", "master"),
                ("RESTORE VERIFYONLY", "master"),
            ]

        def test_names_the_file_after_the_template(self) -> None:
            cloner, console = cloner_with({})

            cloner.prepare("shop_b_1", "shop_t_1")

            assert all(PATH in text for text in console.texts("BACKUP", "RESTORE"))

        @pytest.mark.parametrize(("edition", "compressed"), [("Developer Edition", True), ("Express Edition", False)])
        def test_compresses_where_the_edition_can(self, edition: str, compressed: bool) -> None:
            properties = (VERSION_2022[0], edition, VERSION_2022[2], *LINUX, *ENTERPRISE)
            cloner, console = cloner_with({PROPERTIES: [properties]})

            cloner.prepare("shop_b_1", "shop_t_1")

            assert ("COMPRESSION" in console.texts("BACKUP")[0]) is compressed

        def test_leaves_the_folder_to_a_server_that_does_not_tell_it(self) -> None:
            properties = (*VERSION_2022, LINUX[0], LINUX[1], None, *ENTERPRISE)
            cloner, console = cloner_with({PROPERTIES: [properties]})

            cloner.prepare("shop_b_1", "shop_t_1")

            assert "TO DISK = N'shop_t_1.bak'" in console.texts("BACKUP")[0]

        def test_says_which_folder_the_server_may_not_write(self) -> None:
            cloner, _ = cloner_with({"BACKUP": refusal(DENIED, TERMINATED)})

            with pytest.raises(PermissionDenied, match=f"Backing up shop_b_1 failed: .* may not use {PATH}"):
                cloner.prepare("shop_b_1", "shop_t_1")

        def test_fails_if_the_backup_is_damaged(self) -> None:
            cloner, _ = cloner_with({"VERIFYONLY": refusal((3189, "Damage to the backup set was detected."))})

            with pytest.raises(PersistentFailure, match="Damage to the backup set"):
                cloner.prepare("shop_b_1", "shop_t_1")

    class WhenItIsAskedForABackup:
        def test_finds_it(self) -> None:
            cloner, _ = cloner_with({FILE_LIST: LISTED})

            assert cloner.is_prepared("shop_t_1")

        @pytest.mark.parametrize("error", [NOT_FOUND, (3241, "The media family is incorrectly formed.")])
        def test_finds_none(self, error: tuple[int, str]) -> None:
            cloner, _ = cloner_with({FILE_LIST: refusal(error, TERMINATED)})

            assert not cloner.is_prepared("shop_t_1")

        def test_does_not_take_a_locked_folder_for_an_empty_one(self) -> None:
            cloner, _ = cloner_with({FILE_LIST: refusal(DENIED, TERMINATED)})

            with pytest.raises(PermissionDenied):
                cloner.is_prepared("shop_t_1")

    class WhenACloneIsMade:
        def test_looks_lists_restores_and_verifies(self) -> None:
            cloner, console = cloner_with(RESTORED)

            cloner.clone("shop_t_1", "shop_c_1")

            kinds = ("SELECT state_desc", "RESTORE FILELISTONLY", "RESTORE DATABASE [shop_c_1]", "SELECT name")
            assert [next(kind for kind in kinds if text.startswith(kind)) for text in console.texts()] == [
                "SELECT state_desc",
                "RESTORE FILELISTONLY",
                "RESTORE DATABASE [shop_c_1]",
                "SELECT state_desc",
                "SELECT name",
            ]

        def test_moves_every_file(self) -> None:
            cloner, console = cloner_with(RESTORED)

            cloner.clone("shop_t_1", "shop_c_1")

            text = console.texts("RESTORE DATABASE")[0]
            assert "MOVE N'shop' TO N'/var/opt/mssql/data/shop_c_1_1.mdf'" in text
            assert "MOVE N'shop_log' TO N'/var/opt/mssql/log/shop_c_1_2.ldf'" in text
            assert "MOVE N'gone' TO N'/var/opt/mssql/data/shop_c_1_3.ndf'" in text

        def test_waits_for_others_who_make_one(self) -> None:
            cloner, console = cloner_with({**RESTORED, "RESTORE DATABASE": Then([refusal(BUSY), []])})

            cloner.clone("shop_t_1", "shop_c_1")

            assert len(console.texts("RESTORE DATABASE")) == 2

    class WhenThereIsADatabaseOfThatName:
        def test_touches_nothing(self) -> None:
            cloner, console = cloner_with({STATE: ONLINE})

            with pytest.raises(AlreadyExists):
                cloner.clone("shop_t_1", "shop_c_1")

            assert console.texts("RESTORE", "ALTER", "DROP") == []

        @pytest.mark.parametrize("number", [1801, 3101, 3141, 3154, 3159])
        def test_does_not_drop_what_somebody_else_has_just_made(self, number: int) -> None:
            met = refusal((number, "There is one."), TERMINATED)
            cloner, console = cloner_with({**RESTORED, "RESTORE DATABASE": met})

            with pytest.raises(AlreadyExists):
                cloner.clone("shop_t_1", "shop_c_1")

            assert console.texts("ALTER", "DROP") == []

    class WhenTheRestoreFails:
        def test_drops_what_is_half_restored(self) -> None:
            cloner, console = cloner_with(
                {
                    STATE: Then([NO_DATABASE, [("RESTORING", False)]]),
                    FILE_LIST: LISTED,
                    "RESTORE DATABASE": refusal(NO_ROOM, TERMINATED),
                }
            )

            with pytest.raises(StorageFull, match="Restoring shop_c_1 failed, a disk of the server is full"):
                cloner.clone("shop_t_1", "shop_c_1")

            assert console.texts("ALTER", "DROP") == ["DROP DATABASE [shop_c_1]"]

        def test_tells_the_first_error_if_the_drop_fails_too(self) -> None:
            cloner, _ = cloner_with(
                {
                    STATE: Then([NO_DATABASE, [("RESTORING", False)]]),
                    FILE_LIST: LISTED,
                    "RESTORE DATABASE": TransientFailure("The connection to the database was lost."),
                    "DROP": TransientFailure("The server is shutting down."),
                }
            )

            with pytest.raises(TransientFailure, match="connection to the database was lost"):
                cloner.clone("shop_t_1", "shop_c_1")

    class WhenThereIsNoBackup:
        def test_says_so_and_drops_nothing(self) -> None:
            cloner, console = cloner_with({STATE: NO_DATABASE, FILE_LIST: refusal(NOT_FOUND, TERMINATED)})

            with pytest.raises(PersistentFailure, match=f"the backup {PATH} cannot be read"):
                cloner.clone("shop_t_1", "shop_c_1")

            assert console.texts("RESTORE DATABASE", "DROP") == []

    class WhenTheCloneIsNotWhole:
        def test_refuses_one_that_is_not_online(self) -> None:
            broken: Answer = [("RECOVERY_PENDING", False)]
            cloner, console = cloner_with({**RESTORED, STATE: Then([NO_DATABASE, broken])})

            with pytest.raises(PersistentFailure, match="shop_c_1 is RECOVERY_PENDING instead of ONLINE"):
                cloner.clone("shop_t_1", "shop_c_1")

            assert console.texts("DROP") == ["DROP DATABASE [shop_c_1]"]

        def test_refuses_one_that_lacks_files(self) -> None:
            files: Answer = [("shop", "ONLINE"), ("shop_log", "RECOVERY_PENDING")]
            cloner, console = cloner_with({**RESTORED, FILES: files})

            with pytest.raises(PersistentFailure, match="these of its files are not online: shop_log"):
                cloner.clone("shop_t_1", "shop_c_1")

            assert len(console.texts("ALTER DATABASE [shop_c_1] SET SINGLE_USER")) == 1

    class WhenABackupIsDiscarded:
        def test_deletes_the_file_with_what_the_server_has_for_it(self) -> None:
            cloner, console = cloner_with({})

            cloner.discard("shop_t_1")

            assert f"EXEC master.sys.xp_delete_files N'{PATH}'" in console.texts()[0]

        def test_leaves_it_where_the_login_may_not(self) -> None:
            cloner, console = cloner_with({"xp_delete_files": refusal((22049, "You may not."))})

            cloner.discard("shop_t_1")

            assert len(console.ran) == 1

        def test_leaves_it_where_the_folder_is_unknown(self) -> None:
            cloner, console = cloner_with({PROPERTIES: [(*VERSION_2022, LINUX[0], LINUX[1], None, *ENTERPRISE)]})

            cloner.discard("shop_t_1")

            assert console.ran == []
