"""The contract of `corelib.ports.job_flows.JobFlows`: jobs that wait for one another."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from attrs import evolve

from corelib.domain.flow import NewFlow
from corelib.domain.flow_place import FlowPlace
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, JobRef, JobState, NewJob
from corelib.domain.unique_job import OnConflict, UniqueJob, Until, unique_key
from corelib.errors import JobCancelled, JobExists, LeaseLost
from corelib.ports.job_steering import JobFilter
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, transaction, undone
from corelib.testing.contracts.job_store import AN_HOUR, AT_ONCE, complete, found, stored_chain, stored_job
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

State = JobState
WAITING, PENDING, RUNNING = State.WAITING, State.PENDING, State.RUNNING
SUCCEEDED, DEAD, CANCELLED = State.SUCCEEDED, State.DEAD, State.CANCELLED


class JobFlowsContract(StoreContract):
    """Releases the steps of flows when what is before them has ended, and cancels them where that failed."""

    port: ClassVar[str] = "JobFlows"

    class WhenAFlowIsStored:
        def test_has_pending_jobs_where_nothing_comes_before_and_waiting_ones_elsewhere(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)

            assert states(storage, jobs) == [PENDING, WAITING, WAITING]

        def test_gives_each_job_its_place(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)

            assert [found(storage, new).place for new in jobs] == [new.place for new in jobs]

        def test_is_not_there_if_the_transaction_is_rolled_back(self, storage: Storage) -> None:
            flow_id = new_id()
            new = a_job(place=FlowPlace(flow_id, 0))

            with undone(storage) as begun:
                begun.add_flow(NewFlow(flow_id, [new]))

            assert storage.jobs.find(new.id) is None
            assert storage.jobs.find_flow(flow_id) is None

        def test_tells_how_far_it_is(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)

            flow = storage.jobs.find_flow(flow_of(jobs))

            assert flow is not None
            assert (flow.jobs, flow.unfinished, flow.failed, flow.finished_at) == (3, 3, 0, None)

        def test_keeps_its_waiting_jobs_from_workers_and_relays(self, storage: Storage) -> None:
            first, *others = stored_chain(storage, 3)
            storage.jobs.forget_announcements()

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [first.ref]
            assert [claim.job.id for claim in storage.jobs.claim_due("default", limit=10).claims] == [first.id]
            assert [storage.jobs.claim(new.id) for new in others] == [None, None]
            assert [storage.jobs.promote(new.id) for new in others] == [False, False]
            assert storage.jobs.drain("default") == 0

        def test_is_listed_with_others_the_newest_first(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 1), stored_chain(storage, 1)

            flows = storage.jobs.list_flows()

            assert [flow.id for flow in flows] == [flow_of(other), flow_of(one)]

        def test_is_listed_no_more_among_the_unfinished_when_it_has_ended(self, storage: Storage) -> None:
            ended, unended = stored_chain(storage, 1), stored_chain(storage, 2)
            complete(storage, claimed(storage, ended[0].id))

            assert [flow.id for flow in storage.jobs.list_flows(unfinished=True)] == [flow_of(unended)]

        def test_gives_its_jobs_to_a_filter(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)
            stored_chain(storage, 1)
            stored_job(storage)

            listed = storage.jobs.list(which=JobFilter(flow=flow_of(jobs)))

            assert [job.id for job in listed] == [new.id for new in jobs]

        def test_tells_nothing_of_a_flow_that_there_is_not(self, storage: Storage) -> None:
            assert storage.jobs.find_flow(new_id()) is None
            assert storage.jobs.cancel_flow(new_id()) == 0
            assert storage.jobs.children(new_id()) == []

    class WhenAStepOfAChainSucceeds:
        def test_releases_the_next_one(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)

            complete(storage, claimed(storage, jobs[0].id))

            assert states(storage, jobs) == [SUCCEEDED, PENDING, WAITING]

        def test_names_the_released_to_its_transaction(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)
            claim = claimed(storage, one.id)

            with transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)

            assert list(begun.released) == [other.ref]

        def test_releases_nothing_if_its_transaction_is_rolled_back(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            claim = claimed(storage, jobs[0].id)

            with undone(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)

            assert states(storage, jobs) == [RUNNING, WAITING]

        def test_releases_nothing_if_it_was_lost(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            claim = claimed(storage, jobs[0].id)
            storage.jobs.release(claim)

            with pytest.raises(LeaseLost):
                complete(storage, claim)

            assert states(storage, jobs) == [PENDING, WAITING]

        def test_releases_the_next_one_if_it_is_completed_together_with_others(self, storage: Storage) -> None:
            jobs, others = stored_chain(storage, 2), stored_chain(storage, 2)
            alone = stored_job(storage)
            lost = evolve(claimed(storage, stored_chain(storage, 1)[0].id), token=new_id())
            claims = [claimed(storage, new.id) for new in (jobs[0], alone, others[0])]

            answer = storage.jobs.complete([*claims, lost])

            assert answer == [True, True, True, False]
            assert states(storage, [*jobs, *others, alone]) == [SUCCEEDED, PENDING, SUCCEEDED, PENDING, SUCCEEDED]

        def test_has_the_relay_hand_out_the_next_one_where_nobody_announces_it(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)

            storage.jobs.complete([claimed(storage, one.id)])

            assert storage.jobs.wake(limit=10, again_after=AN_HOUR) == [other.ref]

        def test_lets_the_flow_end_with_the_last_one(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)

            for new in jobs:
                complete(storage, claimed(storage, new.id))

            flow = storage.jobs.find_flow(flow_of(jobs))
            assert flow is not None
            assert (flow.unfinished, flow.failed, flow.finished_at is None) == (0, 0, False)

        def test_begins_the_delay_of_the_next_one(self, storage: Storage) -> None:
            flow_id = new_id()
            one = a_job(place=FlowPlace(flow_id, 0, None, 0))
            other = a_job(place=FlowPlace(flow_id, 1, 0), delay=AN_HOUR)
            store_flow(storage, one, other)

            complete(storage, claimed(storage, one.id))

            job = found(storage, other)
            assert job.state is PENDING
            assert job.due_at - job.enqueued_at >= AN_HOUR
            assert storage.jobs.claim(other.id) is None

        def test_lets_the_next_one_wait_for_its_instant(self, storage: Storage) -> None:
            flow_id, instant = new_id(), found(storage, stored_job(storage)).enqueued_at + AN_HOUR
            one = a_job(place=FlowPlace(flow_id, 0, None, 0))
            other = a_job(place=FlowPlace(flow_id, 1, 0), due_at=instant)
            store_flow(storage, one, other)

            complete(storage, claimed(storage, one.id))

            assert (found(storage, other).state, found(storage, other).due_at) == (PENDING, instant)

    class WhenManyJobsLeadToAGate:
        def test_opens_it_when_the_last_one_has_succeeded(self, storage: Storage) -> None:
            members, after = stored_group(storage, 3)

            seen = []
            for new in members:
                complete(storage, claimed(storage, new.id))
                seen.append(found(storage, after).state)

            assert seen == [WAITING, WAITING, PENDING]

        def test_opens_it_for_all_who_wait(self, storage: Storage) -> None:
            flow_id = new_id()
            first = [a_job(place=FlowPlace(flow_id, number, None, 0)) for number in range(2)]
            then = [a_job(place=FlowPlace(flow_id, 2 + number, 0)) for number in range(3)]
            store_flow(storage, *first, *then)

            for new in first:
                complete(storage, claimed(storage, new.id))

            assert states(storage, then) == [PENDING] * 3

        def test_tells_the_children_of_the_one_that_waits_in_their_order(self, storage: Storage) -> None:
            members, after = stored_group(storage, 3)
            complete(storage, claimed(storage, members[1].id))

            children = storage.jobs.children(after.id)

            assert [(job.id, job.state) for job in children] == [
                (members[0].id, PENDING),
                (members[1].id, SUCCEEDED),
                (members[2].id, PENDING),
            ]
            assert [job.id for job in storage.jobs.followers(members[0].id)] == [after.id]
            assert storage.jobs.children(members[0].id) == []
            assert storage.jobs.followers(after.id) == []

        def test_opens_it_once_if_all_end_at_the_same_moment(self, storage: Storage) -> None:
            members, after = stored_group(storage, 8)
            claims = [claimed(storage, new.id) for new in members]

            released = at_the_same_time(*[ending(storage, claim) for claim in claims])

            assert sorted(released, key=len)[-1] == [after.ref]
            assert sum(map(len, released)) == 1
            assert found(storage, after).state is PENDING

        def test_opens_it_once_if_some_fail_while_others_succeed(self, storage: Storage) -> None:
            members, after = stored_group(storage, 6, always=True)
            claims = [claimed(storage, new.id) for new in members]

            at_the_same_time(
                *[ending(storage, claim) for claim in claims[:3]],
                *[burying(storage, claim) for claim in claims[3:]],
            )

            flow = storage.jobs.find_flow(flow_of(members))
            assert found(storage, after).state is PENDING
            assert flow is not None
            assert (flow.unfinished, flow.failed) == (1, 3)

    class WhenAJobBeforeAGateFails:
        @pytest.mark.parametrize("ends", ["buried", "cancelled", "cancelled while it runs", "discarded", "abandoned"])
        def test_cancels_those_who_wait_when_all_have_ended(self, storage: Storage, ends: str) -> None:
            (one, other), after = stored_group(storage, 2, timeout=AT_ONCE if ends == "abandoned" else AN_HOUR)

            fail(storage, one, ends)
            while_one_is_left = found(storage, after).state
            complete_even_late(storage, other)

            assert (while_one_is_left, found(storage, after).state) == (WAITING, CANCELLED)
            assert found(storage, after).finished_at is not None

        def test_names_the_one_that_failed(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)

            storage.jobs.bury(claimed(storage, one.id), error="ValueError: no")

            error = found(storage, other).error or ""
            assert str(one.id) in error
            assert "dead" in error
            assert "ValueError: no" in error

        def test_names_the_first_cause_to_all_that_follow(self, storage: Storage) -> None:
            first, *others = stored_chain(storage, 4)

            storage.jobs.bury(claimed(storage, first.id), error="ValueError: no")

            errors = {found(storage, new).error for new in others}
            assert states(storage, others) == [CANCELLED] * 3
            assert len(errors) == 1
            assert str(first.id) in (errors.pop() or "")

        def test_fits_an_error_of_any_length(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)

            storage.jobs.bury(claimed(storage, one.id), error="\u00e4\U0001f600" * 2000)

            assert found(storage, other).state is CANCELLED

        def test_lets_those_run_that_run_always(self, storage: Storage) -> None:
            flow_id = new_id()
            one = a_job(place=FlowPlace(flow_id, 0, None, 0))
            other = a_job(place=FlowPlace(flow_id, 1, 0, None))
            always = a_job(place=FlowPlace(flow_id, 2, 0, None, always=True))
            store_flow(storage, one, other, always)

            storage.jobs.bury(claimed(storage, one.id), error="failed")

            assert states(storage, [other, always]) == [CANCELLED, PENDING]

        def test_lets_run_always_what_comes_after_the_cancelled(self, storage: Storage) -> None:
            flow_id = new_id()
            places = [
                FlowPlace(flow_id, 0, None, 0),
                FlowPlace(flow_id, 1, 0, 1),
                FlowPlace(flow_id, 2, 1, always=True),
            ]
            jobs = [a_job(place=place) for place in places]
            store_flow(storage, *jobs)

            storage.jobs.bury(claimed(storage, jobs[0].id), error="failed")

            assert states(storage, jobs) == [DEAD, CANCELLED, PENDING]

        def test_counts_what_has_failed(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)

            storage.jobs.bury(claimed(storage, jobs[0].id), error="failed")

            flow = storage.jobs.find_flow(flow_of(jobs))
            assert flow is not None
            assert (flow.unfinished, flow.failed, flow.finished_at is None) == (0, 3, False)

        def test_leaves_those_alone_whom_another_attempt_is_left(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)

            storage.jobs.retry(claimed(storage, jobs[0].id), error="failed", wait=AT_ONCE)

            assert states(storage, jobs) == [PENDING, WAITING]

        def test_is_counted_if_the_queue_is_drained(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)

            storage.jobs.drain("default")

            assert states(storage, jobs) == [CANCELLED, CANCELLED]

        def test_is_counted_if_it_is_handed_back_while_it_is_to_be_cancelled(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            claim = claimed(storage, jobs[0].id)
            storage.jobs.cancel(jobs[0].id)

            storage.jobs.release(claim)

            assert states(storage, jobs) == [CANCELLED, CANCELLED]

    class WhenAFailedStepIsRetried:
        @pytest.mark.parametrize("many", [False, True])
        def test_lets_those_wait_again_that_were_cancelled_because_of_it(self, storage: Storage, many: bool) -> None:  # noqa: FBT001
            jobs = stored_chain(storage, 3)
            storage.jobs.bury(claimed(storage, jobs[0].id), error="failed")

            answer = storage.jobs.retry_many_dead() if many else storage.jobs.retry_dead(jobs[0].id)

            flow = storage.jobs.find_flow(flow_of(jobs))
            assert answer == 1
            assert states(storage, jobs) == [PENDING, WAITING, WAITING]
            assert flow is not None
            assert (flow.unfinished, flow.failed, flow.finished_at) == (3, 0, None)

        def test_goes_on_to_the_end_of_the_flow(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)
            storage.jobs.bury(claimed(storage, jobs[0].id), error="failed")
            storage.jobs.retry_dead(jobs[0].id)

            for new in jobs:
                complete(storage, claimed(storage, new.id))

            assert states(storage, jobs) == [SUCCEEDED] * 3

        def test_forgets_why_the_others_were_cancelled(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)
            storage.jobs.bury(claimed(storage, one.id), error="failed")

            storage.jobs.retry_dead(one.id)

            job = found(storage, other)
            assert (job.error, job.finished_at, job.attempts) == (None, None, 0)

        def test_leaves_them_cancelled_while_another_one_has_failed(self, storage: Storage) -> None:
            (one, other), after = stored_group(storage, 2)
            for new in (one, other):
                storage.jobs.bury(claimed(storage, new.id), error="failed")

            storage.jobs.retry_dead(one.id)
            with_one_failed = found(storage, after).state
            storage.jobs.retry_dead(other.id)

            assert (with_one_failed, found(storage, after).state) == (CANCELLED, WAITING)

        def test_cancels_them_again_if_it_fails_again(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)
            storage.jobs.bury(claimed(storage, one.id), error="failed")
            storage.jobs.retry_dead(one.id)

            storage.jobs.bury(claimed(storage, one.id), error="again")

            assert found(storage, other).state is CANCELLED
            assert "again" in (found(storage, other).error or "")

        def test_does_not_repeat_what_has_run_always(self, storage: Storage) -> None:
            (one,), after = stored_group(storage, 1, always=True)
            storage.jobs.bury(claimed(storage, one.id), error="failed")
            complete(storage, claimed(storage, after.id))

            storage.jobs.retry_dead(one.id)
            complete(storage, claimed(storage, one.id))

            assert states(storage, [one, after]) == [SUCCEEDED, SUCCEEDED]
            assert found(storage, after).attempts == 1

        def test_runs_a_cancelled_step_alone_if_that_is_retried(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)
            storage.jobs.bury(claimed(storage, jobs[0].id), error="failed")

            storage.jobs.retry_dead(jobs[1].id)

            assert states(storage, jobs) == [DEAD, PENDING, WAITING]

        def test_waits_for_those_before_it_if_they_have_not_ended(self, storage: Storage) -> None:
            members, after = stored_group(storage, 2)
            claims = [claimed(storage, new.id) for new in members]
            storage.jobs.cancel(after.id)

            storage.jobs.retry_dead(after.id)
            waits = found(storage, after).state
            for claim in claims:
                complete(storage, claim)

            assert (waits, found(storage, after).state) == (WAITING, PENDING)

    class WhenAStepThatWaitsIsCancelled:
        def test_ends_what_comes_after_it(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 3)

            state = storage.jobs.cancel(jobs[1].id)

            assert state is CANCELLED
            assert states(storage, jobs)[1:] == [CANCELLED, CANCELLED]

        def test_cancels_what_only_it_waits_for(self, storage: Storage) -> None:
            members, after = stored_group(storage, 3)
            claim = claimed(storage, members[0].id)
            complete(storage, claimed(storage, members[1].id))

            storage.jobs.cancel(after.id)

            running = found(storage, members[0])
            assert states(storage, members) == [RUNNING, SUCCEEDED, CANCELLED]
            assert running.cancel_requested_at is not None
            assert storage.jobs.heartbeat([claim], lease=AN_HOUR) == {claim.token: True}

        def test_leaves_what_others_wait_for_as_well(self, storage: Storage) -> None:
            flow_id = new_id()
            first = a_job(place=FlowPlace(flow_id, 0, None, 0))
            then = [a_job(place=FlowPlace(flow_id, 1 + number, 0)) for number in range(2)]
            store_flow(storage, first, *then)

            storage.jobs.cancel(then[0].id)

            assert states(storage, [first, *then]) == [PENDING, CANCELLED, WAITING]

        def test_is_not_released_any_more(self, storage: Storage) -> None:
            members, after = stored_group(storage, 1)
            claim = claimed(storage, members[0].id)
            storage.jobs.cancel(after.id)

            complete(storage, claim)

            assert found(storage, after).state is CANCELLED

    class WhenAFlowIsCancelled:
        def test_ends_what_has_not_begun_and_asks_the_others_to_stop(self, storage: Storage) -> None:
            members, after = stored_group(storage, 3, always=True)
            claimed(storage, members[0].id)
            complete(storage, claimed(storage, members[1].id))

            count = storage.jobs.cancel_flow(flow_of(members))

            assert count == 3
            assert states(storage, [*members, after]) == [RUNNING, SUCCEEDED, CANCELLED, CANCELLED]
            assert found(storage, members[0]).cancel_requested_at is not None

        def test_does_nothing_more_the_second_time(self, storage: Storage) -> None:
            members, _ = stored_group(storage, 3)
            claimed(storage, members[0].id)
            storage.jobs.cancel_flow(flow_of(members))

            assert storage.jobs.cancel_flow(flow_of(members)) == 0

        def test_ends_the_flow_if_nothing_runs(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 4)

            storage.jobs.cancel_flow(flow_of(jobs))

            flow = storage.jobs.find_flow(flow_of(jobs))
            assert flow is not None
            assert (flow.unfinished, flow.failed) == (0, 4)

    class WhenJobsOfFlowsArePurged:
        def test_stay_until_the_flow_has_ended(self, storage: Storage) -> None:
            members, after = stored_group(storage, 2)
            complete(storage, claimed(storage, members[0].id))

            count = storage.jobs.purge(SUCCEEDED, older_than=AT_ONCE)

            assert count == 0
            assert storage.jobs.children(after.id)[0].state is SUCCEEDED

        def test_go_with_the_flow_when_it_has(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            for new in jobs:
                complete(storage, claimed(storage, new.id))

            counts = [storage.jobs.purge(SUCCEEDED, older_than=AT_ONCE, limit=1) for _ in range(3)]

            assert counts == [1, 1, 0]
            assert storage.jobs.find_flow(flow_of(jobs)) is None

        def test_leave_the_flow_while_one_is_left(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            complete(storage, claimed(storage, jobs[0].id))
            storage.jobs.bury(claimed(storage, jobs[1].id), error="failed")

            storage.jobs.purge(SUCCEEDED, older_than=AT_ONCE)

            flow = storage.jobs.find_flow(flow_of(jobs))
            assert flow is not None
            assert (flow.jobs, flow.failed) == (2, 1)

    class WhenAStepIsUnique:
        def test_refuses_the_whole_flow_if_there_is_another_job_with_its_key(self, storage: Storage) -> None:
            key = unique_key("count_items", None, "K-1", UniqueJob(on_conflict=OnConflict.REFUSE))
            place_unique(storage, a_job(unique=key))
            flow_id = new_id()
            one, other = a_job(place=FlowPlace(flow_id, 0, None, 0)), a_job(place=FlowPlace(flow_id, 1, 0), unique=key)

            with pytest.raises(JobExists):
                store_flow(storage, one, other)

            assert storage.jobs.find(one.id) is None
            assert storage.jobs.find_flow(flow_id) is None

        def test_keeps_others_out_while_it_waits(self, storage: Storage) -> None:
            key = unique_key("count_items", None, "K-1", UniqueJob(on_conflict=OnConflict.REFUSE))
            flow_id = new_id()
            one, other = a_job(place=FlowPlace(flow_id, 0, None, 0)), a_job(place=FlowPlace(flow_id, 1, 0), unique=key)
            store_flow(storage, one, other)

            assert place_unique(storage, a_job(unique=key)) == other.ref
            assert states(storage, [one, other]) == [PENDING, WAITING]

        def test_is_not_replaced_while_it_waits(self, storage: Storage) -> None:
            rule = UniqueJob(on_conflict=OnConflict.REPLACE, until=Until.STARTED)
            key = unique_key("count_items", None, "K-1", rule)
            flow_id = new_id()
            one, other = a_job(place=FlowPlace(flow_id, 0, None, 0)), a_job(place=FlowPlace(flow_id, 1, 0), unique=key)
            store_flow(storage, one, other)

            place_unique(storage, a_job(unique=key, payload="{}"))

            assert found(storage, other).payload == other.payload
            assert found(storage, other).state is WAITING

    class WhenARunningJobWaitsForJobsThatItAdds:
        def test_waits_until_they_have_ended(self, storage: Storage) -> None:
            new = stored_job(storage)

            children = suspended(storage, claimed(storage, new.id), 2)
            while_they_run = found(storage, new)
            for child in children:
                complete(storage, claimed(storage, child))

            assert (while_they_run.state, while_they_run.lease_until) == (WAITING, None)
            assert found(storage, new).state is PENDING
            assert [job.id for job in storage.jobs.children(new.id)] == children

        def test_counts_the_stage_but_no_attempt(self, storage: Storage) -> None:
            new = stored_job(storage)

            suspended(storage, claimed(storage, new.id), 1)

            job = found(storage, new)
            assert job.place is not None
            assert (job.attempts, job.place.stage) == (0, 1)

        def test_becomes_the_last_one_of_a_new_flow(self, storage: Storage) -> None:
            new = stored_job(storage)

            suspended(storage, claimed(storage, new.id), 2)

            place = found(storage, new).place
            assert place is not None
            flow = storage.jobs.find_flow(place.flow_id)
            assert flow is not None
            assert (flow.jobs, flow.unfinished, place.position) == (3, 3, 2)

        def test_keeps_what_comes_after_it_waiting(self, storage: Storage) -> None:
            one, other = stored_chain(storage, 2)
            (child,) = suspended(storage, claimed(storage, one.id), 1)
            complete(storage, claimed(storage, child))
            before = found(storage, other).state

            complete(storage, claimed(storage, one.id))

            flow = storage.jobs.find_flow(flow_of([one]))
            assert (before, found(storage, other).state) == (WAITING, PENDING)
            assert flow is not None
            assert (flow.jobs, flow.unfinished) == (3, 1)

        def test_can_wait_again(self, storage: Storage) -> None:
            new = stored_job(storage)
            (first,) = suspended(storage, claimed(storage, new.id), 1)
            complete(storage, claimed(storage, first))

            children = suspended(storage, claimed(storage, new.id), 2)

            place = found(storage, new).place
            assert place is not None
            assert place.stage == 2
            assert [job.id for job in storage.jobs.children(new.id)] == children

        def test_is_cancelled_if_one_of_them_fails(self, storage: Storage) -> None:
            new = stored_job(storage)
            (child,) = suspended(storage, claimed(storage, new.id), 1)

            storage.jobs.bury(claimed(storage, child), error="failed")

            assert found(storage, new).state is CANCELLED
            assert str(child) in (found(storage, new).error or "")

        def test_runs_always_if_it_was_told_to(self, storage: Storage) -> None:
            new = stored_job(storage)
            (child,) = suspended(storage, claimed(storage, new.id), 1, always=True)

            storage.jobs.bury(claimed(storage, child), error="failed")

            assert found(storage, new).state is PENDING

        def test_takes_them_along_if_it_is_cancelled(self, storage: Storage) -> None:
            new = stored_job(storage)
            children = suspended(storage, claimed(storage, new.id), 3)

            storage.jobs.cancel(new.id)

            found_states = [job.state for job in storage.jobs.children(new.id)]
            assert found_states == [CANCELLED] * len(children)

        def test_does_not_wait_if_it_has_lost_the_job(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            storage.jobs.release(claim)

            with pytest.raises(LeaseLost):
                suspended(storage, claim, 1)

            assert found(storage, new).state is PENDING
            assert storage.jobs.list_flows() == []

        def test_does_not_wait_if_somebody_has_cancelled_it(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            storage.jobs.cancel(new.id)

            with pytest.raises(JobCancelled):
                suspended(storage, claim, 1)

            assert found(storage, new).state is RUNNING

        def test_does_not_wait_if_the_transaction_is_rolled_back(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)

            with undone(storage) as begun:
                begun.suspend_job(new.id, claim.token, added(1))

            assert found(storage, new).state is RUNNING
            assert storage.jobs.list_flows() == []

        def test_goes_on_waiting_if_a_job_before_it_ends_a_second_time(self, storage: Storage) -> None:
            [first], then = stored_group(storage, 1, always=True)
            fail(storage, first, "buried")
            storage.jobs.retry_dead(first.id)
            suspended(storage, claimed(storage, then.id), 1)

            complete(storage, claimed(storage, first.id))

            assert states(storage, [first, then]) == [SUCCEEDED, WAITING]

        @pytest.mark.parametrize("count", [4])
        def test_waits_for_its_own_if_others_of_its_flow_do_so_at_the_same_moment(
            self, storage: Storage, count: int
        ) -> None:
            members, after = stored_group(storage, count)
            claims = [claimed(storage, new.id) for new in members]

            children = at_the_same_time(*[lambda claim=claim: suspended(storage, claim, 2) for claim in claims])

            assert [[job.id for job in storage.jobs.children(new.id)] for new in members] == children
            flow = storage.jobs.find_flow(flow_of(members))
            assert flow is not None
            assert (flow.jobs, flow.unfinished) == (3 * count + 1, 3 * count + 1)
            assert [job.id for job in storage.jobs.children(after.id)] == [new.id for new in members]

    class WhenNothingIsLeftToCount:
        def test_settles_nothing(self, storage: Storage) -> None:
            jobs = stored_chain(storage, 2)
            complete(storage, claimed(storage, jobs[0].id))

            assert storage.jobs.settle_flows() == 0


def store_flow(storage: Storage, *jobs: NewJob) -> None:
    """Store jobs that have places as a flow."""
    with transaction(storage) as begun:
        begun.add_flow(NewFlow(flow_of(jobs), jobs))


def stored_group(
    storage: Storage, count: int, *, always: bool = False, timeout: timedelta = AN_HOUR
) -> tuple[list[NewJob], NewJob]:
    """Store a flow of so many jobs and one that waits for all of them."""
    flow_id = new_id()
    members = [
        a_job(place=FlowPlace(flow_id, number, None, 0), timeout=timeout, max_attempts=1) for number in range(count)
    ]
    after = a_job(place=FlowPlace(flow_id, count, 0, None, always))
    store_flow(storage, *members, after)
    return members, after


def added(count: int) -> NewFlow:
    """Return jobs for another one to wait for."""
    flow_id = new_id()
    return NewFlow(flow_id, [a_job(place=FlowPlace(flow_id, number, None, 0)) for number in range(count)])


def suspended(storage: Storage, claim: Claim, count: int, *, always: bool = False) -> list[UUID]:
    """Let a running job wait for so many others, and return their identifiers."""
    new = added(count)
    with transaction(storage) as begun:
        begun.suspend_job(claim.job.id, claim.token, new, always=always)
    return [job.id for job in new.jobs]


def flow_of(jobs: Sequence[NewJob]) -> UUID:
    """Return the identifier of the flow that jobs are in."""
    place = jobs[0].place
    assert place is not None, "the job is in no flow"
    return place.flow_id


def states(storage: Storage, jobs: Sequence[NewJob]) -> list[JobState]:
    """Return the states of jobs."""
    return [found(storage, new).state for new in jobs]


def ending(storage: Storage, claim: Claim) -> Callable[[], list[JobRef]]:
    """Return what completes a run and returns the jobs that this releases."""

    def end() -> list[JobRef]:
        with transaction(storage) as begun:
            begun.complete_job(claim.job.id, claim.token)
        return list(begun.released)

    return end


def burying(storage: Storage, claim: Claim) -> Callable[[], list[JobRef]]:
    """Return what lets a run fail for good."""

    def end() -> list[JobRef]:
        storage.jobs.bury(claim, error="failed")
        return []

    return end


def fail(storage: Storage, new: NewJob, ends: str) -> None:
    """End a pending job otherwise than by success."""
    jobs = storage.jobs
    if ends == "buried":
        jobs.bury(claimed(storage, new.id), error="failed")
    elif ends == "cancelled":
        jobs.cancel(new.id)
    elif ends == "cancelled while it runs":
        jobs.end_cancelled(claimed(storage, new.id), error="stopped")
    elif ends == "discarded":
        jobs.discard(new.id)
    else:  # its worker is lost in the last attempt
        claimed(storage, new.id)
        assert jobs.claim(new.id) is None


def complete_even_late(storage: Storage, new: NewJob) -> None:
    """Complete a job, or bury it if its time is up with its claim."""
    claim = claimed(storage, new.id)
    if not storage.jobs.complete([claim])[0]:
        storage.jobs.bury(claim, error="late")


def place_unique(storage: Storage, new: NewJob) -> JobRef:
    """Enqueue a unique job, and return the one that stands for it."""
    with transaction(storage) as begun:
        return begun.add_unique_job(new).ref
