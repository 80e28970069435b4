"""The fakes, put together."""

from __future__ import annotations

from corelib.testing.database.memory.cloner import MemoryCleaner, MemoryCloner
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.memory.registry import MemoryRegistry
from corelib.testing.database.memory.server import MemoryServer
from corelib.testing.database.room import Room


def memory_room(process: MemoryProcess) -> Room:
    """Return the kit's adapters for one simulated process."""
    world = process.world
    return Room(
        MemoryServer(process), MemoryRegistry(process), MemoryCloner(process), lambda url: MemoryCleaner(world.at(url))
    )
