"""Where the tables of a template come from."""

from __future__ import annotations

from typing import Protocol


class SchemaSource(Protocol):
    """Builds the tables of a host, and their reference data, in an empty database."""

    @property
    def label(self) -> str:
        """Return a few words for reports, as `alembic.ini`."""
        ...

    def fingerprint(self) -> str:
        """Return a hexadecimal digest of all that decides what `build` makes: migrations, seed data, their settings.

        Equal inputs give equal digests on every machine; the server's part is added by the kit.

        Raises:
            ConfigurationError: if the sources cannot be found or read.
        """
        ...

    def build(self, url: str) -> None:
        """Make the tables and the reference data in the empty database at this URL, and leave no connection open.

        Raises:
            CorelibError: if it fails; the database is thrown away then. Other errors are wrapped by the kit.
        """
        ...
