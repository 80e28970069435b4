"""The statement that completes runs which had no effect in this store but a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.job import Claim, JobResult

MOST_RESULTS = 200
"""Of one statement: each takes parameters of its own, of which SQL Server has 2,100."""


@frozen
class Shape:
    """What the text of the statement depends on.

    Args:
        results: how many runs have one.
        keyed: whether some of them are objects.
    """

    results: int = 0
    keyed: bool = False


def shape_of(claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> Shape:
    """Return the shape of the statement for some runs."""
    returned = _returned(claims, results)
    return Shape(len(returned), any(result.key is not None for _, result in returned))


def complete_statement(dialect: SqlDialect, shape: Shape) -> ReturningUpdate[Any]:
    """Return the statement; its parameters are `values_of`."""
    held = sa.and_(dialect.listed(job.c.id, "job_ids"), dialect.listed(job.c.token, "held"), job_rows.IN_TIME)
    complete = sa.update(job).where(held).values(**job_rows.SUCCEEDED).returning(job.c.id, job.c.finished_at)
    if not shape.results:
        return complete
    columns = [("result", job.c.result)] + ([("result_key", job.c.result_key)] if shape.keyed else [])
    return complete.values(
        {
            column: sa.case(
                *(
                    (job.c.token == sa.bindparam(f"token_{place}"), sa.bindparam(f"{name}_{place}", type_=column.type))
                    for place in range(shape.results)
                )
            )
            for name, column in columns
        }
    )


def values_of(claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> dict[str, object]:
    """Return the parameters that complete some runs."""
    values: dict[str, object] = {
        "job_ids": [claim.job.id for claim in claims],
        "held": [claim.token for claim in claims],
    }
    keyed = shape_of(claims, results).keyed
    for place, (token, result) in enumerate(_returned(claims, results)):
        values |= {f"token_{place}": token, f"result_{place}": result.text}
        if keyed:
            values[f"result_key_{place}"] = result.key
    return values


def _returned(claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> list[tuple[UUID, JobResult]]:
    return [(claim.token, results[claim.token]) for claim in claims if claim.token in results]
