"""A host application, put together and ready for work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

from corelib.application.bus import CommandBus
from corelib.application.jobs.drain import run_due
from corelib.application.jobs.runner import JobRunner
from corelib.application.unit_of_work import Surroundings, TransactionalUnitOfWork
from corelib.domain.context import Context
from corelib.domain.message import Command
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger
from corelib.ports.storage import Storage
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork
from corelib.ports.worker import JobWorker

R = TypeVar("R")


class Host:
    """What `bootstrap` returns. Use it in a `with` block, or call `close`.

    Args:
        surroundings: shared by all units of work.
        transport: wakes the workers.
        runner: runs jobs.
        bus: runs commands.
        make_worker: makes the worker of this process.
        closing: functions that give back connections, called in reverse order.
    """

    def __init__(
        self,
        *,
        surroundings: Surroundings,
        transport: JobTransport,
        runner: JobRunner,
        bus: CommandBus,
        make_worker: Callable[[], JobWorker],
        closing: list[Callable[[], None]],
    ) -> None:
        self._around = surroundings
        self._transport = transport
        self._runner = runner
        self._bus = bus
        self._make_worker = make_worker
        self._closing = closing

    @property
    def storage(self) -> Storage:
        """Return the store."""
        return self._around.storage

    @property
    def jobs(self) -> JobStore:
        """Return the stored jobs: counts, single jobs, dead letters."""
        return self._around.storage.jobs

    @property
    def log(self) -> Logger:
        """Return the logger."""
        return self._around.log

    def unit_of_work(self) -> UnitOfWork:
        """Return a unit of work that has not begun."""
        return TransactionalUnitOfWork(self._around)

    def execute(self, command: Command[R], *, context: Context | None = None) -> R:
        """Run a command in a unit of work of its own (see `CommandBus.execute`)."""
        return self._bus.execute(command, context=context)

    def submit(self, kind: type[Command[R]], raw: object, *, context: Context | None = None) -> R:
        """Validate raw data or JSON text and run it as a command (see `CommandBus.submit`)."""
        return self._bus.submit(kind, raw, context=context)

    def worker(self) -> JobWorker:
        """Return the worker of this process, not yet started; a host has one."""
        return self._make_worker()

    def run_due_jobs(self) -> int:
        """Run due jobs in this thread until there are none; return how many runs there were. For tests."""
        return run_due(self.jobs, self._runner)

    def check(self) -> None:
        """Make sure that database and broker can be used.

        Raises:
            ConfigurationError: in the family's member that tells what is wrong.
        """
        self.storage.check()
        self._transport.check()

    def close(self) -> None:
        """Give back every connection; doing so twice does no harm."""
        with ExitStack() as stack:  # closes the rest too if one fails
            for close in self._closing:
                stack.callback(close)
            self._closing.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
