from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import (
    CorelibError,
    DatabaseMissing,
    PermissionDenied,
    PersistentFailure,
    ReadOnlyStore,
    StorageFull,
)
from corelib.testing.database.sqlite.files import translated_files

FILE = Path("orders.sqlite")


class TestTranslatedFiles:
    @pytest.mark.parametrize(
        ("number", "kind"),
        [
            (errno.ENOSPC, StorageFull),
            (errno.EDQUOT, StorageFull),
            (errno.EACCES, PermissionDenied),
            (errno.EPERM, PermissionDenied),
            (errno.EROFS, ReadOnlyStore),
            (errno.ENOENT, DatabaseMissing),
            (errno.ENOTDIR, DatabaseMissing),
            (errno.EIO, PersistentFailure),
        ],
    )
    def test_says_what_an_error_of_the_system_means(self, number: int, kind: type[CorelibError]) -> None:
        with pytest.raises(kind, match=r"orders\.sqlite") as raised, translated_files(FILE):
            raise OSError(number, os.strerror(number))

        assert type(raised.value) is kind
        assert raised.value.hint
