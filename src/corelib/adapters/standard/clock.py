"""The clock of this machine."""

from __future__ import annotations

import threading
from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time; stands still while the machine's clock is set back."""

    def __init__(self) -> None:
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        with self._lock:
            self._latest = max(self._latest, datetime.now(UTC))
            return self._latest
