"""Runs units of work, and runs them again as a whole when circumstances have rolled them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from attrs import define, field, frozen

from corelib.application import open_units
from corelib.application.unit_of_work import HandlerUnitOfWork
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    CorelibError,
    MisuseError,
    ServerUnreachable,
    TransientFailure,
)
from corelib.ports.logger import Logger
from corelib.ports.retrier import Retrier
from corelib.ports.storage import Storage
from corelib.ports.unit_of_work import UnitOfWork

R = TypeVar("R")
T = TypeVar("T")

KEY_LENGTH = 200
REASON_LENGTH = 500
DEFAULT_TIMEOUT = timedelta(seconds=30)


def _attempts(_: object, __: object, value: int) -> None:
    if value < 1:
        raise MisuseError(f"A unit of work cannot be run {value} times.", hint="Give attempts=1 or more.")


def _timeout(_: object, __: object, value: timedelta | None) -> None:
    if value is not None and value <= timedelta(0):
        raise MisuseError(f"The timeout {value} is not positive.", hint="Give None for no limit.")


def _key(_: object, __: object, value: str | None) -> None:
    if value is not None and (not value or value != value.strip() or len(value) > KEY_LENGTH):
        raise MisuseError(
            f"The idempotency key {value[:KEY_LENGTH]!r} cannot be stored.",
            hint=f"A key has 1 to {KEY_LENGTH} characters, and no blanks at its ends.",
        )


@frozen
class Tries:
    """How often a unit of work is run.

    Args:
        attempts: how often at most.
        timeout: it is not begun again when this time has passed; None means no limit.
        key: makes an ambiguous commit safe to repeat.
    """

    attempts: int = field(default=3, validator=_attempts)
    timeout: timedelta | None = field(default=DEFAULT_TIMEOUT, validator=_timeout)
    key: str | None = field(default=None, validator=_key)

    @property
    def ordinary(self) -> bool:
        """Return whether there is one attempt, and nothing to remember."""
        return self.attempts == 1 and self.key is None


ONE_TRY = Tries(attempts=1)


@frozen
class UnitRunner:
    """Runs functions in units of work of their own.

    Args:
        storage: asked whether a key is stored.
        retrier: waits between the attempts.
        log: gets a line for each further attempt.
    """

    storage: Storage
    retrier: Retrier
    log: Logger

    def run(self, begin: Callable[[], HandlerUnitOfWork], work: Callable[[UnitOfWork], R], tries: Tries) -> R:
        """Call `work` with a unit of work, commit, and return what it returned; `Host.run` has the rules.

        Args:
            begin: makes the unit of work of an attempt.
            work: may be called several times.
            tries: how often.
        """
        run = _Run(self, begin, work, tries)
        if tries.ordinary:
            return run.attempt()
        if open_units.any_open():
            raise MisuseError(
                "A unit of work that may be run again was to begin within an open one.",
                hint="Run it outside: what the open one has done would not be run again with it.",
            )
        return run.repeat(run.attempt, lambda error: isinstance(error, TransientFailure))


@define
class _Run(Generic[R]):
    """One call of `UnitRunner.run`.

    Args:
        attempts: how many there were.
        failed: how the last one ended.
        unknown: what `work` returned in an attempt whose commit may hold after all, if there was one.
    """

    around: UnitRunner
    begin: Callable[[], HandlerUnitOfWork]
    work: Callable[[UnitOfWork], R]
    tries: Tries
    attempts: int = 0
    failed: Exception | None = None
    unknown: list[R] = field(factory=list)

    def repeat(self, function: Callable[[], T], again: Callable[[Exception], bool]) -> T:
        if self.tries.attempts == 1:
            return function()
        return self.around.retrier.call(function, again=again, attempts=self.tries.attempts, timeout=self.tries.timeout)

    def attempt(self) -> R:
        self.attempts += 1
        if self.failed is not None:
            reason = str(self.failed)[:REASON_LENGTH]
            self.around.log.warning("unit of work is run again", attempt=self.attempts, reason=reason)
        try:
            return self._in_unit_of_work()
        except Exception as error:
            self.failed = error
            raise

    def _in_unit_of_work(self) -> R:
        key = self.tries.key
        with self.begin() as uow:
            if key is not None and self._holds_already(uow, key):
                return self.unknown[-1]
            result = self.work(uow)
            try:
                uow.complete()
            except AmbiguousCommit as error:
                if key is None:
                    raise
                self._clear_up(key, error, result)
        return result

    def _holds_already(self, uow: HandlerUnitOfWork, key: str) -> bool:
        """Store the key, or find that an earlier attempt did: the server was still at its commit when it was asked."""
        try:
            uow.remember(key)
        except AlreadyExists as error:
            if self.unknown:
                return True
            raise AlreadyExists(
                f"The idempotency key {key!r} is stored already.",
                hint="An earlier call with this key was committed; its work is not done again.",
            ) from error
        return False

    def _clear_up(self, key: str, error: AmbiguousCommit, result: R) -> None:
        """Return if the commit holds; otherwise raise what lets the unit of work be run again."""
        try:
            holds = self.repeat(
                lambda: self.around.storage.remembers(key),
                lambda problem: isinstance(problem, TransientFailure | ServerUnreachable),
            )
        except CorelibError as problem:
            error.add_note(f"Whether the key {key!r} is stored could not be asked either: {problem}")
            raise error from error.__cause__
        if not holds:
            self.unknown.append(result)
            raise TransientFailure(
                f"The connection was lost during COMMIT, and the key {key!r} is not stored: nothing was committed.",
                hint="Run the unit of work again.",
            ) from error
