from __future__ import annotations

import errno
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.adapters.standard import FolderObjectStorage
from corelib.adapters.standard.object_names import path_of, segment_of
from corelib.domain.stored_object import check_key
from corelib.errors import InvalidSetting, NotFound, PermissionDenied, StorageFull

segments = st.from_regex(r"[A-Za-z0-9_-]([A-Za-z0-9._-]{0,10}[A-Za-z0-9_-])?", fullmatch=True)
keys = st.lists(segments, min_size=1, max_size=4).map("/".join)


class Failing(BytesIO):
    """A source that fails as the operating system does."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(self._number, "so says the operating system")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(folder: Path) -> FolderObjectStorage:
    return FolderObjectStorage(folder)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestPathOf:
    class WhenKeysDiffer:
        @given(keys)
        def test_gives_files_that_differ_also_where_case_does_not_count(self, key: str) -> None:
            alike = {key, key.swapcase(), key.lower(), key.title()}

            paths = {str(path_of(each)).lower() for each in alike}

            assert len(paths) == len(alike)

        @given(keys, keys)
        def test_never_takes_the_folder_of_one_for_the_file_of_another(self, key: str, other: str) -> None:
            assert path_of(key) not in path_of(other).parents

    class WhenAKeyIsAllowed:
        @given(keys)
        def test_can_be_read_back(self, key: str) -> None:
            *parents, name = path_of(key).parts

            check_key(key)
            read = [segment_of(parent, folder=True) for parent in parents] + [segment_of(name, folder=False)]
            assert read == key.split("/")

        @given(keys)
        def test_gives_names_that_fit_and_stay_within_the_folder(self, key: str) -> None:
            path = path_of(key)

            assert not path.is_absolute()
            assert not {"..", "."} & set(path.parts)
            assert all(len(part) <= 255 for part in path.parts)


class TestFolderObjectStorage:
    class WhenThereIsNoFolder:
        def test_has_no_objects(self, objects: FolderObjectStorage, folder: Path) -> None:
            assert objects.list() == []
            assert not folder.exists()

        def test_makes_it_with_the_first_object(self, objects: FolderObjectStorage, folder: Path) -> None:
            objects.put("a", b"hello")

            assert folder.is_dir()

    class WhenAPutIsDone:
        def test_leaves_one_file_and_nothing_temporary(self, objects: FolderObjectStorage, folder: Path) -> None:
            objects.put("a/b", b"hello")

            assert files(folder) == [folder / "d+a" / "o+b"]

    class WhenAPutFails:
        def test_leaves_nothing_temporary(self, objects: FolderObjectStorage, folder: Path) -> None:
            with pytest.raises(StorageFull):
                objects.put("a/b", Failing(errno.ENOSPC))

            assert files(folder) == []

        @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
        def test_says_that_there_is_no_room(self, objects: FolderObjectStorage, number: int) -> None:
            with pytest.raises(StorageFull, match="no room left"):
                objects.put("a", Failing(number))

        @pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
        def test_says_that_a_right_is_missing(self, objects: FolderObjectStorage, number: int) -> None:
            with pytest.raises(PermissionDenied, match="refuses this process"):
                objects.put("a", Failing(number))

        def test_lets_other_errors_pass(self, objects: FolderObjectStorage) -> None:
            with pytest.raises(OSError, match="so says the operating system"):
                objects.put("a", Failing(errno.EIO))

    class WhenTheLastObjectOfAFolderIsRemoved:
        def test_removes_the_folders_too(self, objects: FolderObjectStorage, folder: Path) -> None:
            objects.put("a/b/c", b"hello")
            objects.put("a/d", b"hello")

            objects.delete("a/b/c")

            assert not (folder / "d+a" / "d+b").exists()
            assert objects.exists("a/d")

    class WhenSomebodyElseHasPutFilesThere:
        def test_takes_no_notice_of_them(self, objects: FolderObjectStorage, folder: Path) -> None:
            objects.put("a", b"hello")
            (folder / "README").write_text("not ours", encoding="utf-8")
            (folder / "notes").mkdir()

            assert [info.key for info in objects.list()] == ["a"]

        def test_follows_no_link_out_of_the_folder(
            self, objects: FolderObjectStorage, folder: Path, tmp_path: Path
        ) -> None:
            FolderObjectStorage(tmp_path / "elsewhere").put("secret", b"hello")
            folder.mkdir()
            (folder / "d+a").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

            assert objects.list() == []

    class WhenAUrlIsAskedFor:
        def test_says_that_there_are_none(self, objects: FolderObjectStorage) -> None:
            with pytest.raises(InvalidSetting, match="objects in a folder have none"):
                objects.presigned_url("a", expires=timedelta(hours=1))

    class WhenAnotherProcessLooks:
        def test_finds_the_object(self, objects: FolderObjectStorage, folder: Path) -> None:
            put = objects.put("a", b"hello", metadata={"order": "1"})

            found = FolderObjectStorage(folder).info("a")

            assert found == put

    class WhenAnObjectIsMissing:
        def test_chains_what_the_operating_system_said(self, objects: FolderObjectStorage) -> None:
            with pytest.raises(NotFound) as refused:
                objects.get("a")

            assert isinstance(refused.value.__cause__, FileNotFoundError)
