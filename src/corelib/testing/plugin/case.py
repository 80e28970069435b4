"""A test and its database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from corelib.testing.database.errors import WrongMode
from corelib.testing.plugin.marking import DatabaseUse, Reset
from corelib.testing.servers.urls import scheme_of, without_password

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from corelib.testing.database.clones import Clone


@define(eq=False)
class OpenDatabase:
    """A clone, and the engine that the tests on it share: new connections for each test would cost more than a reset.

    Args:
        clone: the database.
        program: how the server's lists name the connections.
    """

    clone: Clone
    program: str
    _engine: Engine | None = field(default=None, init=False)

    @property
    def engine(self) -> Engine:
        """Return the engine; its pool has what earlier tests gave back, rolled back."""
        if self._engine is None:
            self._engine = self.new_engine()
        return self._engine

    def new_engine(self) -> Engine:
        """Return an engine that nobody else uses."""
        from corelib.adapters.sqlalchemy import EngineSettings, create_engine  # noqa: PLC0415 - an extra

        return create_engine(EngineSettings(url=self.clone.url, application_name=self.program))

    def disconnect(self) -> None:
        """Close the connections of the pool."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()


@define(eq=False)
class Case:
    """A test that uses a database.

    Args:
        test: its node id.
        use: what its marker says.
        database: the worker's, or its own.
        failed: whether it has.
        is_kept: whether its database lives on.
    """

    test: str
    use: DatabaseUse
    database: OpenDatabase
    failed: bool = False
    is_kept: bool = False

    @property
    def url(self) -> str:
        """Return the URL of the database, with its password.

        Raises:
            WrongMode: if nobody else sees what the test does.
        """
        if self.use.reset is Reset.ROLLBACK:
            raise WrongMode(
                'A URL was asked for in a test with reset="rollback": another connection sees nothing of the test.',
                hint='Use @pytest.mark.db(reset="delete"), or the fixture db_engine.',
            )
        return self.database.clone.url

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Give the engine of the test to the block; what the test listens to on it ends with the test."""
        level = isolation_on(scheme_of(self.database.clone.url), self.use.isolation)
        if self.use.reset is Reset.ROLLBACK:
            from corelib.testing.plugin.rollback import rolled_back  # noqa: PLC0415 - needs SQLAlchemy

            with rolled_back(self.database.new_engine, level) as engine:
                yield engine
        else:
            yield self.database.engine.execution_options(**({"isolation_level": level} if level else {}))

    def kept_text(self) -> str:
        """Return how to look at the database that is kept; no password is in it."""
        clone = self.database.clone
        return f"The database of this test is kept: {clone.name}, at {without_password(clone.url)}"


@frozen
class WorkerDatabase:
    """The database of this worker. After a test that spoiled it, it is another one, so ask anew in each test."""

    _current: Callable[[], OpenDatabase] = field(repr=False)

    @property
    def name(self) -> str:
        """Return its name."""
        return self._current().clone.name

    @property
    def url(self) -> str:
        """Return its URL, with its password."""
        return self._current().clone.url


def isolation_on(engine: str, level: str | None) -> str | None:
    """Return an isolation level as an engine has it.

    SNAPSHOT is REPEATABLE READ on PostgreSQL (PostgreSQL: "Transaction isolation"). On SQLite there is one writer at a
    time, so every level is met.
    """
    if engine == "sqlite":
        return None
    return "REPEATABLE READ" if engine == "postgresql" and level == "SNAPSHOT" else level
