"""Identifiers that sort by the time of their making."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7), greater than any that this process made before.

    The 48 bits of milliseconds are followed by 12 bits of the fraction of a millisecond (section 6.2, method 3), so
    that identifiers made within one millisecond keep their order too; 62 bits are random.
    """
    stamp = _next_stamp()
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    tail = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail)


def _next_stamp() -> int:
    """Time in units of 1/4096 ms; moves on by one unit where the clock stands still or goes back."""
    global _last  # noqa: PLW0603 - the order within the process is the point
    now = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = max(now, _last + 1)
        return _last
