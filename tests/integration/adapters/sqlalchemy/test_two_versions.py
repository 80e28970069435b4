"""An old and a new version of a host on one database: each does what it can read, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from attrs import frozen
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by
from tests.support.until import until

from corelib import App, Settings, job
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import SqlSchema
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.domain.job import Job, JobState

schema = SqlSchema("versions", sa.MetaData(), [])
billed: list[object] = []


@frozen
class OldBill:
    customer: str


@frozen
class Bill:
    customer: str
    currency: str


@job(name="bill", queue="billing", attempts=3)
def old_bill(payload: OldBill) -> None:
    billed.append(payload)


def add_currency(raw: dict[str, object]) -> dict[str, object]:
    return {**raw, "currency": "CHF"}


@job(name="bill", queue="billing", attempts=3, version=2, upcast={1: add_currency})
def bill(payload: Bill) -> None:
    billed.append(payload)


@pytest.fixture
def database_url() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as url:
        yield url


def a_host(database_url: str, handler: object) -> Host:
    app = App("versions", jobs=[handler], schema=f"{__name__}:schema")  # type: ignore[list-item]
    return bootstrap(app, Settings(database_url=database_url), log=MemoryLogger())


@pytest.fixture
def old(database_url: str) -> Iterator[Host]:
    with a_host(database_url, old_bill) as host:
        host.storage.create()
        billed.clear()
        yield host


@pytest.fixture
def new(database_url: str, old: Host) -> Iterator[Host]:
    with a_host(database_url, bill) as host:
        yield host


def only(host: Host) -> Job:
    (found,) = host.jobs.list()
    return found


class TestTwoVersionsOfAHost:
    class WhenTheOldOneMeetsAPayloadOfTheNewOne:
        def test_parks_it_with_no_attempt_counted(self, old: Host, new: Host) -> None:
            new.enqueue(bill, Bill("Ada", "EUR"))

            old.run_due_jobs()

            assert (only(old).state, only(old).attempts, billed) == (JobState.PARKED, 0, [])
            assert "version 2" in (only(old).error or "")

        def test_is_run_by_a_worker_of_the_new_one(self, old: Host, new: Host) -> None:
            new.enqueue(bill, Bill("Ada", "EUR"))
            old.run_due_jobs()

            worker = new.worker()
            worker.start()
            until(lambda: only(new).state is JobState.SUCCEEDED, "the job has succeeded")
            worker.stop(timedelta(seconds=10))

            assert (only(new).state, only(new).attempts, billed) == (JobState.SUCCEEDED, 1, [Bill("Ada", "EUR")])

        def test_goes_on_with_what_it_can_read(self, old: Host, new: Host) -> None:
            new.enqueue(bill, Bill("Ada", "EUR"))
            old.enqueue(old_bill, OldBill("Bob"))

            old.run_due_jobs()

            assert billed == [OldBill("Bob")]

    class WhenTheNewOneMeetsAPayloadOfTheOldOne:
        def test_brings_it_up_to_date(self, old: Host, new: Host) -> None:
            old.enqueue(old_bill, OldBill("Ada"))

            new.run_due_jobs()

            assert (only(new).state, billed) == (JobState.SUCCEEDED, [Bill("Ada", "CHF")])
