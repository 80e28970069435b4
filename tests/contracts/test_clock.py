from __future__ import annotations

from typing import ClassVar

import pytest

from corelib.adapters.memory import ManualClock
from corelib.adapters.standard import SystemClock
from corelib.ports.clock import Clock
from corelib.testing.contracts.clock import ClockContract


class TestManualClock(ClockContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def clock(self) -> Clock:
        return ManualClock()


class TestSystemClock(ClockContract):
    adapter: ClassVar[str] = "standard"

    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()
