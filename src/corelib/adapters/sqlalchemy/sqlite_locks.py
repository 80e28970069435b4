"""Locks as files beside an SQLite database, for processes of one machine."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from corelib.domain.lock import LockRequest
from corelib.errors import DatabaseMissing

PRIMARY = 0xFF


class LockFile:
    """Keeps the contract of `corelib.adapters.sqlalchemy.lock_sessions.LockSession`.

    The lock is an exclusive transaction in an empty SQLite file of its own. SQLite rests it on a lock of the operating
    system, which ends with the process that holds it. The file stays behind, one for each name: to remove one that
    somebody may just have opened would let two hold the lock.

    Nobody may open the file but through SQLite: closing it elsewhere in the process would release the lock, as POSIX
    has it (SQLite: "How To Corrupt An SQLite Database File", section 2.2).

    Args:
        folder: of the lock files; made when it is needed.
        request: the lock.
    """

    def __init__(self, folder: Path, request: LockRequest) -> None:
        self._file = folder / f"{request.digest(16).hex()}.lock"
        self._note = self._file.with_suffix(".owner")
        self._request = request
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def acquire(self) -> bool:
        """Wait for the lock and return whether it was granted in time; then note the owner for others."""
        until = time.monotonic() + self._request.timeout.total_seconds()
        try:
            self._file.parent.mkdir(exist_ok=True)
            while self._identity is None:
                if not self._begin(max(0.0, until - time.monotonic())):
                    return False
        except (OSError, sqlite3.Error) as error:
            raise DatabaseMissing(
                f"The lock {self._request.name!r} needs the file {self._file}, which cannot be used: {error}.",
                hint="Make its folder writable.",
            ) from error
        with suppress(OSError):
            self._note.write_text(self._request.owner, encoding="utf-8", errors="replace")
        return True

    def holder(self) -> str | None:
        """Return what the holder has noted beside the file."""
        with suppress(OSError, UnicodeError):
            return self._note.read_text(encoding="utf-8") or None
        return None

    def is_held(self) -> bool:
        """Return whether the file is still there; another one of that name would be another lock."""
        with suppress(OSError):
            return self._identity is not None and self._identity == self._found()
        return False

    def release(self) -> bool:
        """Take the note away and end the transaction."""
        held = self.is_held()
        if held:
            with suppress(OSError):
                self._note.unlink(missing_ok=True)
        self.close()
        return held

    def close(self) -> None:
        """Close the file."""
        connection, self._connection, self._identity = self._connection, None, None
        if connection is not None:
            connection.close()

    def _begin(self, seconds: float) -> bool:
        """Lock the file, or return that others have it; if it was replaced meanwhile, `_identity` stays None."""
        self._connection = sqlite3.connect(self._file, timeout=seconds, isolation_level=None, check_same_thread=False)
        opened = self._found()
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self.close()
            if opened and opened == self._found():
                if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY:
                    raise
                return False
        else:
            self._identity = opened if opened == self._found() else None
        if self._identity is None:
            self.close()
        return True

    def _found(self) -> tuple[int, int] | None:
        """Return what tells the file that has the name now from others, None if there is none."""
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino
