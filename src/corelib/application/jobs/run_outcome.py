"""How a call of `JobRunner.run` ended."""

from __future__ import annotations

from enum import Enum


class RunOutcome(Enum):
    """How a call of `JobRunner.run` ended."""

    SUCCEEDED = "succeeded"
    WAITS = "waits"
    RETRIED = "retried"
    DEAD = "dead"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    PARKED = "parked"
    LOST = "lost"
    SKIPPED = "skipped"
