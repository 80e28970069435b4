"""Clones by running the migrations for each, where a server cannot copy."""

from __future__ import annotations

from contextlib import suppress

from corelib.errors import CorelibError, PersistentFailure
from corelib.testing.database.mssql.server import MssqlServer, require_online
from corelib.testing.database.ports.schema_source import SchemaSource


class MigratingCloner:
    """Keeps the contract of `corelib.testing.database.ports.cloner.Cloner`; slow, and possible everywhere.

    Of the template only what it was built from is needed; that it is there shows that this can be built.

    Args:
        server: where the clones are made.
        source: builds them.
        reason: why nothing better was chosen, a clause for reports.
    """

    def __init__(self, server: MssqlServer, source: SchemaSource, reason: str = "") -> None:
        self._server = server
        self._source = source
        self._reason = reason

    @property
    def label(self) -> str:
        """Return a few words, with the reason."""
        return "migrations for each clone" + (f" ({self._reason})" if self._reason else "")

    def prepare(self, build: str, template: str) -> None:
        """Do nothing: there is nothing that clones share."""

    def is_prepared(self, template: str) -> bool:  # noqa: ARG002 - as the port has it
        """Return True: nothing has to be there."""
        return True

    def clone(self, template: str, name: str) -> None:
        """Make an empty database, and build in it what the template was built from."""
        if self._server.state(template) is None:
            raise PersistentFailure(f"There is no template {template}.", hint="Make the template anew: --db-rebuild.")
        self._server.create(name)
        try:
            self._source.build(self._server.url(name))
            require_online(self._server, name)
        except BaseException:
            with suppress(CorelibError):  # the error that made it necessary is the one to tell
                self._server.drop(name)
            raise

    def discard(self, template: str) -> None:
        """Do nothing: nothing was prepared."""
