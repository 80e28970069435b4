"""The contract of `corelib.ports.queue_control.QueueControl`; what it does to claims is in `jobs_claiming`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.domain.job_queues import Queue, QueueStatus, Rate
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, store_jobs
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

AN_HOUR = timedelta(hours=1)


class QueueControlContract(StoreContract):
    """Pauses and limits queues."""

    port: ClassVar[str] = "QueueControl"

    class WhenNothingWasSaid:
        def test_lists_nothing(self, storage: Storage) -> None:
            assert list(storage.queues.list()) == []

    class WhenAQueueIsPaused:
        def test_says_since_when(self, storage: Storage) -> None:
            assert storage.queues.pause("mail") is True

            (status,) = storage.queues.list()
            assert status.name == "mail"
            assert status.paused_at is not None

        def test_changes_nothing_the_second_time(self, storage: Storage) -> None:
            storage.queues.pause("mail")
            before = storage.queues.list()

            assert storage.queues.pause("mail") is False
            assert storage.queues.list() == before

        def test_lets_one_of_many_do_it(self, storage: Storage) -> None:
            paused = at_the_same_time(*[lambda: storage.queues.pause("mail")] * 4)

            assert sorted(paused) == [False, False, False, True]

    class WhenAQueueIsResumed:
        def test_is_not_paused_any_more(self, storage: Storage) -> None:
            storage.queues.pause("mail")

            assert storage.queues.resume("mail") is True
            assert [status.paused_at for status in storage.queues.list()] == [None]

        def test_changes_nothing_if_it_was_not_paused(self, storage: Storage) -> None:
            assert storage.queues.resume("mail") is False

        def test_has_its_due_jobs_announced(self, storage: Storage) -> None:
            due, waiting, other = a_job(queue="mail"), a_job(queue="mail", delay=AN_HOUR), a_job(queue="video")
            store_jobs(storage, due, waiting, other)
            storage.queues.pause("mail")

            storage.queues.resume("mail")

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [due.ref]

    class WhenAQueueIsLimited:
        def test_shows_the_limits(self, storage: Storage) -> None:
            rate = Rate(10, per=timedelta(milliseconds=1500))

            storage.queues.limit("mail", concurrency=5, rate=rate)

            assert list(storage.queues.list()) == [QueueStatus("mail", None, 5, rate)]

        def test_replaces_them(self, storage: Storage) -> None:
            storage.queues.limit("mail", concurrency=5, rate=Rate(10))

            storage.queues.limit("mail", concurrency=None, rate=None)

            assert list(storage.queues.list()) == [QueueStatus("mail")]

        def test_leaves_other_queues_alone(self, storage: Storage) -> None:
            storage.queues.limit("mail", concurrency=5, rate=None)

            storage.queues.limit("audio", concurrency=1, rate=None)

            assert [(each.name, each.concurrency) for each in storage.queues.list()] == [("audio", 1), ("mail", 5)]

        def test_has_its_due_jobs_announced(self, storage: Storage) -> None:
            due = a_job(queue="mail")
            store_jobs(storage, due)

            storage.queues.limit("mail", concurrency=5, rate=None)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [due.ref]

        def test_refuses_a_limit_of_nothing(self, storage: Storage) -> None:
            with pytest.raises(ValueError, match="concurrency"):
                storage.queues.limit("mail", concurrency=0, rate=None)

    class WhenCodeDeclaresAQueue:
        def test_limits_it(self, storage: Storage) -> None:
            storage.queues.declare(Queue("mail", concurrency=5, rate=Rate(10)))

            assert list(storage.queues.list()) == [QueueStatus("mail", None, 5, Rate(10))]

        def test_leaves_a_limit_that_was_set_by_hand_since(self, storage: Storage) -> None:
            storage.queues.declare(Queue("mail", concurrency=5))
            storage.queues.limit("mail", concurrency=1, rate=None)

            storage.queues.declare(Queue("mail", concurrency=5))

            assert [status.concurrency for status in storage.queues.list()] == [1]

        def test_wins_when_the_code_has_changed(self, storage: Storage) -> None:
            storage.queues.declare(Queue("mail", concurrency=5))
            storage.queues.limit("mail", concurrency=1, rate=None)

            storage.queues.declare(Queue("mail", concurrency=6))

            assert [status.concurrency for status in storage.queues.list()] == [6]

        def test_does_not_resume_it(self, storage: Storage) -> None:
            storage.queues.pause("mail")

            storage.queues.declare(Queue("mail", concurrency=5))

            (status,) = storage.queues.list()
            assert status.paused_at is not None
            assert status.concurrency == 5
