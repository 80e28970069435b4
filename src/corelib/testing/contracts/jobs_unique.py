"""The contract of unique jobs, which `Transaction.add_unique_job` keeps: of those with one key, one is there."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from corelib.domain.job import Job, JobState, NewJob, Placed
from corelib.domain.unique_job import OnConflict, Outcome, UniqueJob, UniqueKey, Until, debounce, throttle, unique_key
from corelib.errors import MisuseError
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs, transaction, undone
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time, eventually, happens

AN_HOUR = timedelta(hours=1)
A_MINUTE = timedelta(minutes=1)
A_MOMENT = timedelta(seconds=20)
"""Longer than a test takes between two calls, shorter than an hour."""

LetPass = Callable[[timedelta], None]

SOONEST = 0.3
"""Seconds for which a test watches that somebody waits."""

KEEP_UNTIL_STARTED = UniqueJob(until=Until.STARTED)
KEEP_UNTIL_ENDED = UniqueJob(until=Until.ENDED)
REFUSE_UNTIL_ENDED = UniqueJob(on_conflict=OnConflict.REFUSE)
REPLACE = UniqueJob(until=Until.STARTED, on_conflict=OnConflict.REPLACE)


class UniqueJobsContract(StoreContract):
    """Looks for jobs with the same key, and does as the rule says."""

    port: ClassVar[str] = "Transaction, unique jobs"

    @pytest.fixture
    def let_pass(self, storage: Storage) -> LetPass:
        """Return a function that waits until the clock of the store has moved on; a manual one is moved instead."""

        def let_pass(time: timedelta) -> None:
            begun = now_of(storage)
            eventually(lambda: now_of(storage) > begun + time, "the clock of the store moves on")

        return let_pass

    class WhenNoJobHasTheKey:
        def test_adds_the_job(self, storage: Storage) -> None:
            new = a_unique_job()

            placed = place(storage, new)

            assert placed == Placed(new.ref, Outcome.ADDED, due=True)
            assert stored(storage, new.id).payload == new.payload

        def test_says_that_a_delayed_one_is_not_due(self, storage: Storage) -> None:
            placed = place(storage, a_unique_job(delay=AN_HOUR))

            assert placed.due is False

        def test_adds_nothing_without_a_commit(self, storage: Storage) -> None:
            new = a_unique_job()

            with undone(storage) as begun:
                begun.add_unique_job(new)

            assert storage.jobs.find(new.id) is None

        def test_keeps_nobody_out_without_a_commit(self, storage: Storage) -> None:
            lost, new = two_with_one_key(KEEP_UNTIL_ENDED)
            with undone(storage) as begun:
                begun.add_unique_job(lost)

            placed = place(storage, new)

            assert placed.outcome is Outcome.ADDED

        def test_takes_another_key_for_another_one(self, storage: Storage) -> None:
            place(storage, a_unique_job(unique=key_named("Video 1")))

            placed = place(storage, a_unique_job(unique=key_named("video 1")))

            assert placed.outcome is Outcome.ADDED

    class WhenAJobHasNoKey:
        def test_is_refused(self, storage: Storage) -> None:
            with undone(storage) as begun, pytest.raises(MisuseError, match="no unique key"):
                begun.add_unique_job(a_job())

    class WhenAJobWithTheKeyWaits:
        @pytest.mark.parametrize("rule", [KEEP_UNTIL_STARTED, KEEP_UNTIL_ENDED, throttle(every=AN_HOUR)])
        def test_keeps_it(self, storage: Storage, rule: UniqueJob) -> None:
            old, new = two_with_one_key(rule)
            place(storage, old)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.KEPT, due=True)
            assert storage.jobs.find(new.id) is None

        def test_says_that_the_kept_one_is_not_due(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED, delay=AN_HOUR)
            place(storage, old)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.KEPT, due=False)

        def test_refuses_another_and_leaves_the_transaction_usable(self, storage: Storage) -> None:
            old, new = two_with_one_key(REFUSE_UNTIL_ENDED)
            other = a_job()
            place(storage, old)

            with transaction(storage) as begun:
                placed = begun.add_unique_job(new)
                begun.add_jobs([other])

            assert placed == Placed(old.ref, Outcome.REFUSED, due=False)
            assert [job.id for job in storage.jobs.list()] == [old.id, other.id]

        def test_replaces_what_it_brings_and_keeps_its_identifier(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.REPLACED, due=True)
            [job] = storage.jobs.list()
            assert (job.id, job.payload, job.context) == (old.id, new.payload, new.context)

        def test_replaces_nothing_without_a_commit(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)

            with undone(storage) as begun:
                begun.add_unique_job(new)

            assert stored(storage, old.id).payload == old.payload

        def test_can_be_claimed_afterwards(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)
            place(storage, new)

            assert claimed(storage, old.id).job.payload == new.payload

        def test_finds_it_in_its_own_transaction(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)

            with transaction(storage) as begun:
                begun.add_unique_job(old)
                placed = begun.add_unique_job(new)

            assert placed.outcome is Outcome.REPLACED
            assert [(job.id, job.payload) for job in storage.jobs.list()] == [(old.id, new.payload)]

        def test_finds_it_while_it_waits_for_its_next_attempt(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_STARTED)
            place(storage, old)
            storage.jobs.retry(claimed(storage, old.id), error="not yet", wait=AN_HOUR)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.KEPT, due=False)

        def test_gives_a_replaced_one_all_its_attempts_back(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)
            storage.jobs.retry(claimed(storage, old.id), error="not yet", wait=AN_HOUR)

            place(storage, new)

            job = stored(storage, old.id)
            assert (job.attempts, job.error, job.state) == (0, None, JobState.PENDING)

    class WhenAJobWithTheKeyIsParked:
        def test_keeps_it(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_STARTED)
            place(storage, old)
            storage.jobs.park(claimed(storage, old.id), reason="unreadable")

            placed = place(storage, new)

            assert (placed.ref, placed.outcome) == (old.ref, Outcome.KEPT)

        def test_lets_one_that_replaces_it_run(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)
            storage.jobs.park(claimed(storage, old.id), reason="unreadable")

            placed = place(storage, new)

            assert (placed.ref, placed.outcome) == (old.ref, Outcome.REPLACED)
            assert claimed(storage, old.id).job.payload == new.payload

    class WhenAJobWithTheKeyRuns:
        def test_adds_another_if_the_key_holds_until_the_start(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_STARTED)
            place(storage, old)
            claimed(storage, old.id)

            placed = place(storage, new)

            assert placed.outcome is Outcome.ADDED
            assert claimed(storage, new.id).job.id == new.id

        def test_adds_another_beside_one_that_is_to_be_replaced(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)
            claimed(storage, old.id)

            placed = place(storage, new)

            assert placed.outcome is Outcome.ADDED
            assert stored(storage, old.id).payload == old.payload

        def test_keeps_it_if_the_key_holds_until_the_end(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            place(storage, old)
            claimed(storage, old.id)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.KEPT, due=False)

        def test_lets_it_come_back_after_another_has_taken_its_key(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_STARTED)
            place(storage, old)
            claim = claimed(storage, old.id)
            place(storage, new)

            retried = storage.jobs.retry(claim, error="not yet", wait=timedelta(0))

            assert retried is True
            assert storage.jobs.count()[JobState.PENDING] == 2

    class WhenAJobWithTheKeyIsCancelledOrDiscarded:
        def test_adds_another(self, storage: Storage) -> None:
            cancelled, discarded = two_with_one_key(KEEP_UNTIL_ENDED)
            place(storage, cancelled)
            storage.jobs.cancel(cancelled.id)
            after_cancelling = place(storage, discarded)
            storage.jobs.discard(discarded.id)

            after_discarding = place(storage, with_key_of(cancelled))

            assert [after_cancelling.outcome, after_discarding.outcome] == [Outcome.ADDED, Outcome.ADDED]

    class WhenAJobWithTheKeyHasEnded:
        @pytest.mark.parametrize("rule", [KEEP_UNTIL_STARTED, KEEP_UNTIL_ENDED, REFUSE_UNTIL_ENDED, REPLACE])
        def test_adds_another(self, storage: Storage, rule: UniqueJob) -> None:
            old, new = two_with_one_key(rule)
            place(storage, old)
            bury(storage, old)

            placed = place(storage, new)

            assert placed == Placed(new.ref, Outcome.ADDED, due=True)
            assert storage.jobs.count()[JobState.DEAD] == 1

        def test_finds_the_newer_one_from_then_on(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            place(storage, old)
            bury(storage, old)
            place(storage, new)

            placed = place(storage, with_key_of(new))

            assert placed.ref == new.ref

        def test_keeps_others_out_within_the_window(self, storage: Storage) -> None:
            old, new = two_with_one_key(throttle(every=AN_HOUR))
            place(storage, old)
            bury(storage, old)

            placed = place(storage, new)

            assert placed == Placed(old.ref, Outcome.KEPT, due=False)

    class WhenTheWindowIsOver:
        def test_adds_another_also_beside_one_that_waits(self, storage: Storage, let_pass: LetPass) -> None:
            old, new = two_with_one_key(throttle(every=timedelta(milliseconds=1)), delay=AN_HOUR)
            place(storage, old)
            let_pass(timedelta(milliseconds=1))

            placed = place(storage, new)

            assert placed == Placed(new.ref, Outcome.ADDED, due=False)
            assert {job.state for job in (stored(storage, old.id), stored(storage, new.id))} == {JobState.PENDING}

    class WhenAJobIsDebounced:
        def test_moves_its_due_time(self, storage: Storage) -> None:
            old = a_unique_job(debounce(wait=A_MINUTE), delay=A_MINUTE)
            place(storage, old)

            place(storage, with_key_of(old, delay=AN_HOUR))

            job = stored(storage, old.id)
            assert AN_HOUR <= job.due_at - job.enqueued_at < AN_HOUR + A_MOMENT

        def test_moves_it_no_further_than_the_longest_wait(self, storage: Storage) -> None:
            rule = debounce(wait=A_MINUTE, longest_wait=2 * A_MINUTE)
            old = a_unique_job(rule, delay=A_MINUTE)
            place(storage, old)

            place(storage, with_key_of(old, delay=AN_HOUR))

            job = stored(storage, old.id)
            assert abs(job.due_at - job.enqueued_at - 2 * A_MINUTE) < timedelta(seconds=1)

        def test_moves_an_instant_no_further_either(self, storage: Storage) -> None:
            rule = debounce(wait=A_MINUTE, longest_wait=2 * A_MINUTE)
            old = a_unique_job(rule, delay=A_MINUTE)
            place(storage, old)
            enqueued_at = stored(storage, old.id).enqueued_at

            place(storage, with_key_of(old, due_at=enqueued_at + AN_HOUR))

            assert stored(storage, old.id).due_at == enqueued_at + 2 * A_MINUTE

        def test_takes_an_earlier_instant(self, storage: Storage) -> None:
            rule = debounce(wait=A_MINUTE, longest_wait=2 * A_MINUTE)
            old = a_unique_job(rule, delay=A_MINUTE)
            place(storage, old)
            enqueued_at = stored(storage, old.id).enqueued_at

            place(storage, with_key_of(old, due_at=enqueued_at + A_MINUTE))

            assert stored(storage, old.id).due_at == enqueued_at + A_MINUTE

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenAnotherTransactionIsNotYetCommitted:
        @pytest.mark.parametrize("rule", [KEEP_UNTIL_STARTED, REPLACE])
        def test_lets_nobody_claim_the_job_that_it_has_met(self, storage: Storage, rule: UniqueJob) -> None:
            old, new = two_with_one_key(rule)
            place(storage, old)

            with transaction(storage) as begun:
                begun.add_unique_job(new)
                claim = storage.jobs.claim(old.id)

            assert claim is None
            assert storage.jobs.claim(old.id) is not None

        @pytest.mark.parametrize("rule", [KEEP_UNTIL_STARTED, REPLACE])
        def test_lets_the_next_best_job_of_its_queue_be_claimed(self, storage: Storage, rule: UniqueJob) -> None:
            old, new = two_with_one_key(rule)
            next_best = a_job(priority=old.priority - 1)
            place(storage, old)
            store_jobs(storage, next_best)

            with transaction(storage) as begun:
                begun.add_unique_job(new)
                intake = storage.jobs.claim_due(old.queue, limit=1)

            assert [claim.job.id for claim in intake.claims] == [next_best.id]

        def test_lets_the_heartbeat_of_a_running_job_pass(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            place(storage, old)
            claim = claimed(storage, old.id)

            with transaction(storage) as begun:
                begun.add_unique_job(new)
                kept = storage.jobs.heartbeat([claim], lease=A_MINUTE)

            assert kept == {claim.token: False}

        def test_lets_others_place_another_key(self, storage: Storage) -> None:
            with transaction(storage) as begun:
                begun.add_unique_job(a_unique_job())
                placed = place(storage, a_unique_job())

            assert placed.outcome is Outcome.ADDED

        def test_lets_the_job_be_claimed_after_a_rollback(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)

            with undone(storage) as begun:
                begun.add_unique_job(new)

            assert claimed(storage, old.id).job.payload == old.payload

        def test_leaves_a_running_job_to_its_worker(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            place(storage, old)
            claim = claimed(storage, old.id)

            with transaction(storage) as begun:
                begun.add_unique_job(new)
                released = storage.jobs.release(claim)

            assert released is True

        def test_has_the_second_wait_for_its_commit(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            with undone(storage) as begun:
                begun.add_unique_job(old)
                with in_background(storage, new) as (placed, ended):
                    waits = not ended.wait(SOONEST)
                    begun.commit()
                    assert happens(ended)

            assert waits
            assert placed == [Placed(old.ref, Outcome.KEPT, due=True)]

        def test_has_the_second_wait_for_its_rollback(self, storage: Storage) -> None:
            old, new = two_with_one_key(KEEP_UNTIL_ENDED)
            with undone(storage) as begun:
                begun.add_unique_job(old)
                with in_background(storage, new) as (placed, ended):
                    waits = not ended.wait(SOONEST)
                    begun.rollback()
                    assert happens(ended)

            assert waits
            assert placed == [Placed(new.ref, Outcome.ADDED, due=True)]

    class WhenManyEnqueueItAtTheSameTime:
        @pytest.mark.parametrize("rule", [KEEP_UNTIL_STARTED, KEEP_UNTIL_ENDED, REPLACE, throttle(every=AN_HOUR)])
        def test_adds_one(self, storage: Storage, rule: UniqueJob) -> None:
            first = a_unique_job(rule)
            jobs = [first, *(with_key_of(first) for _ in range(5))]

            placed = at_the_same_time(*(placing(storage, job) for job in jobs))

            assert [each.outcome for each in placed].count(Outcome.ADDED) == 1
            assert len({each.ref for each in placed}) == 1
            assert storage.jobs.count()[JobState.PENDING] == 1

        def test_adds_one_after_the_last_has_ended(self, storage: Storage) -> None:
            first = a_unique_job(KEEP_UNTIL_ENDED)
            place(storage, first)
            bury(storage, first)

            placed = at_the_same_time(*(placing(storage, with_key_of(first)) for _ in range(6)))

            assert [each.outcome for each in placed].count(Outcome.ADDED) == 1
            assert storage.jobs.count()[JobState.PENDING] == 1

    class WhenASavepointIsRolledBack:
        def test_forgets_the_job(self, storage: Storage) -> None:
            lost, new = two_with_one_key(KEEP_UNTIL_ENDED)

            with transaction(storage) as begun:
                savepoint = begun.savepoint()
                begun.add_unique_job(lost)
                savepoint.rollback()
                placed = begun.add_unique_job(new)

            assert placed.outcome is Outcome.ADDED
            assert [job.id for job in storage.jobs.list()] == [new.id]

        def test_forgets_what_it_has_replaced(self, storage: Storage) -> None:
            old, new = two_with_one_key(REPLACE)
            place(storage, old)

            with transaction(storage) as begun:
                savepoint = begun.savepoint()
                begun.add_unique_job(new)
                savepoint.rollback()

            assert stored(storage, old.id).payload == old.payload

    class WhenAJobWaitsForAnInstant:
        def test_is_due_then(self, storage: Storage) -> None:
            earlier = a_job()
            store_jobs(storage, earlier)
            instant = stored(storage, earlier.id).enqueued_at + AN_HOUR
            new = a_job(due_at=instant)

            store_jobs(storage, new)

            assert stored(storage, new.id).due_at == instant
            assert storage.jobs.claim(new.id) is None

        def test_is_woken_at_once_if_it_is_over(self, storage: Storage) -> None:
            earlier = a_job()
            store_jobs(storage, earlier)
            new = a_job(due_at=stored(storage, earlier.id).enqueued_at - AN_HOUR)

            store_jobs(storage, new)

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [new.ref]

        def test_may_be_unique_too(self, storage: Storage) -> None:
            earlier = a_job()
            store_jobs(storage, earlier)
            instant = stored(storage, earlier.id).enqueued_at + AN_HOUR
            new = a_unique_job(due_at=instant)

            placed = place(storage, new)

            assert placed == Placed(new.ref, Outcome.ADDED, due=False)
            assert stored(storage, new.id).due_at == instant

    class WhenAPayloadIsStoredBesideTheRow:
        def test_keeps_its_key_and_its_version(self, storage: Storage) -> None:
            new = a_job(payload="", payload_key="corelib-payloads/host/1", payload_version=3)

            store_jobs(storage, new)

            job = stored(storage, new.id)
            assert (job.payload, job.payload_key, job.payload_version) == ("", "corelib-payloads/host/1", 3)

        def test_replaces_it_with_one_in_the_row(self, storage: Storage) -> None:
            old = a_unique_job(REPLACE, payload="", payload_key="corelib-payloads/host/2")
            new = with_key_of(old, payload="{}", payload_key=None)
            place(storage, old)

            place(storage, new)

            job = stored(storage, old.id)
            assert (job.payload, job.payload_key) == ("{}", None)

        def test_leaves_it_for_one_that_somebody_has_edited(self, storage: Storage) -> None:
            new = a_job(payload="", payload_key="corelib-payloads/host/6")
            store_jobs(storage, new)
            bury(storage, new)

            storage.jobs.retry_dead(new.id, payload='{"edited":true}')

            job = stored(storage, new.id)
            assert (job.payload, job.payload_key) == ('{"edited":true}', None)

        def test_takes_the_trace_of_whoever_replaces_it(self, storage: Storage) -> None:
            first, second = a_unique_job(REPLACE, trace="00-1"), a_unique_job(REPLACE)
            place(storage, first)
            place(storage, second)

            place(storage, with_key_of(first, trace=None))
            place(storage, with_key_of(second, trace="00-2"))

            assert [stored(storage, old.id).trace for old in (first, second)] == [None, "00-2"]

        def test_tells_which_keys_jobs_have(self, storage: Storage) -> None:
            place(storage, a_unique_job(payload="", payload_key="corelib-payloads/host/3"))
            store_jobs(storage, a_job(payload="", payload_key="corelib-payloads/host/4"), a_job())

            found = storage.payload_keys([f"corelib-payloads/host/{number}" for number in (3, 4, 5)])

            assert found == {"corelib-payloads/host/3", "corelib-payloads/host/4"}

        def test_knows_none_if_none_is_asked_for(self, storage: Storage) -> None:
            assert storage.payload_keys([]) == set()


def a_unique_job(rule: UniqueJob = KEEP_UNTIL_ENDED, **fields: object) -> NewJob:
    """Return a new job with a key that no other has, and a payload of its own."""
    own: dict[str, object] = {"payload": f'{{"parcel":"{uuid4().hex}"}}', "unique": key_named(uuid4().hex, rule)}
    return a_job(**{**own, **fields})


def key_named(key: str, rule: UniqueJob = KEEP_UNTIL_ENDED) -> UniqueKey:
    """Return the key of a job `count_items`."""
    return unique_key("count_items", None, key, rule)


def with_key_of(job: NewJob, **fields: object) -> NewJob:
    """Return another job with the same key and rule."""
    own: dict[str, object] = {"payload": f'{{"parcel":"{uuid4().hex}"}}', "unique": job.unique}
    return a_job(**{**own, **fields})


def two_with_one_key(rule: UniqueJob, **fields: object) -> tuple[NewJob, NewJob]:
    """Return two new jobs with the same key and rule."""
    first = a_unique_job(rule, **fields)
    return first, with_key_of(first, **fields)


def place(storage: Storage, new: NewJob) -> Placed:
    """Place a job in a transaction of its own."""
    with transaction(storage) as begun:
        return begun.add_unique_job(new)


class placing:  # noqa: N801 - reads as what it does
    """Places a job when it is called."""

    def __init__(self, storage: Storage, new: NewJob) -> None:
        self._storage = storage
        self._new = new

    def __call__(self) -> Placed:
        """Place it."""
        return place(self._storage, self._new)


@contextmanager
def in_background(storage: Storage, new: NewJob) -> Iterator[tuple[list[Placed], threading.Event]]:
    """Place a job in another thread; give what is answered, and the event of its answer."""
    answers: list[Placed] = []
    ended = threading.Event()

    def run() -> None:
        try:
            answers.append(place(storage, new))
        finally:
            ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield answers, ended
    finally:
        thread.join()


def now_of(storage: Storage) -> datetime:
    """Return the instant by the clock of the store."""
    witness = a_job(delay=AN_HOUR)
    store_jobs(storage, witness)
    return stored(storage, witness.id).enqueued_at


def stored(storage: Storage, job_id: UUID) -> Job:
    """Return a job that is there."""
    job = storage.jobs.find(job_id)
    assert job is not None, "the job is not there"
    return job


def bury(storage: Storage, new: NewJob) -> None:
    """Bring a job to its end."""
    storage.jobs.bury(claimed(storage, new.id), error="given up")
