"""How PostgreSQL finds the jobs that a worker claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.support.databases import POSTGRESQL, database_with_tables, server_named_by
from tests.unit.adapters.sqlalchemy.sample import committed, new_job, shop_schema

from corelib.adapters.sqlalchemy import SqlStorage

WAITING, ENDED, AT_ONCE = 300, 3_000, 4


@pytest.fixture
def storage() -> Iterator[SqlStorage]:
    with database_with_tables(server_named_by(POSTGRESQL), shop_schema()) as opened:
        yield opened


class TestClaimDue:
    class WhenTheStatisticsAreOfATimeWhenNothingWaited:
        def test_looks_up_the_jobs_that_it_takes_and_reads_no_others(self, storage: SqlStorage) -> None:
            enqueue(storage, 1)
            with storage.engine.begin() as connection:
                columns = ", ".join(column for column in columns_of(connection) if column not in ("id", "state"))
                connection.exec_driver_sql(
                    f"INSERT INTO corelib_job (id, state, {columns}) SELECT gen_random_uuid(), 'succeeded', {columns} "
                    f"FROM corelib_job, generate_series(1, {ENDED})"
                )
                connection.exec_driver_sql("DELETE FROM corelib_job WHERE state = 'pending'")
                connection.exec_driver_sql("ANALYZE corelib_job")
            enqueue(storage, WAITING)

            plan = plan_of_a_claim(storage)

            assert most_rows_read(plan) <= AT_ONCE


def enqueue(storage: SqlStorage, number: int) -> None:
    with committed(storage) as transaction:
        transaction.add_jobs([new_job() for _ in range(number)])


def columns_of(connection: sa.Connection) -> list[str]:
    return [str(column["name"]) for column in sa.inspect(connection).get_columns("corelib_job")]


def plan_of_a_claim(storage: SqlStorage) -> Mapping[str, Any]:
    """Claim, and have what was sent for it explained, with the figures of another run."""
    sent: list[tuple[str, Any]] = []

    def listen(_: object, __: object, statement: str, values: object, *___: object) -> None:
        sent.append((statement, values))

    sa.event.listen(storage.engine, "before_cursor_execute", listen)
    claims = storage.jobs.claim_due(new_job().queue, limit=AT_ONCE).claims
    sa.event.remove(storage.engine, "before_cursor_execute", listen)
    assert len(claims) == AT_ONCE
    statement, values = next((text, values) for text, values in sent if "UPDATE corelib_job" in text)
    with storage.engine.connect() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
        connection.rollback()
    return dict(explained[0]["Plan"])


def most_rows_read(node: Mapping[str, Any]) -> float:
    """Return how many jobs the node of a plan has read that has read most."""
    own = node["Actual Rows"] if node.get("Relation Name") == "corelib_job" else 0
    return max([own, *(most_rows_read(child) for child in node.get("Plans", ()))])
