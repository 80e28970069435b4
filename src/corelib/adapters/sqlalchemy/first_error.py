"""The error after which a transaction can only be rolled back."""

from __future__ import annotations

from attrs import define

from corelib.errors import UnitOfWorkClosed


@define
class FirstError:
    """Remembers the first error of a transaction: what it would do after that differs from engine to engine."""

    error: BaseException | None = None

    def note(self, error: BaseException) -> None:
        """Remember an error, if it is the first."""
        if self.error is None:
            self.error = error

    def forget(self) -> None:
        """Begin again, after a rollback to a place where there was none."""
        self.error = None

    def check(self) -> None:
        """Make sure that there was none.

        Raises:
            UnitOfWorkClosed: if there was one, which is the cause.
        """
        if self.error is not None:
            raise UnitOfWorkClosed(
                f"This unit of work has failed before: {type(self.error).__name__}: {self.error}",
                hint="It can only be rolled back, as a whole or to a savepoint taken before.",
            ) from self.error
