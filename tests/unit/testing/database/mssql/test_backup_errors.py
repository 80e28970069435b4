from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted import refusal

from corelib.errors import (
    AlreadyExists,
    ConfigurationError,
    CorelibError,
    PermissionDenied,
    PersistentFailure,
    StorageFull,
)
from corelib.testing.database.mssql.backup_errors import explained, explaining, is_missing

PATH = "/var/opt/mssql/backup/shop_t_1.bak"
TERMINATED = (3013, "RESTORE DATABASE is terminating abnormally.")
NOT_FOUND = (3201, f"Cannot open backup device '{PATH}'. Operating system error 2(The system cannot find the file).")
NO_FOLDER = (3201, f"Cannot open backup device '{PATH}'. Operating system error 3(The system cannot find the path).")
DENIED = (3201, f"Cannot open backup device '{PATH}'. Operating system error 5(Access is denied.).")
FULL_DISK = (3202, f'Write on "{PATH}" failed: 112(There is not enough space on the disk.)')
NO_ROOM = (3257, "There is insufficient free space on disk volume '/var/opt' to create the database.")
GROW = (5149, "MODIFY FILE encountered operating system error 112(There is not enough space on the disk.).")
FOLDER_DENIED = (
    3634,
    "The operating system returned the error '5(Access is denied.)' while attempting 'Create' on '/d'.",
)
LOOKUP_DENIED = (5133, 'Directory lookup for the file "/d/x.mdf" failed with the operating system error 5(Denied.).')
LOOKUP_FAILED = (5133, 'Directory lookup for the file "/d/x.mdf" failed with the operating system error 3(Path).')
OTHER_DATABASE = (3154, "The backup set holds a backup of a database other than the existing 'shop' database.")
OCCUPIED = (1834, "The file '/d/x.mdf' cannot be overwritten. It is being used by database 'other'.")
INCOMPLETE = (3256, f"The backup set on device '{PATH}' was terminated while it was being created.")
BROKEN = (3241, f"The media family on device '{PATH}' is incorrectly formed.")
UNRELATED = (3117, "The log cannot be restored because no files are ready to rollforward.")


def explanation(*errors: tuple[int, str]) -> CorelibError:
    return explained(refusal(*errors, TERMINATED), "Restoring shop_c_1", PATH)


class TestExplained:
    @pytest.mark.parametrize(
        "error", [FULL_DISK, NO_ROOM, GROW, (1105, "No space."), (9002, "The log is full.")], ids=lambda error: error[0]
    )
    def test_says_that_a_disk_is_full(self, error: tuple[int, str]) -> None:
        known = explanation(error)

        assert isinstance(known, StorageFull)
        assert str(known).startswith("Restoring shop_c_1 failed, a disk of the server is full")

    @pytest.mark.parametrize(
        ("error", "place"),
        [(DENIED, PATH), (FOLDER_DENIED, "/d"), (LOOKUP_DENIED, "/d/x.mdf")],
        ids=["backup", "create", "lookup"],
    )
    def test_says_which_folder_the_server_may_not_use(self, error: tuple[int, str], place: str) -> None:
        known = explanation(error)

        assert isinstance(known, PermissionDenied)
        assert f"may not use {place}." in known.message
        assert "Give it the right to read and write in that folder" in known.hint

    @pytest.mark.parametrize(("error", "place"), [(NO_FOLDER, PATH), (LOOKUP_FAILED, "/d/x.mdf")])
    def test_says_which_folder_there_is_not(self, error: tuple[int, str], place: str) -> None:
        known = explanation(error)

        assert type(known) is ConfigurationError
        assert f"no folder for {place}." in known.message

    def test_says_that_a_database_is_in_the_way(self) -> None:
        assert isinstance(explanation(OTHER_DATABASE), AlreadyExists)

    def test_says_that_a_file_is_in_the_way(self) -> None:
        known = explanation(OCCUPIED)

        assert "one of its files is there already" in known.message
        assert "It is being used by database 'other'" in known.message

    @pytest.mark.parametrize("error", [NOT_FOUND, INCOMPLETE, BROKEN], ids=["missing", "not whole", "broken"])
    def test_says_that_the_backup_is_of_no_use(self, error: tuple[int, str]) -> None:
        known = explanation(error)

        assert type(known) is PersistentFailure
        assert f"the backup {PATH} cannot be read" in known.message
        assert "--db-rebuild" in known.hint

    def test_leaves_any_other_error_as_it_is(self) -> None:
        error = refusal(UNRELATED, TERMINATED)

        assert explained(error, "Restoring shop_c_1", PATH) is error


class TestExplaining:
    def test_chains_the_error_that_it_explains(self) -> None:
        error = refusal(NO_ROOM, TERMINATED)

        with pytest.raises(StorageFull) as raised, explaining("Restoring shop_c_1", PATH):
            raise error

        assert raised.value.__cause__ is error

    def test_hands_on_what_it_cannot_explain(self) -> None:
        error = refusal(UNRELATED)

        with pytest.raises(PersistentFailure) as raised, explaining("Restoring shop_c_1", PATH):
            raise error

        assert raised.value is error

    def test_leaves_errors_of_others_alone(self) -> None:
        with pytest.raises(ZeroDivisionError), explaining("Restoring shop_c_1", PATH):
            _ = 1 / 0


class TestIsMissing:
    @pytest.mark.parametrize("error", [NOT_FOUND, NO_FOLDER, INCOMPLETE, BROKEN])
    def test_is_true_of_a_backup_that_cannot_be_used(self, error: tuple[int, str]) -> None:
        assert is_missing(refusal(error, TERMINATED))

    @pytest.mark.parametrize("error", [DENIED, LOOKUP_FAILED, UNRELATED])
    def test_is_false_of_any_other_failure(self, error: tuple[int, str]) -> None:
        assert not is_missing(refusal(error, TERMINATED))
