"""A host application, put together and ready for work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from attrs import evolve

from corelib.application.bus import CommandBus
from corelib.application.jobs.drain import TakeLossy, no_lossy, run_due, run_round
from corelib.application.jobs.event_stream import JobEventStream
from corelib.application.jobs.housekeeping import Housekeeping
from corelib.application.jobs.payloads import A_DAY
from corelib.application.jobs.results import Results
from corelib.application.jobs.retrying import DeadLetters, Edit
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.runner import JobRunner
from corelib.application.jobs.scheduler import Scheduler
from corelib.application.jobs.schedules import Schedules
from corelib.application.jobs.subscribers import JobSubscribers
from corelib.application.jobs.waiting import EndedJob, JobWaiter
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings, TransactionalUnitOfWork
from corelib.application.unit_runner import DEFAULT_TIMEOUT, Tries, UnitRunner
from corelib.domain.context import Context
from corelib.domain.flow import EnqueuedFlow
from corelib.domain.flow_steps import Flow
from corelib.domain.job import Job
from corelib.domain.message import Command
from corelib.errors import MisuseError
from corelib.ports.clock import Clock
from corelib.ports.job_steering import ALL_JOBS, JobFilter
from corelib.ports.job_store import JobStore
from corelib.ports.lock import Locks
from corelib.ports.logger import Logger
from corelib.ports.queue_control import QueueControl
from corelib.ports.storage import DEFAULT_TERMS, Isolation, Storage, Terms
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork
from corelib.ports.worker import JobWorker

R = TypeVar("R")
T = TypeVar("T")


class Host:
    """What `bootstrap` returns. Use it in a `with` block, or call `close`.

    Args:
        surroundings: shared by all units of work.
        locks: lets one at a time do something.
        transport: wakes the workers.
        runner: runs jobs.
        bus: runs commands.
        units: runs functions in units of work.
        schedules: makes and steers schedules.
        scheduler: enqueues what they have due.
        subscribers: are told what happens to jobs.
        keep_job_events: for how long job events are kept for readers; None if they are not recorded.
        make_worker: makes the worker of this process.
        housekeeping: removes what nobody needs any more.
        declare: tells the store what the app's code declares.
        closing: functions that give back connections, called in reverse order.
        take_lossy: takes a job without a row that waits in this process.
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
        schedules: Schedules,
        scheduler: Scheduler,
        subscribers: JobSubscribers | None = None,
        keep_job_events: timedelta | None = None,
        make_worker: Callable[[], JobWorker],
        declare: Callable[[], None],
        housekeeping: Housekeeping,
        closing: list[Callable[[], None]],
        take_lossy: TakeLossy = no_lossy,
    ) -> None:
        self._around = surroundings
        self._locks = locks
        self._transport = transport
        self._runner = runner
        self._bus = bus
        self._units = units
        self._schedules = schedules
        self._scheduler = scheduler
        self._subscribers = subscribers
        self._keep_job_events = keep_job_events
        self._make_worker = make_worker
        self._declare = declare
        self._housekeeping = housekeeping
        self._closing = closing
        self._take_lossy = take_lossy
        self._results = Results(surroundings.codec, surroundings.payloads)

    @property
    def storage(self) -> Storage:
        """Return the store."""
        return self._around.storage

    @property
    def jobs(self) -> JobStore:
        """Return the stored jobs: counts, single jobs, dead letters."""
        return self._around.storage.jobs

    @property
    def queues(self) -> QueueControl:
        """Return what pauses and limits queues, over all workers."""
        return self._around.storage.queues

    @property
    def job_events(self) -> JobEventStream:
        """Return the recorded job events of all processes, if the app keeps them."""
        return JobEventStream(self._around.storage.job_events, self._keep_job_events)

    @property
    def schedules(self) -> Schedules:
        """Return what makes, steers and shows schedules."""
        return self._schedules

    @property
    def locks(self) -> Locks:
        """Return the named locks, shared by all hosts on the same database."""
        return self._locks

    @property
    def clock(self) -> Clock:
        """Return the clock of this process; due times are judged by that of the store, which in memory is the same."""
        return self._around.clock

    @property
    def transport(self) -> JobTransport:
        """Return what wakes the workers."""
        return self._transport

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

    def enqueue(
        self,
        handler: Callable[..., object],
        payload: object,
        *,
        delay: timedelta = timedelta(0),
        at: datetime | None = None,
        priority: int | None = None,
        unique_key: str | None = None,
    ) -> UUID:
        """Enqueue a job in a transaction of its own, committed when this returns (see `JobQueue.enqueue`).

        Within a unit of work take `uow.jobs.enqueue`: this one stays when that rolls back.
        """
        with TransactionalUnitOfWork(self._around) as uow:
            job_id = uow.jobs.enqueue(handler, payload, delay=delay, at=at, priority=priority, unique_key=unique_key)
            uow.commit()
        return job_id

    def enqueue_many(
        self,
        handler: Callable[..., object],
        payloads: Iterable[object],
        *,
        delay: timedelta = timedelta(0),
        at: datetime | None = None,
        priority: int | None = None,
    ) -> list[UUID]:
        """Enqueue a job for each payload in one transaction of their own (see `JobQueue.enqueue_many`)."""
        with TransactionalUnitOfWork(self._around) as uow:
            job_ids = uow.jobs.enqueue_many(handler, payloads, delay=delay, at=at, priority=priority)
            uow.commit()
        return job_ids

    def enqueue_flow(self, flow: Flow) -> EnqueuedFlow:
        """Enqueue jobs that wait for one another, in a transaction of their own (see `JobQueue.enqueue_flow`)."""
        with TransactionalUnitOfWork(self._around) as uow:
            enqueued = uow.jobs.enqueue_flow(flow)
            uow.commit()
        return enqueued

    def sweep_payloads(self, *, older_than: timedelta = A_DAY) -> int:
        """Remove stored payloads that no job needs, and return how many; a worker does so once a day.

        They are of transactions that never committed, of jobs that were removed, and of unique jobs whose payload was
        replaced. All payloads under the host's namespace count: hosts with databases of their own need other namespaces
        or other storages.

        Args:
            older_than: younger ones stay. It has to be longer than any unit of work that enqueues.

        Raises:
            MisuseError: if that is not above zero.
        """
        return self._around.payloads.sweep(self.storage, self._around.clock, older_than=older_than)

    def keep_house(self) -> int:
        """Remove jobs that were kept for as long as `@job(retention=...)` says, as a worker does every hour.

        One worker at a time does it, of all that have the app's name. The first call of a host removes payloads that no
        job needs as well.

        Returns:
            How many were removed; 0 if a worker is at it.
        """
        return self._housekeeping.keep_house()

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

    def declare(self) -> None:
        """Tell the store the limits of queues and the schedules that the app's code declares.

        A worker does so when it starts. For tests, and for whoever deploys without workers.
        """
        self._declare()

    def run_due_round(self) -> list[RunOutcome]:
        """Run a portion of the jobs that are due, in this thread; return how the runs ended, none if nothing is due."""
        return run_round(self.jobs, self._runner, self._take_lossy)

    def run_due_jobs(self) -> int:
        """Run due jobs in this thread until there are none; return how many runs there were. For tests.

        Handlers of job events have been told of them when it returns, and what those enqueue is run as well.
        """
        total = 0
        while True:
            self.tell_subscribers()
            runs = run_due(self.jobs, self._runner, self._take_lossy)
            total += runs
            if not runs:
                return total

    def tell_subscribers(self) -> bool:
        """Wait until handlers of job events were told of all that has happened in this process so far. For tests.

        Returns:
            False if they were not done within 30 seconds.
        """
        return self._subscribers is None or self._subscribers.settle()

    def fire_due_schedules(self) -> int:
        """Enqueue the jobs of all schedules that are due, as a worker does all the time; return how many. For tests."""
        return self._scheduler.fire_due()

    def run_job(self, job_id: UUID) -> RunOutcome:
        """Run one job in this thread if it can be claimed, as a worker does with each message. For tests."""
        return self._runner.run(job_id)

    def payload_of(self, job: Job) -> object:
        """Return the payload of a stored job as its handler gets it.

        Raises:
            UnknownJob: if this host has no job of that name.
            ValidationFailed: if the payload is not what the handler takes.
        """
        return self._runner.payload_of(job)

    def wait_for_job(self, job_id: UUID, *, timeout: timedelta) -> EndedJob:
        """Wait until a job has ended, wherever it runs, and return what is known of it.

        The store is asked for it again and again, at first every 20 milliseconds and at last every second; the end of a
        job that runs in this process is known at once. While the server of the store cannot be reached, it is asked
        again until the time is up.

        Args:
            job_id: which one; it has to be committed.
            timeout: how long to wait at most; 0 looks once.

        Returns:
            The job with its state, its error and its result. A job that has failed raises nothing here, but
            `EndedJob.result` and `EndedJob.check` do.

        Raises:
            WaitTimedOut: if it has not ended in time; nothing happens to the job.
            NotFound: if there is no such job, or it is discarded or purged meanwhile.
            MisuseError: within an open unit of work, that of a handler included: what it enqueued is not committed yet,
                and what it has locked others wait for.

        Example: `receipt = host.wait_for_job(job_id, timeout=timedelta(seconds=30)).result(Receipt)`
        """
        return JobWaiter(self.jobs, self._results, self._runner.ended).wait(job_id, timeout)

    def result_of(self, job: Job, kind: type[T]) -> T:
        """Return what the handler of a stored job returned, as a `kind`.

        Raises:
            ResultMissing: if there is none: the handler returned nothing, or the job has not succeeded.
            ValidationFailed: if what it returned is not a `kind`.
        """
        return self._results.read(job, kind)

    def retry_job(
        self, job_id: UUID, *, attempts: int | None = None, payload: str | None = None, edit: Edit | None = None
    ) -> bool:
        """Let a dead or cancelled job be pending and due now (see `JobSteering.retry_dead`).

        Args:
            job_id: which one.
            attempts: how many runs it gets in addition; by default as many as `@job` says, or one if this host does
                not know the job.
            payload: JSON text instead of what it had.
            edit: makes it of what it had, both as JSON objects, instead.

        Returns:
            False if the job is neither dead nor cancelled, or does not exist.

        Raises:
            ValidationFailed: if the payload is not what the handler takes; then nothing has changed.
            UnknownJob: if there is a payload, and this host does not know the job.
            MisuseError: if the attempts are not positive.
        """
        if attempts is not None and attempts < 1:
            raise MisuseError(f"A job is to be retried {attempts} times.", hint="Say 1 or more, or leave it out.")
        stored = self.jobs.find(job_id)
        if stored is None:
            return False
        if edit is not None:
            payload = DeadLetters(self.storage, self._around.payloads, self._runner).edited(stored, edit)
        elif payload is not None:
            self.payload_of(evolve(stored, payload=payload, payload_key=None))
        return self.jobs.retry_dead(job_id, attempts=attempts or self._runner.attempts_of(stored), payload=payload)

    def retry_dead_jobs(self, edit: Edit, which: JobFilter = ALL_JOBS, *, attempts: int | None = None) -> int:
        """Let all jobs that are dead now be pending and due, each with its payload edited; return how many.

        Each is a transaction of its own. It ends with the first payload that does not fit: the jobs before it are
        retried, it and those after it stay dead. To retry them as they are, take `JobSteering.retry_many_dead`.

        Args:
            edit: makes the payload of the one that was there, both as JSON objects.
            which: only those.
            attempts: how many runs each gets in addition; by default as many as `@job` says.

        Raises:
            ValidationFailed: if an edited payload is not what the handler takes.
            UnknownJob: if this host does not know one of the jobs.
            MisuseError: if the attempts are not positive.

        Example: `host.retry_dead_jobs(lambda payload: {**payload, "quality": "low"}, JobFilter(name="convert"))`
        """
        letters = DeadLetters(self.storage, self._around.payloads, self._runner)
        return letters.retry(which, edit, attempts)

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
