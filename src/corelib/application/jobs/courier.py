"""Announcements that nobody waits for: a thread sends them."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from corelib.application.jobs.announcer import Announcer, enough
from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob
from corelib.ports.logger import Logger
from corelib.ports.transport import JobTransport

LAST_WAIT = timedelta(seconds=5)
"""How long `close` and the end of the process wait for what is not sent yet."""


PAUSE = timedelta(milliseconds=5)
"""A thread that wakes for each single job slows down who enqueues many of them."""

MOST_LOSSY = 10_000
"""How many jobs without a row wait in a process for a broker that does not answer."""


class Courier:
    """A `JobTransport` whose `send` returns at once: a thread hands everything to the transport behind it.

    A commit is then not kept waiting by the broker, least of all by one that does not answer. What comes while a call
    is under way, or shortly after it, goes with the next one, and of each queue no more than wakes all threads of a
    cluster. Errors are
    logged; the relay finds what was not announced, as it finds what a process that was killed had still to send.

    The thread starts with the first announcement, also anew in a process that was forked.

    Args:
        transport: sends; it may be slow.
        log: is told about failures.
        pause: how long after a call what comes waits for company.
    """

    def __init__(self, transport: JobTransport, log: Logger, *, pause: timedelta = PAUSE) -> None:
        self._pause = pause.total_seconds()
        self._transport = transport
        self._log = log
        self._announcer = Announcer(transport, log)
        self._changed = threading.Condition()
        self._waiting: list[JobRef] = []
        self._lossy: list[LossyJob] = []
        self._sending = False
        self._closed = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, refs: Sequence[JobRef]) -> None:
        """Have the refs sent soon; once it is closed, send them now."""
        if not refs:
            return
        with self._changed:
            if not self._closed:
                self._waiting = enough([*self._waiting, *refs])
                self._start()
                self._changed.notify_all()
                return
        self._transport.send(refs)

    def deliver(self, jobs: Sequence[LossyJob]) -> None:
        """Have jobs sent soon that are in no store; once it is closed, send them now.

        While the broker does not answer, no more than `MOST_LOSSY` wait. The log tells how many are lost.
        """
        if not jobs:
            return
        with self._changed:
            if not self._closed:
                room = max(0, MOST_LOSSY - len(self._lossy))
                self._lossy.extend(jobs[:room])
                self._start()
                self._changed.notify_all()
                if len(jobs) > room:
                    self._log.error("jobs lost", jobs=len(jobs) - room, reason="Too many wait for the broker.")
                return
        self._transport.deliver(jobs)

    def check(self) -> None:
        """Make sure that the broker answers."""
        self._transport.check()

    def flush(self, limit: timedelta = LAST_WAIT) -> bool:
        """Wait until nothing is left to send, and return whether that is so; it is not if the limit is over before."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._waiting or self._lossy or self._sending), limit.total_seconds()
            )

    def close(self) -> None:
        """Send what is left, as far as there is time, and end the thread; the transport stays open."""
        self._closing.set()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread, self._thread = self._thread, None
        atexit.unregister(self.flush)
        if thread is not None:
            thread.join(LAST_WAIT.total_seconds())

    def _start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        if self._thread is None:
            atexit.register(self.flush)
        self._thread = threading.Thread(target=self._loop, name="corelib-courier", daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        sent_at = float("-inf")
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._lossy or self._closed)
            self._closing.wait(max(0.0, self._pause - (time.monotonic() - sent_at)))
            with self._changed:
                refs, self._waiting = self._waiting, []
                jobs, self._lossy = self._lossy, []
                if not refs and not jobs:
                    return
                self._sending = True
            try:
                self._announcer.announce(refs)
                self._announcer.deliver(jobs)
            finally:
                sent_at = time.monotonic()
                with self._changed:
                    self._sending = False
                    self._changed.notify_all()
