"""A host application, put together and ready for work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from corelib.application.bus import CommandBus
from corelib.application.jobs.drain import run_due
from corelib.application.jobs.runner import JobRunner
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings, TransactionalUnitOfWork
from corelib.application.unit_runner import DEFAULT_TIMEOUT, Tries, UnitRunner
from corelib.domain.context import Context
from corelib.domain.message import Command
from corelib.errors import MisuseError
from corelib.ports.job_store import JobStore
from corelib.ports.lock import Locks
from corelib.ports.logger import Logger
from corelib.ports.storage import DEFAULT_TERMS, Isolation, Storage, Terms
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork
from corelib.ports.worker import JobWorker

R = TypeVar("R")


class Host:
    """What `bootstrap` returns. Use it in a `with` block, or call `close`.

    Args:
        surroundings: shared by all units of work.
        locks: lets one at a time do something.
        transport: wakes the workers.
        runner: runs jobs.
        bus: runs commands.
        units: runs functions in units of work.
        make_worker: makes the worker of this process.
        closing: functions that give back connections, called in reverse order.
    """

    def __init__(
        self,
        *,
        surroundings: Surroundings,
        locks: Locks,
        transport: JobTransport,
        runner: JobRunner,
        bus: CommandBus,
        units: UnitRunner,
        make_worker: Callable[[], JobWorker],
        closing: list[Callable[[], None]],
    ) -> None:
        self._around = surroundings
        self._locks = locks
        self._transport = transport
        self._runner = runner
        self._bus = bus
        self._units = units
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
    def locks(self) -> Locks:
        """Return the named locks, shared by all hosts on the same database."""
        return self._locks

    @property
    def log(self) -> Logger:
        """Return the logger."""
        return self._around.log

    def unit_of_work(
        self,
        *,
        read_only: bool = False,
        isolation: Isolation | None = None,
        statement_timeout: timedelta | None = None,
        lock_timeout: timedelta | None = None,
    ) -> UnitOfWork:
        """Return a unit of work that has not begun.

        Args:
            read_only: nothing will be written; a replica may answer.
            isolation: by default the store's, at least READ COMMITTED.
            statement_timeout: how long a single statement may take, by default without limit.
            lock_timeout: how long to wait for what others hold, by default as long as the store does.

        Raises:
            MisuseError: if a timeout is not positive.
        """
        return TransactionalUnitOfWork(self._around, _terms(read_only, isolation, statement_timeout, lock_timeout))

    def run(
        self,
        work: Callable[[UnitOfWork], R],
        *,
        read_only: bool = False,
        isolation: Isolation | None = None,
        statement_timeout: timedelta | None = None,
        lock_timeout: timedelta | None = None,
        attempts: int = 3,
        timeout: timedelta | None = DEFAULT_TIMEOUT,
        idempotency_key: str | None = None,
    ) -> R:
        """Call `work` with a unit of work, commit, and return what it returned.

        After a `TransientFailure` all of that is done again in a new unit of work, with growing waits in between. So
        `work` must have no effects outside of the unit of work, and loads what it needs from the one it is given.

        After an `AmbiguousCommit` it is not: the first commit may hold. With an idempotency key it can be known. It is
        stored with the unit of work, as the first thing, so that of two calls at once the second waits and is then
        refused. After an ambiguous commit the store is asked for the key. If it is there, what `work` returned is
        returned; if not, `work` is called again. Nothing removes old keys.

        Args:
            work: what to do; it does not commit.
            read_only: as in `unit_of_work`, as are the three that follow.
            isolation: see there.
            statement_timeout: see there.
            lock_timeout: see there.
            attempts: how often it is called at most. More than 1 needs the extra `retry`.
            timeout: it is not called again when this time has passed; None means no limit.
            idempotency_key: names what this call is to do once, 1 to 200 characters.

        Raises:
            MisuseError: within an open unit of work, unless there is one attempt and no key: what the outer one has
                done would not be done again. Also for a key in a read-only unit of work.
            AlreadyExists: if an earlier call has stored the key; then `work` is not called.
            AmbiguousCommit: without a key, or if the store could not be asked for it.
            TransientFailure: of the last attempt.
            CorelibError: what `work` or the commit raises otherwise; nothing is stored then.

        Example: `host.run(lambda uow: book(uow, order_id), idempotency_key=f"book {order_id}")`
        """
        if read_only and idempotency_key is not None:
            raise MisuseError(
                "A read-only unit of work cannot store an idempotency key.", hint="Leave one of them out."
            )
        terms = _terms(read_only, isolation, statement_timeout, lock_timeout)
        return self._units.run(
            lambda: HandlerUnitOfWork(self._around, terms), work, Tries(attempts, timeout, idempotency_key)
        )

    def execute(
        self,
        command: Command[R],
        *,
        context: Context | None = None,
        attempts: int | None = None,
        idempotency_key: str | None = None,
    ) -> R:
        """Run a command in a unit of work of its own (see `CommandBus.execute`)."""
        return self._bus.execute(command, context=context, attempts=attempts, idempotency_key=idempotency_key)

    def submit(
        self,
        kind: type[Command[R]],
        raw: object,
        *,
        context: Context | None = None,
        attempts: int | None = None,
        idempotency_key: str | None = None,
    ) -> R:
        """Validate raw data or JSON text and run it as a command (see `CommandBus.submit`)."""
        return self._bus.submit(kind, raw, context=context, attempts=attempts, idempotency_key=idempotency_key)

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


def _terms(
    read_only: bool,  # noqa: FBT001 - named by the callers' arguments
    isolation: Isolation | None,
    statement_timeout: timedelta | None,
    lock_timeout: timedelta | None,
) -> Terms:
    if not read_only and isolation is None and statement_timeout is None and lock_timeout is None:
        return DEFAULT_TERMS
    return Terms(read_only, isolation, statement_timeout, lock_timeout)
