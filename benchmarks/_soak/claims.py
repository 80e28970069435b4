"""How long the claim query takes beside very many jobs that have ended."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Engine

from _soak.app import QUEUE, Task, work
from corelib import Host
from corelib.adapters.sqlalchemy import tables

WAITING = 1_000
AT_ONCE = 4
ROUNDS = 40


@frozen
class Claims:
    """Milliseconds of the claim query.

    Args:
        rows: in the table, those that have ended included.
        server: execution time as the server measures it, planning included.
        client: of the whole call, as a worker makes it.
        blocks: of the cache that one execution has read.
        plan: as text.
    """

    rows: int
    server: Sequence[float]
    client: Sequence[float]
    blocks: int
    plan: str

    def told(self) -> str:
        """Return a line for people."""
        return (
            f"claiming {AT_ONCE} of {WAITING:,} waiting jobs beside {self.rows:,} rows: in the server p50 "
            f"{statistics.median(self.server):.2f} ms, most {max(self.server):.2f} ms, {self.blocks} blocks; from the "
            f"client p50 {statistics.median(self.client):.2f} ms, most {max(self.client):.2f} ms"
        )


def add_finished(engine: Engine, number: int) -> None:
    """Put so many rows beside the others that look like jobs that have succeeded."""
    job = tables.job
    names = [column.name for column in job.c if column.name not in ("id", "finished_at")]
    copied = ", ".join(f's."{name}"' for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO {job.name} (id, finished_at, {listed}) "
            f"SELECT gen_random_uuid(), s.finished_at - n * interval '1 second', {copied} "
            f"FROM (SELECT * FROM {job.name} WHERE state = 'succeeded' LIMIT 1) s, generate_series(1, {number}) n"
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM (ANALYZE) {job.name}")  # as the server does by itself after a while


def measure(host: Host, engine: Engine, worker_engine: Engine) -> Claims:
    """Measure claims of jobs that wait.

    Args:
        host: enqueues and claims.
        engine: for the plans.
        worker_engine: of the host, whose statement is listened for.
    """
    host.enqueue_many(work, [Task(-number) for number in range(1, WAITING + 1)])
    statement, values = _statement_of(host, worker_engine)
    plans = [_explained(engine, statement, values) for _ in range(ROUNDS)]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(tables.job)).scalar_one()
    last = plans[-1]["Plan"]
    return Claims(
        rows=rows,
        server=[plan["Execution Time"] + plan["Planning Time"] for plan in plans],
        client=[_seconds_of_a_claim(host) * 1000 for _ in range(ROUNDS)],
        blocks=last["Shared Hit Blocks"] + last["Shared Read Blocks"],
        plan="\n".join(_indented(last)),
    )


def _statement_of(host: Host, engine: Engine) -> tuple[str, Any]:
    """Claim once, and return what was sent to the server for it."""
    sent: list[tuple[str, Any]] = []

    def listen(_: object, __: object, statement: str, values: object, *___: object) -> None:
        sent.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        _give_back(host, host.jobs.claim_due(QUEUE, limit=AT_ONCE).claims)
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)
    return next((text, values) for text, values in sent if "UPDATE" in text and tables.job.name in text)


def _explained(engine: Engine, statement: str, values: Any) -> Mapping[str, Any]:
    with engine.connect() as connection:
        options = "ANALYZE, BUFFERS, FORMAT JSON"
        found = connection.exec_driver_sql(f"EXPLAIN ({options}) {statement}", values).scalar_one()
        connection.rollback()
    return dict(found[0])


def _seconds_of_a_claim(host: Host) -> float:
    begin = time.perf_counter()
    claims = host.jobs.claim_due(QUEUE, limit=AT_ONCE).claims
    seconds = time.perf_counter() - begin
    _give_back(host, claims)
    return seconds


def _give_back(host: Host, claims: Sequence[Any]) -> None:
    for claim in claims:
        host.jobs.release(claim)


def _indented(node: Mapping[str, Any], depth: int = 0) -> list[str]:
    where = " ".join(str(node[key]) for key in ("Index Name", "Relation Name") if key in node)
    lines = [f"{'  ' * depth}{node['Node Type']} {where}, {node['Actual Rows']} rows, {node['Actual Total Time']} ms"]
    for child in node.get("Plans", ()):
        lines += _indented(child, depth + 1)
    return lines
