from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import frozen
from tests.unit.fakes import BrokenTransport, Workshop, workshop

from corelib import App, Schedule
from corelib.application.jobs.description import job
from corelib.application.jobs.drain import run_due
from corelib.application.jobs.enqueuing import Enqueuing
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.bootstrap import bootstrap
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.lossy_job import LossyJob
from corelib.errors import MisuseError, PayloadTooLarge, TransientFailure
from corelib.ports.unit_of_work import UnitOfWork


@frozen
class Label:
    text: str


@job(durable=False)
def printed(label: Label) -> None: ...


def sent(shop: Workshop) -> list[LossyJob]:
    return list(iter(shop.transport.take_lossy, None))


class TestEnqueuing:
    def test_sends_a_message_that_holds_the_job(self) -> None:
        shop = workshop(jobs=[printed])

        job_id = shop.enqueue(printed, Label("x"))

        (message,) = sent(shop)
        assert (message.id, message.name, message.queue, message.payload) == (
            job_id,
            "printed",
            "default",
            '{"text": "x"}',
        )

    def test_asks_the_store_for_nothing(self) -> None:
        shop = workshop(jobs=[printed])
        with shop.unit_of_work() as uow:
            uow.jobs.enqueue(printed, Label("x"))
            assert uow.transaction.is_untouched
            uow.commit()

        assert len(sent(shop)) == 1

    class WhenTheBrokerIsDown:
        def test_tells_the_log_that_the_job_is_lost(self) -> None:
            shop = workshop(jobs=[printed], transport=BrokenTransport())

            shop.enqueue(printed, Label("x"))

            assert shop.events_logged() == [("error", "jobs lost")]

    class WhenThePayloadIsTooLargeForAMessage:
        def test_is_refused(self) -> None:
            shop = workshop(jobs=[printed], payloads=Payloads(limit=20))

            with pytest.raises(PayloadTooLarge):
                shop.enqueue(printed, Label("x" * 20))

    class WhenARowIsToBeMade:
        def test_is_refused(self) -> None:
            shop = workshop(jobs=[printed])
            enqueuing: Enqueuing = shop.around.enqueuing

            with pytest.raises(MisuseError, match="is not durable, and a row was to be made of it"):
                enqueuing.jobs(printed, [Label("x")])

        def test_is_refused_by_schedules(self) -> None:
            nightly = Schedule("nightly", job=printed, payload=Label("x"), every=timedelta(days=1))

            with pytest.raises(MisuseError, match="has the job printed, which is not durable"):
                bootstrap(App("shop", jobs=[printed], schedules=[nightly]))


class TestRun:
    def test_is_done_with_the_due_jobs_of_a_test(self) -> None:
        ran: list[str] = []

        @job(durable=False)
        def note(label: Label) -> None:
            ran.append(label.text)

        pytest.importorskip("cattrs")
        with bootstrap(App("shop", jobs=[note])) as host:
            host.enqueue(note, Label("x"))

            assert host.run_due_jobs() == 1
            assert host.run_due_jobs() == 0

        assert ran == ["x"]

    def test_happens_beside_stored_jobs(self) -> None:
        @job()
        def stored(label: Label) -> None: ...

        shop = workshop(jobs=[stored, printed])
        shop.enqueue(stored, Label("x"))
        shop.enqueue(printed, Label("y"))

        assert run_due(shop.storage.jobs, shop.runner, shop.transport.take_lossy) == 2

    class WhenTheStoreRollsItBackForAReasonThatPasses:
        def test_runs_the_handler_again(self) -> None:
            ran: list[str] = []

            @job(durable=False)
            def note(label: Label, uow: UnitOfWork) -> None:
                ran.append(label.text)
                if len(ran) == 1:
                    raise TransientFailure("deadlock")

            shop = workshop(jobs=[note])
            shop.enqueue(note, Label("x"))

            outcomes = [shop.runner.lossy.run(message) for message in sent(shop)]

            assert (outcomes, ran) == ([RunOutcome.SUCCEEDED], ["x", "x"])

    class WhenItIsHandedBack:
        def test_is_told_to_stop_and_no_store_is_asked(self) -> None:
            told: list[bool] = []
            shop = workshop(jobs=[])

            @job(durable=False)
            def note(label: Label) -> None:
                told.append(shop.runner.hand_back() == 0)

            shop = workshop(jobs=[note])
            shop.enqueue(note, Label("x"))
            for message in sent(shop):
                shop.runner.lossy.run(message)

            assert told == [True]

    class WhenItsNameIsUnknown:
        def test_is_logged(self) -> None:
            shop = workshop(jobs=[])

            outcome = shop.runner.lossy.run(LossyJob(new_id(), "gone", "default", "{}", Context("c")))

            assert outcome is RunOutcome.PARKED
            assert shop.events_logged() == [("error", "job that cannot be read is lost")]
