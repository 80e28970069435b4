"""Telling a host's own handlers what happens to jobs, on a thread of their own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from attrs import frozen

from corelib.application.context import use_context
from corelib.application.jobs.job_events import JobEventHandler, bind_job_event_handler
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings
from corelib.domain.context import Context
from corelib.domain.job import Job
from corelib.domain.job_events import JobEvent
from corelib.errors import NotFound
from corelib.ports.job_events import JobEventListener
from corelib.ports.logger import Logger
from corelib.ports.unit_of_work import UnitOfWork

ROOM = 10_000
SLOW_SECONDS = 5.0
A_WHILE = timedelta(seconds=30)


@frozen
class JobEventTools:
    """What handlers of job events may ask for beside the ports of the host.

    Args:
        unit_of_work: makes a unit of work.
        payload_of: returns the payload of the job of an event; raises NotFound if the job is not there any more.
    """

    unit_of_work: Callable[[], HandlerUnitOfWork]
    payload_of: Callable[[JobEvent], object]


class JobSubscribers:
    """Tells handlers of job events, one event after the other, in the order in which they happened in this process.

    Whoever publishes does not wait. If handlers are so slow that `room` events wait, further ones are left out, and how
    many that were is logged. An event is told at most once: what waits when the process dies is lost.

    Args:
        handlers: are told.
        tools: make what they ask for.
        log: gets their errors, which change nothing.
        room: how many events may wait.
    """

    def __init__(
        self, handlers: Sequence[JobEventHandler], tools: JobEventTools, log: Logger, *, room: int = ROOM
    ) -> None:
        self._handlers = handlers
        self._tools = tools
        self._log = log
        self._room = room
        self._changed = threading.Condition()
        self._waiting: deque[JobEvent] = deque()
        self._left_out = 0
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def publish(self, events: Sequence[JobEvent]) -> None:
        """Let the handlers be told of events; those that no handler takes are forgotten at once."""
        wanted = [event for event in events if any(handler.takes(event) for handler in self._handlers)]
        if not wanted:
            return
        with self._changed:
            if self._closed:
                return
            free = self._room - len(self._waiting)
            self._waiting.extend(wanted[:free])
            self._left_out += len(wanted[free:])
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="corelib-job-events", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self, limit: timedelta = A_WHILE) -> bool:
        """Wait until the handlers have been told of all that was published so far; return whether that is so.

        Within a handler it does not wait.
        """
        if threading.current_thread() is self._thread:
            return False
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, limit.total_seconds())

    def close(self, limit: timedelta = A_WHILE) -> None:
        """Take no more events, and wait for the handlers; what is not told within the limit is lost, and logged."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(limit.total_seconds())
        if lost := len(self._waiting):
            self._log.warning("job events not told", events=lost)

    def _loop(self) -> None:
        while (event := self._next()) is not None:
            for handler in self._handlers:
                if handler.takes(event):
                    self._tell(handler, event)

    def _next(self) -> JobEvent | None:
        """Wait for the next event; None if there will be no more."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._closed)
            left_out, self._left_out = self._left_out, 0
            event = self._waiting.popleft() if self._waiting else None
            self._busy = event is not None
        if left_out:
            self._log.error("job events left out", events=left_out, reason="the handlers are too slow")
        return event

    def _tell(self, handler: JobEventHandler, event: JobEvent) -> None:
        began = time.monotonic()
        with use_context(_context_of(event)):
            try:
                self._invoke(handler, event)
            except NotFound as error:
                self._log.warning("job event not told", handler=handler.bound.name, reason=str(error))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, the job is what it is
                self._log.error("job event handler failed", error, handler=handler.bound.name, kind=event.kind)
            if (seconds := time.monotonic() - began) > SLOW_SECONDS:
                self._log.warning("job event handler is slow", handler=handler.bound.name, seconds=round(seconds, 3))

    def _invoke(self, handler: JobEventHandler, event: JobEvent) -> None:
        supplied: dict[type, object] = {}
        if handler.wants_payload:
            payload = self._tools.payload_of(event)
            supplied[type(payload)] = payload
        if not handler.bound.wants(UnitOfWork):
            handler.bound.invoke(event, supplied)
            return
        with self._tools.unit_of_work() as uow:
            handler.bound.invoke(event, {**supplied, UnitOfWork: uow})
            uow.complete()


def subscribers_of(
    handlers: Sequence[Callable[..., None]],
    ports: Mapping[type, object],
    around: Surroundings,
    payload_of: Callable[[Job], object],
) -> JobSubscribers | None:
    """Return who is told what the storage of a host does with jobs, or None if there are no handlers.

    Args:
        handlers: of the app.
        ports: what the host supplies to them.
        around: the storage and what makes units of work.
        payload_of: reads the payload of a stored job.

    Raises:
        UnboundHandler: if a handler cannot be called.
    """
    if not handlers:
        return None

    def find_payload(event: JobEvent) -> object:
        job = around.storage.jobs.find(event.job_id)
        if job is None:
            raise NotFound("job", str(event.job_id))
        return payload_of(job)

    bound = [bind_job_event_handler(handler, ports) for handler in handlers]
    tools = JobEventTools(lambda: HandlerUnitOfWork(around), find_payload)
    return JobSubscribers(bound, tools, around.log)


def telling_all(listeners: Sequence[JobEventListener], log: Logger) -> JobEventListener | None:
    """Return what tells several listeners, none of which can harm another one or a job; None without listeners."""
    if not listeners:
        return None

    def tell(events: Sequence[JobEvent], /) -> None:
        for listener in listeners:
            try:
                listener(events)
            except Exception as error:  # noqa: BLE001 - what has happened is committed, whatever a listener does
                log.error("job events not taken", error)

    return tell


def _context_of(event: JobEvent) -> Context:
    """Return the context of what follows from a job."""
    return Context(correlation_id=event.correlation_id, causation_id=str(event.job_id), tenant=event.tenant)
