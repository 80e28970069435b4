"""Clones by a copy of the file."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

from corelib.errors import AlreadyExists
from corelib.testing.database.sqlite.files import DatabaseFiles, translated_files
from corelib.testing.database.sqlite.server import SqliteServer


class SqliteCloner:
    """Keeps the contract of `corelib.testing.database.ports.cloner.Cloner`.

    The copy has another name until it is whole, so that nobody sees half of a database; a process that is killed
    meanwhile leaves that file, which goes when a database of its name is dropped.

    Args:
        server: whose folder has the templates.
    """

    def __init__(self, server: SqliteServer) -> None:
        self._server = server

    @property
    def label(self) -> str:
        """Return what is done."""
        return "copy of the file"

    def prepare(self, build: str, template: str) -> None:
        """Do nothing: the template itself is all that a clone is made from."""

    def is_prepared(self, template: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return that nothing is missing."""
        return True

    def clone(self, template: str, name: str) -> None:
        """Copy the bytes; if somebody has the template open, or did not close it, let SQLite itself read it."""
        source, target = self._server.files(template), self._server.files(name)
        source.require()
        if target.main.exists():
            raise _already_exists(target)
        with translated_files(target.main):
            _reserve(target)
            try:
                _copy(source, target)
                target.part.replace(target.main)
            except BaseException:
                target.remove_part()
                raise

    def discard(self, template: str) -> None:
        """Do nothing: nothing was prepared."""


def _reserve(target: DatabaseFiles) -> None:
    """Make the part; whoever else makes a clone of this name is refused from now on."""
    try:
        target.part.touch(exist_ok=False)
    except FileExistsError as error:
        raise _already_exists(target) from error


def _copy(source: DatabaseFiles, target: DatabaseFiles) -> None:
    if source.is_whole:
        shutil.copyfile(source.main, target.part)
        return
    with closing(sqlite3.connect(source.main)) as origin, closing(sqlite3.connect(target.part)) as copy:
        origin.backup(copy)


def _already_exists(files: DatabaseFiles) -> AlreadyExists:
    return AlreadyExists(
        f"There is a database file {files.main} already, or another process is making it.",
        hint="Drop it, or take another name.",
    )
