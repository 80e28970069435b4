from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.adapters.memory import ImmediateRetrier
from corelib.adapters.stamina import StaminaRetrier
from corelib.ports.retrier import Retrier
from corelib.testing.contracts.retrier import RetrierContract


class TestImmediate(RetrierContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def retrier(self) -> Retrier:
        return ImmediateRetrier()


class TestStamina(RetrierContract):
    adapter: ClassVar[str] = "stamina"

    @pytest.fixture
    def retrier(self) -> Retrier:
        return StaminaRetrier(first=timedelta(0), cap=timedelta(0), jitter=timedelta(0))
