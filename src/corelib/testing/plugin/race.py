"""Several threads at once, each on a connection of its own: what cannot be told from one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import frozen

from corelib.errors import MisuseError
from corelib.testing.database.errors import WrongMode
from corelib.testing.plugin.marking import Reset

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

T = TypeVar("T")
MOST = 20
"""As many connections as the engine gives out."""

TIMEOUT = timedelta(seconds=30)


@frozen
class Race:
    """Runs a function in several threads that begin together.

    Args:
        engine: gives each thread its connection.
        reset: of the test.
    """

    engine: Engine
    reset: Reset

    def __call__(
        self, threads: int, function: Callable[[Connection], T], *, timeout: timedelta = TIMEOUT
    ) -> list[T | Exception]:
        """Call the function once in each thread, and return what each returned or raised, in the order of the threads.

        What a call does not commit is rolled back after it. Each thread has a copy of the caller's context variables.

        Args:
            threads: how many, 2 to 20.
            function: gets a connection that nobody else uses.
            timeout: how long all may take together.

        Raises:
            WrongMode: with `reset="rollback"`, where there is one connection.
            MisuseError: for another number of threads, or if some have not ended in time.
        """
        if self.reset is Reset.ROLLBACK:
            raise WrongMode(
                'A race was started in a test with reset="rollback", where all have one connection.',
                hint='Use @pytest.mark.db(reset="delete").',
            )
        if not 2 <= threads <= MOST:
            raise MisuseError(f"A race was started with {threads} threads.", hint=f"It takes 2 to {MOST}.")
        runners = self._runners(threads, function)
        for runner in runners:
            runner.start()
        until = time.monotonic() + timeout.total_seconds()
        for runner in runners:
            runner.join(max(0.0, until - time.monotonic()))
        late = [place for place, runner in enumerate(runners) if runner.is_alive()]
        if late:
            raise MisuseError(
                f"Of {threads} threads, {', '.join(map(str, late))} had not ended after {timeout.total_seconds():g} s.",
                hint="Does one wait for a lock that the test itself holds?",
            )
        return [runner.result() for runner in runners]

    def _runners(self, threads: int, function: Callable[[Connection], T]) -> list[_Runner[T]]:
        """Connect all before one begins."""
        barrier = threading.Barrier(threads)
        with ExitStack() as on_failure:
            connections = [on_failure.enter_context(self.engine.connect()) for _ in range(threads)]
            on_failure.pop_all()
        return [_Runner(connection, function, barrier) for connection in connections]


class _Runner(threading.Thread, Generic[T]):
    def __init__(self, connection: Connection, function: Callable[[Connection], T], barrier: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._function = function
        self._barrier = barrier
        self._context = copy_context()
        self._returned: list[T] = []
        self._raised: BaseException | None = None

    def run(self) -> None:
        try:
            with self._connection:
                self._barrier.wait()
                self._returned.append(self._context.run(self._function, self._connection))
        except BaseException as error:  # noqa: BLE001 - it goes to the thread that asks for the result
            self._raised = error

    def result(self) -> T | Exception:
        if isinstance(self._raised, Exception):
            return self._raised
        if self._raised is not None:
            raise self._raised
        return self._returned[0]
