"""Making databases from a template."""

from __future__ import annotations

from typing import Protocol


class Cloner(Protocol):
    """One way to make a clone; which one is chosen by what the server can do."""

    @property
    def label(self) -> str:
        """Return a few words for reports, as `CREATE DATABASE ... STRATEGY FILE_COPY` or `BACKUP/RESTORE`."""
        ...

    def prepare(self, build: str, template: str) -> None:
        """Do once what all clones need, as a backup; the template still has the name `build`, and is open.

        Args:
            build: its name now.
            template: its name later, by which `clone` will ask for it.
        """
        ...

    def is_prepared(self, template: str) -> bool:
        """Return whether what `prepare` made is still there."""
        ...

    def clone(self, template: str, name: str) -> None:
        """Make a database like the template, and make sure that it is whole and takes connections.

        Several may run at once, for the same template. If it fails, nothing of it is left, as far as the server lets
        that be known.

        Raises:
            AlreadyExists: if there is one of that name.
            StorageFull: if there is no room.
            PersistenceError, ConfigurationError: otherwise.
        """
        ...

    def discard(self, template: str) -> None:
        """Remove what `prepare` made; no error if it is gone."""
        ...
