"""The context of the work that is being done right now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from attrs import evolve

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id

_current: ContextVar[Context | None] = ContextVar("corelib_context", default=None)


def current_context() -> Context | None:
    """Return the context of the running command or job, or None outside of both."""
    return _current.get()


def current_principal() -> str | None:
    """Return who asks for what is being done now, or None for the system itself."""
    context = _current.get()
    return None if context is None else context.principal


def current_tenant() -> str | None:
    """Return on whose data the work is done now, or None outside of a tenant."""
    context = _current.get()
    return None if context is None else context.tenant


def following(context: Context, cause: UUID) -> Context:
    """Return the context of what a job does: the job's own, with the job as the cause."""
    return evolve(context, causation_id=str(cause))


def new_context() -> Context:
    """Return a context for work that nobody asked for before: a fresh correlation id and nothing else."""
    return Context(correlation_id=new_id().hex)


@contextmanager
def use_context(context: Context) -> Iterator[Context]:
    """Make `context` the current one within the block, in this thread or task only."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
