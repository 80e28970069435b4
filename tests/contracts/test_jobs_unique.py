from __future__ import annotations

import pytest
from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.ports.storage import Storage
from corelib.testing.contracts.jobs_unique import LetPass, UniqueJobsContract


class TestMemory(OnMemory, UniqueJobsContract):
    """The fake."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def storage(self, clock: ManualClock) -> Storage:
        return MemoryStorage(clock)

    @pytest.fixture
    def let_pass(self, clock: ManualClock) -> LetPass:
        return clock.advance


class TestSqlite(OnSqlite, UniqueJobsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, UniqueJobsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, UniqueJobsContract):
    """The reference engine, if one is named."""
