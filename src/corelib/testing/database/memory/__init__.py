"""Fakes of the kit's ports: databases in memory, processes that can be killed between any two steps."""

from __future__ import annotations

from corelib.testing.database.memory.cloner import MemoryCleaner, MemoryCloner
from corelib.testing.database.memory.process import Killed, MemoryProcess
from corelib.testing.database.memory.registry import MemoryRegistry
from corelib.testing.database.memory.room import memory_room
from corelib.testing.database.memory.server import MemoryServer
from corelib.testing.database.memory.source import MemorySource
from corelib.testing.database.memory.world import MemoryDatabase, MemoryWorld

__all__ = [
    "Killed",
    "MemoryCleaner",
    "MemoryCloner",
    "MemoryDatabase",
    "MemoryProcess",
    "MemoryRegistry",
    "MemoryServer",
    "MemorySource",
    "MemoryWorld",
    "memory_room",
]
