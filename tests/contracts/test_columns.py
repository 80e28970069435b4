from __future__ import annotations

import pytest
from tests.contracts.storages import OnMemory

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.ports.storage import Storage
from corelib.testing.contracts.columns import ColumnsContract


class TestMemory(OnMemory, ColumnsContract):
    """The fake."""

    @pytest.fixture
    def storage(self, clock: ManualClock) -> Storage:
        return MemoryStorage(clock)
