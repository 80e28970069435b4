"""How jobs are called on the broker."""

from __future__ import annotations

ACTOR = "corelib_run_job"
"""The one actor: it is given the identifier of a job, and the row says the rest."""


LOSSY_ACTOR = "corelib_run_lossy_job"
"""The other actor: its message carries a whole job, which is in no store."""


def broker_queue(namespace: str, queue: str) -> str:
    """Return the broker's name for a queue of a host."""
    return f"{namespace}.{queue}"
