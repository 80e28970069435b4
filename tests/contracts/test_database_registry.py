from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.contracts.kit_servers import OnMemory, OnMssql, OnPostgresql, OnSqlite, WithRegistry

from corelib.testing.contracts.database_registry import DatabaseRegistryContract
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.memory.registry import MemoryRegistry
from corelib.testing.database.memory.server import MemoryServer
from corelib.testing.database.memory.world import MemoryWorld
from corelib.testing.database.ports.registry import Registry


class TestMemory(OnMemory, DatabaseRegistryContract):
    """A process that shares a world with others."""

    @pytest.fixture
    def registry(self, server: MemoryServer) -> Registry:
        return MemoryRegistry(server.process)

    @pytest.fixture
    def others(self, world: MemoryWorld) -> Registry:  # type: ignore[override]
        return MemoryRegistry(MemoryProcess(world))

    @pytest.fixture
    def tick(self, world: MemoryWorld) -> Callable[[], None]:
        return lambda: world.clock.advance(timedelta(seconds=1))


class TestSqlite(WithRegistry, OnSqlite, DatabaseRegistryContract):
    """A file beside the others."""


class TestPostgresql(WithRegistry, OnPostgresql, DatabaseRegistryContract):
    """A database beside the others."""


class TestMssql(WithRegistry, OnMssql, DatabaseRegistryContract):
    """A database beside the others."""
