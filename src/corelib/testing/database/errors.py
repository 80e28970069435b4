"""What the kit refuses or finds wrong."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.errors import ConfigurationError, CorelibError, MisuseError, PersistentFailure


class NotAllowed(ConfigurationError):
    """The kit was pointed at a server or a database that does not look like one for tests."""


class NotOwned(ConfigurationError):
    """A database was to be reset or dropped that does not carry the marks of the kit and of this run."""


class CannotClone(ConfigurationError):
    """The server, or what its login may do, allows none of the ways to make a clone."""


class CannotReset(ConfigurationError):
    """A table is of a kind that cannot be emptied between tests; it is named, and never skipped in silence."""


class TemplateFailed(PersistentFailure):
    """The template could not be built; nothing of the attempt is left, and the next run tries again."""


class WrongMode(MisuseError):
    """A fixture was used in a test whose reset mode rules it out."""


class TransactionLeaked(CorelibError):
    """A test ended while one of its connections still had a transaction open.

    Args:
        test: its node id, or what else is known about it.
        sessions: one text for each session: number, program, since when, last statement.
        ended: whether the kit could end them.
    """

    def __init__(self, test: str, sessions: Sequence[str], *, ended: bool = True) -> None:
        outcome = "The kit has ended the session." if ended else "No table was emptied: the next reset tries it again."
        super().__init__(
            f"{test} has left a transaction open: {'; '.join(sessions)}.",
            hint=f"Commit or roll back, and close the connection, before the test ends. {outcome}",
        )
        self.test = test
        self.sessions: tuple[str, ...] = tuple(sessions)


class ReferenceDataChanged(CorelibError):
    """A test changed rows that belong to the template and that no reset brings back.

    Args:
        test: its node id, or what else is known about it.
        tables: the tables, with their schema.
    """

    def __init__(self, test: str, tables: Sequence[str]) -> None:
        super().__init__(
            f"{test} has changed reference data, which all tests share, in {', '.join(tables)}.",
            hint='Let the test make rows of its own, or give it a database of its own: @pytest.mark.db(reset="clone"). '
            "The worker goes on with a new clone.",
        )
        self.test = test
        self.tables: tuple[str, ...] = tuple(tables)
