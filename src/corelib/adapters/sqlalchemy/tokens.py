"""What claims need of an engine, as SQL expressions; the dialect files say how their engines spell them."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class new_token(FunctionElement[UUID]):  # noqa: N801 - reads as a SQL function
    """A random UUID of its own for every row."""

    name = "new_token"
    inherit_cache: bool | None = True
    type: sa.Uuid[UUID] = sa.Uuid()


class unhurried_commit(FunctionElement[bool]):  # noqa: N801 - reads as a SQL function
    """A condition that is always true, and lets the commit not wait for the disk where the engine can be told so."""

    name = "unhurried_commit"
    inherit_cache: bool | None = True
    type: sa.Boolean = sa.Boolean()


class state_apart(FunctionElement[str]):  # noqa: N801 - reads as a SQL function
    """The state of a job, in a spelling that fits the index of the pending jobs, and on PostgreSQL no other index.

    Of a queue that is empty most of the time its statistics say that nothing is pending. It would then read all
    pending jobs by the index of the states, and sort them, to take the best few.
    """

    name = "state_apart"
    inherit_cache: bool | None = True
    type: sa.Unicode = sa.Unicode(16)


class event_mark(FunctionElement[int]):  # noqa: N801 - reads as a SQL function
    """What a job event is marked with: no transaction that begins to write later gets a lower one."""

    name = "event_mark"
    inherit_cache: bool | None = True
    type: sa.BigInteger = sa.BigInteger()


class event_horizon(FunctionElement[int]):  # noqa: N801 - reads as a SQL function
    """The mark below which there is no transaction that goes on, and none that is to come."""

    name = "event_horizon"
    inherit_cache: bool | None = True
    type: sa.BigInteger = sa.BigInteger()


@compiles(state_apart)
def _state_apart(element: state_apart, compiler: SQLCompiler, **options: object) -> str:
    return ", ".join(compiler.process(column, **options) for column in element.clauses)


@compiles(unhurried_commit)
def _unhurried_commit(_: unhurried_commit, __: SQLCompiler, **___: object) -> str:
    return "1 = 1"
